//! German, with "Sie".

use grantor_protocol::CivilTime;

use super::counted::{Amount, month};
use super::table::{ScopeText, Sentence, Texts};

pub(super) const TEXTS: Texts = Texts {
    reference: "Referenz",
    comma: ", ",
    opens_new_tab: "(öffnet einen neuen Tab)",
    cancel: "Abbrechen",
    error_prefix: "Fehler:",

    login_title: "Anmelden",
    login_lead: Sentence("um mit {} fortzufahren"),
    login_again_title: "Bestätigen Sie, dass Sie es sind",
    login_again_lead: Sentence("{} bittet Sie, sich noch einmal anzumelden, bevor Sie fortfahren."),
    login_signed_in_as: "Sie sind angemeldet als",
    login_username: "Benutzername",
    login_password: "Passwort",
    login_remember: "Auf diesem Gerät angemeldet bleiben",
    login_recovery: "Passwort vergessen?",
    login_submit: "Anmelden",
    login_wrong: "Benutzername und Passwort passen nicht zusammen. Prüfen Sie beides und versuchen Sie \
        es noch einmal.",
    login_too_many: |seconds| {
        let wait = counted(Amount::wait(seconds));
        format!("Zu viele Versuche. Warten Sie {wait} und versuchen Sie es noch einmal.")
    },
    client_policy: "Datenschutzerklärung",
    client_terms: "Nutzungsbedingungen",
    client_links: Sentence("Über {}"),

    select_title: "Konto auswählen",
    select_lead: Sentence("um mit {} fortzufahren"),
    select_another: "Anderes Konto verwenden",

    consent_title: Sentence("{} den Zugriff auf Ihr Konto erlauben?"),
    consent_account: "Mit Ihrem Konto",
    consent_lead: "Diese App darf dann:",
    consent_nothing: "Nur erfahren, dass Sie sich angemeldet haben.",
    claim_name: "Ihren vollständigen Namen sehen",
    claim_given_name: "Ihren Vornamen sehen",
    claim_family_name: "Ihren Nachnamen sehen",
    claim_middle_name: "Ihren zweiten Vornamen sehen",
    claim_nickname: "Ihren Spitznamen sehen",
    claim_preferred_username: "Ihren Benutzernamen sehen",
    claim_profile: "Die Adresse Ihrer Profilseite sehen",
    claim_picture: "Ihr Bild sehen",
    claim_website: "Die Adresse Ihrer Website sehen",
    claim_gender: "Ihr Geschlecht sehen",
    claim_birthdate: "Ihr Geburtsdatum sehen",
    claim_zoneinfo: "Ihre Zeitzone sehen",
    claim_locale: "Ihre Sprache sehen",
    claim_updated_at: "Sehen, wann Ihr Konto zuletzt geändert wurde",
    claim_email: "Ihre E-Mail-Adresse sehen",
    claim_email_verified: "Sehen, ob Ihre E-Mail-Adresse bestätigt ist",
    claim_address: "Ihre Postanschrift sehen",
    claim_phone_number: "Ihre Telefonnummer sehen",
    claim_phone_number_verified: "Sehen, ob Ihre Telefonnummer bestätigt ist",
    consent_names: "Wo Sie nur einen Namen sehen, hat ihn die App gewählt. Erlauben Sie das nur, wenn \
        Sie damit gerechnet haben.",
    consent_audience: "Dieser Zugriff gilt bei",
    consent_returns_to: Sentence("Sie kehren danach zu {} zurück."),
    consent_this_device: "einer App auf diesem Gerät",
    consent_unverified: "Diese App hat sich selbst registriert. Niemand hat ihren Namen oder ihr Logo \
        geprüft. Fahren Sie nur fort, wenn Sie sie gerade benutzt haben.",
    consent_remembered: "Wenn Sie zustimmen, werden Sie nach demselben Zugriff nicht noch einmal \
        gefragt.",
    consent_accept: "Erlauben",
    consent_deny: "Ablehnen",
    scope_openid: ScopeText { title: "Sie wiedererkennen", detail: "An einer Kennung Ihres Kontos" },
    scope_profile: ScopeText { title: "Ihr Profil sehen", detail: "Zum Beispiel Name, Bild und Sprache" },
    scope_email: ScopeText { title: "Ihre E-Mail-Adresse sehen", detail: "Und ob sie bestätigt ist" },
    scope_address: ScopeText { title: "Ihre Postanschrift sehen", detail: "So wie sie in Ihrem Konto steht" },
    scope_phone: ScopeText { title: "Ihre Telefonnummer sehen", detail: "Und ob sie bestätigt ist" },
    scope_offline: ScopeText {
        title: "Verbunden bleiben",
        detail: "Behält diesen Zugriff, auch wenn Sie nicht da sind",
    },

    account_title: "Ihr Konto",
    account_login_lead: "um Ihr Konto zu verwalten",
    account_again_lead: "Geben Sie Ihr Passwort ein, bevor Sie etwas ändern.",
    account_switch: "Andere Konten in diesem Browser",
    account_sessions: "Wo Sie angemeldet sind",
    account_this_browser: "Dieser Browser",
    account_device: |browser, system| match system {
        "iPhone" | "iPad" | "Mac" => format!("{browser} auf {system}"),
        _ => format!("{browser} unter {system}"),
    },
    account_unknown_device: "Unbekanntes Gerät",
    account_signed_in: Sentence("Angemeldet am {}"),
    account_last_seen: Sentence("zuletzt aktiv: {}"),
    account_end_session: "Abmelden",
    account_end_others: "Überall sonst abmelden",
    account_more_sessions: "Ältere anzeigen",
    account_apps: "Verbundene Apps",
    account_apps_lead: "Diese Apps können Ihr Konto nutzen. Eine App, die Sie trennen, muss Sie vorher erneut \
        fragen.",
    account_no_apps: "Keine App kann Ihr Konto nutzen.",
    account_since: Sentence("Verbunden seit dem {}"),
    account_last_used: Sentence("zuletzt genutzt: {}"),
    account_away: "Behält diesen Zugriff, auch wenn Sie nicht da sind",
    account_disconnect: "Trennen",
    account_more_apps: "Weitere Apps anzeigen",
    account_password: "Passwort",
    account_password_lead: "Wenn Sie es ändern, werden Sie überall sonst abgemeldet. Apps, die Sie dort \
        verbunden haben, müssen erneut fragen.",
    account_current_password: "Aktuelles Passwort",
    account_new_password: "Neues Passwort",
    account_new_password_hint: "Mindestens 8 Zeichen",
    account_change_password: "Passwort ändern",
    account_session_ended: "Sie sind dort abgemeldet.",
    account_session_gone: "Sie waren dort bereits abgemeldet.",
    account_others_ended: "Sie sind überall sonst abgemeldet.",
    account_disconnected: "Die App ist getrennt und kann Ihr Konto nicht mehr nutzen.",
    account_password_changed: "Ihr Passwort ist geändert, und Sie sind überall sonst abgemeldet.",
    account_confirmed: "Vielen Dank. Sie können jetzt Änderungen vornehmen.",
    account_wrong_password: "Das ist nicht Ihr aktuelles Passwort. Es wurde nichts geändert.",
    account_short_password: "Das neue Passwort ist zu kurz. Wählen Sie eines mit mindestens 8 Zeichen.",
    account_long_password: "Das neue Passwort ist zu lang. Wählen Sie ein kürzeres.",
    date,
    ago,

    logout_title: "Abmelden?",
    logout_account: "Sie sind angemeldet als",
    logout_lead: "Wenn Sie Ihr Konto hier das nächste Mal nutzen, müssen Sie sich wieder anmelden.",
    logout_asked: Sentence("{} bittet darum, Sie abzumelden."),
    logout_confirm: "Abmelden",
    logout_cancel: "Angemeldet bleiben",

    logged_out_title: "Sie sind abgemeldet",
    logged_out_lead: "Sie können dieses Fenster schließen.",
    front_channel_lead: "Wir geben den Apps Bescheid, die Sie genutzt haben. Das dauert einen \
        Augenblick.",
    front_channel_continue: "Weiter",
    logged_out_stayed_title: "Sie sind weiterhin angemeldet",
    logged_out_stayed_lead: "Es wurde nichts geändert. Sie können dieses Fenster schließen.",
    continue_to: Sentence("Weiter zu {}"),

    error_title: "Es geht hier nicht weiter",
    error_code: "Fehlercode",
    error_help: "Wenn Sie Hilfe brauchen, geben Sie den Fehlercode und die Referenz weiter.",
    error_app_unknown: "Wir kennen die App nicht, die Sie hierher geschickt hat. Gehen Sie zu ihr zurück \
        und versuchen Sie es noch einmal, oder wenden Sie sich an ihren Betreiber.",
    error_bad_return: "Die App, die Sie hierher geschickt hat, wollte Sie an eine Adresse weiterleiten \
        lassen, die sie nicht registriert hat. Zu Ihrer Sicherheit haben wir abgebrochen.",
    error_bad_request: "Die App, die Sie hierher geschickt hat, hat eine Anfrage gestellt, die wir nicht \
        verstehen. Gehen Sie zu ihr zurück und versuchen Sie es noch einmal.",
    error_expired: "Diese Seite war zu lange geöffnet oder ist schon erledigt. Gehen Sie zur App zurück \
        und beginnen Sie von vorn.",
    error_other_browser: "Diese Seite wurde in einem anderen Browser oder Fenster begonnen. Gehen Sie \
        zur App zurück und beginnen Sie hier von vorn.",
    error_not_yours: "Wir konnten nicht erkennen, dass dies von Ihnen kam. Gehen Sie zur App zurück und \
        beginnen Sie von vorn.",
    error_cookies: "Ihr Browser nimmt unsere Cookies nicht an, und ohne sie können wir Sie nicht \
        anmelden. Erlauben Sie Cookies für diese Website und versuchen Sie es noch einmal.",
    error_busy: "Das ist gerade nicht möglich. Warten Sie einen Augenblick und versuchen Sie es noch \
        einmal; es ist nichts verloren gegangen.",
    error_not_found: "Unter dieser Adresse gibt es keine Seite.",
    error_server: "Bei uns ist etwas schiefgegangen. Versuchen Sie es noch einmal; wenn es wieder \
        geschieht, nennen Sie uns die Referenz.",

    form_post_title: "Sie werden zurückgeleitet",
    form_post_lead: Sentence("Sie kehren zu {} zurück."),
    form_post_submit: "Weiter",
};

const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

fn date(at: CivilTime) -> String {
    format!("{}. {} {}", at.day, month(&MONTHS, at), at.year)
}

/// As it stands after "vor".
fn counted(amount: Amount) -> String {
    let (number, one, more) = match amount {
        Amount::Seconds(number) => (number, "Sekunde", "Sekunden"),
        Amount::Minutes(number) => (number, "Minute", "Minuten"),
        Amount::Hours(number) => (number, "Stunde", "Stunden"),
        Amount::Days(number) => (number, "Tag", "Tagen"),
    };
    format!("{number} {}", if number == 1 { one } else { more })
}

fn ago(seconds: i64) -> String {
    Amount::passed(seconds)
        .map_or_else(|| "gerade eben".to_owned(), |amount| format!("vor {}", counted(amount)))
}
