//! German, with "Sie".

use grantor_protocol::CivilTime;

use super::grammar::{Amount, Inflection, month};
use super::table::{Texts, text};

pub(super) const TEXTS: Texts = Texts {
    reference: text("Referenz"),
    comma: text(", "),
    opens_new_tab: text("(öffnet einen neuen Tab)"),
    cancel: text("Abbrechen"),
    error_prefix: text("Fehler:"),
    footer_terms: text("Nutzungsbedingungen"),
    footer_privacy: text("Datenschutzerklärung"),
    footer_imprint: text("Impressum"),
    footer_support: text("Hilfe"),

    login_title: text("Anmelden"),
    login_lead: text("um mit {client} fortzufahren"),
    login_again_title: text("Bestätigen Sie, dass Sie es sind"),
    login_again_lead: text("{client} bittet Sie, sich noch einmal anzumelden, bevor Sie fortfahren."),
    login_signed_in_as: text("Sie sind angemeldet als"),
    login_username: text("Benutzername"),
    login_password: text("Passwort"),
    login_remember: text("Auf diesem Gerät angemeldet bleiben"),
    login_recovery: text("Passwort vergessen?"),
    login_submit: text("Anmelden"),
    login_wrong: text(
        "Benutzername und Passwort passen nicht zusammen. Prüfen Sie beides und versuchen Sie \
        es noch einmal.",
    ),
    login_too_many: text("Zu viele Versuche. Warten Sie {wait} und versuchen Sie es noch einmal."),
    client_policy: text("Datenschutzerklärung"),
    client_terms: text("Nutzungsbedingungen"),
    client_links: text("Über {client}"),

    select_title: text("Konto auswählen"),
    select_lead: text("um mit {client} fortzufahren"),
    select_another: text("Anderes Konto verwenden"),

    consent_title: text("{client} den Zugriff auf Ihr Konto erlauben?"),
    consent_account: text("Mit Ihrem Konto"),
    consent_lead: text("Diese App darf dann:"),
    consent_nothing: text("Nur erfahren, dass Sie sich angemeldet haben."),
    claim_name: text("Ihren vollständigen Namen sehen"),
    claim_given_name: text("Ihren Vornamen sehen"),
    claim_family_name: text("Ihren Nachnamen sehen"),
    claim_middle_name: text("Ihren zweiten Vornamen sehen"),
    claim_nickname: text("Ihren Spitznamen sehen"),
    claim_preferred_username: text("Ihren Benutzernamen sehen"),
    claim_profile: text("Die Adresse Ihrer Profilseite sehen"),
    claim_picture: text("Ihr Bild sehen"),
    claim_website: text("Die Adresse Ihrer Website sehen"),
    claim_gender: text("Ihr Geschlecht sehen"),
    claim_birthdate: text("Ihr Geburtsdatum sehen"),
    claim_zoneinfo: text("Ihre Zeitzone sehen"),
    claim_locale: text("Ihre Sprache sehen"),
    claim_updated_at: text("Sehen, wann Ihr Konto zuletzt geändert wurde"),
    claim_email: text("Ihre E-Mail-Adresse sehen"),
    claim_email_verified: text("Sehen, ob Ihre E-Mail-Adresse bestätigt ist"),
    claim_address: text("Ihre Postanschrift sehen"),
    claim_phone_number: text("Ihre Telefonnummer sehen"),
    claim_phone_number_verified: text("Sehen, ob Ihre Telefonnummer bestätigt ist"),
    consent_names: text(
        "Wo Sie nur einen Namen sehen, hat ihn die App gewählt. Erlauben Sie das nur, wenn \
        Sie damit gerechnet haben.",
    ),
    consent_audience: text("Dieser Zugriff gilt bei"),
    consent_returns_to: text("Sie kehren danach zu {place} zurück."),
    consent_this_device: text("einer App auf diesem Gerät"),
    consent_unverified: text(
        "Diese App hat sich selbst registriert. Niemand hat ihren Namen oder ihr Logo \
        geprüft. Fahren Sie nur fort, wenn Sie sie gerade benutzt haben.",
    ),
    consent_remembered: text(
        "Wenn Sie zustimmen, werden Sie nach demselben Zugriff nicht noch einmal \
        gefragt.",
    ),
    consent_accept: text("Erlauben"),
    consent_deny: text("Ablehnen"),
    scope_openid: text("Sie wiedererkennen"),
    scope_openid_detail: text("An einer Kennung Ihres Kontos"),
    scope_profile: text("Ihr Profil sehen"),
    scope_profile_detail: text("Zum Beispiel Name, Benutzername, Bild und Sprache"),
    scope_email: text("Ihre E-Mail-Adresse sehen"),
    scope_email_detail: text("Und ob sie bestätigt ist"),
    scope_address: text("Ihre Postanschrift sehen"),
    scope_address_detail: text("So wie sie in Ihrem Konto steht"),
    scope_phone: text("Ihre Telefonnummer sehen"),
    scope_phone_detail: text("Und ob sie bestätigt ist"),
    scope_offline: text("Verbunden bleiben"),
    scope_offline_detail: text("Behält diesen Zugriff, auch wenn Sie nicht da sind"),

    account_title: text("Ihr Konto"),
    account_login_lead: text("um Ihr Konto zu verwalten"),
    account_again_lead: text("Geben Sie Ihr Passwort ein, bevor Sie etwas ändern."),
    account_switch: text("Andere Konten in diesem Browser"),
    account_sessions: text("Wo Sie angemeldet sind"),
    account_this_browser: text("Dieser Browser"),
    account_unknown_device: text("Unbekanntes Gerät"),
    account_signed_in: text("Angemeldet am {date}"),
    account_last_seen: text("zuletzt aktiv: {time}"),
    account_end_session: text("Abmelden"),
    account_end_others: text("Überall sonst abmelden"),
    account_more_sessions: text("Ältere anzeigen"),
    account_apps: text("Verbundene Apps"),
    account_apps_lead: text(
        "Diese Apps können Ihr Konto nutzen. Eine App, die Sie trennen, muss Sie vorher erneut \
        fragen.",
    ),
    account_no_apps: text("Keine App kann Ihr Konto nutzen."),
    account_since: text("Verbunden seit dem {date}"),
    account_last_used: text("zuletzt genutzt: {time}"),
    account_away: text("Behält diesen Zugriff, auch wenn Sie nicht da sind"),
    account_disconnect: text("Trennen"),
    account_more_apps: text("Weitere Apps anzeigen"),
    account_password: text("Passwort"),
    account_password_lead: text(
        "Wenn Sie es ändern, werden Sie überall sonst abgemeldet. Apps, die Sie dort \
        verbunden haben, müssen erneut fragen.",
    ),
    account_current_password: text("Aktuelles Passwort"),
    account_new_password: text("Neues Passwort"),
    account_new_password_hint: text("Mindestens 8 Zeichen"),
    account_change_password: text("Passwort ändern"),
    account_session_ended: text("Sie sind dort abgemeldet."),
    account_session_gone: text("Sie waren dort bereits abgemeldet."),
    account_others_ended: text("Sie sind überall sonst abgemeldet."),
    account_disconnected: text("Die App ist getrennt und kann Ihr Konto nicht mehr nutzen."),
    account_password_changed: text("Ihr Passwort ist geändert, und Sie sind überall sonst abgemeldet."),
    account_confirmed: text("Vielen Dank. Sie können jetzt Änderungen vornehmen."),
    account_wrong_password: text("Das ist nicht Ihr aktuelles Passwort. Es wurde nichts geändert."),
    account_short_password: text("Das neue Passwort ist zu kurz. Wählen Sie eines mit mindestens 8 Zeichen."),
    account_long_password: text("Das neue Passwort ist zu lang. Wählen Sie ein kürzeres."),

    logout_title: text("Abmelden?"),
    logout_account: text("Sie sind angemeldet als"),
    logout_lead: text("Wenn Sie Ihr Konto hier das nächste Mal nutzen, müssen Sie sich wieder anmelden."),
    logout_asked: text("{client} bittet darum, Sie abzumelden."),
    logout_confirm: text("Abmelden"),
    logout_cancel: text("Angemeldet bleiben"),

    logged_out_title: text("Sie sind abgemeldet"),
    logged_out_lead: text("Sie können dieses Fenster schließen."),
    front_channel_lead: text(
        "Wir geben den Apps Bescheid, die Sie genutzt haben. Das dauert einen \
        Augenblick.",
    ),
    front_channel_continue: text("Weiter"),
    logged_out_stayed_title: text("Sie sind weiterhin angemeldet"),
    logged_out_stayed_lead: text("Es wurde nichts geändert. Sie können dieses Fenster schließen."),
    continue_to: text("Weiter zu {client}"),

    error_title: text("Es geht hier nicht weiter"),
    error_code: text("Fehlercode"),
    error_help: text("Wenn Sie Hilfe brauchen, geben Sie den Fehlercode und die Referenz weiter."),
    error_app_unknown: text(
        "Wir kennen die App nicht, die Sie hierher geschickt hat. Gehen Sie zu ihr zurück \
        und versuchen Sie es noch einmal, oder wenden Sie sich an ihren Betreiber.",
    ),
    error_bad_return: text(
        "Die App, die Sie hierher geschickt hat, wollte Sie an eine Adresse weiterleiten \
        lassen, die sie nicht registriert hat. Zu Ihrer Sicherheit haben wir abgebrochen.",
    ),
    error_bad_request: text(
        "Die App, die Sie hierher geschickt hat, hat eine Anfrage gestellt, die wir nicht \
        verstehen. Gehen Sie zu ihr zurück und versuchen Sie es noch einmal.",
    ),
    error_expired: text(
        "Diese Seite war zu lange geöffnet oder ist schon erledigt. Gehen Sie zur App zurück \
        und beginnen Sie von vorn.",
    ),
    error_other_browser: text(
        "Diese Seite wurde in einem anderen Browser oder Fenster begonnen. Gehen Sie \
        zur App zurück und beginnen Sie hier von vorn.",
    ),
    error_not_yours: text(
        "Wir konnten nicht erkennen, dass dies von Ihnen kam. Gehen Sie zur App zurück und \
        beginnen Sie von vorn.",
    ),
    error_cookies: text(
        "Ihr Browser nimmt unsere Cookies nicht an, und ohne sie können wir Sie nicht \
        anmelden. Erlauben Sie Cookies für diese Website und versuchen Sie es noch einmal.",
    ),
    error_busy: text(
        "Das ist gerade nicht möglich. Warten Sie einen Augenblick und versuchen Sie es noch \
        einmal; es ist nichts verloren gegangen.",
    ),
    error_not_found: text("Unter dieser Adresse gibt es keine Seite."),
    error_server: text(
        "Bei uns ist etwas schiefgegangen. Versuchen Sie es noch einmal; wenn es wieder \
        geschieht, nennen Sie uns die Referenz.",
    ),

    form_post_title: text("Sie werden zurückgeleitet"),
    form_post_lead: text("Sie kehren zu {client} zurück."),
    form_post_submit: text("Weiter"),
};

pub(super) static INFLECTION: Inflection = Inflection { counted, date, ago, device };

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

fn device(browser: &str, system: &str) -> String {
    match system {
        "iPhone" | "iPad" | "Mac" => format!("{browser} auf {system}"),
        _ => format!("{browser} unter {system}"),
    }
}
