//! French, with "vous". What agrees with the gender of the reader is avoided. A narrow no-break space (U+202F) stands
//! before `?`, `!` and `;`, a no-break space (U+00A0) before `:`.

use grantor_protocol::CivilTime;

use super::counted::{Amount, month};
use super::table::{ScopeText, Sentence, Texts};

pub(super) const TEXTS: Texts = Texts {
    reference: "Référence",
    comma: ", ",
    opens_new_tab: "(s’ouvre dans un nouvel onglet)",
    cancel: "Annuler",
    error_prefix: "Erreur\u{A0}:",

    login_title: "Connexion",
    login_lead: Sentence("pour accéder à {}"),
    login_again_title: "Confirmez votre identité",
    login_again_lead: Sentence("{} vous demande de vous reconnecter avant de continuer."),
    login_signed_in_as: "Compte connecté\u{A0}:",
    login_username: "Nom d’utilisateur",
    login_password: "Mot de passe",
    login_remember: "Maintenir la connexion sur cet appareil",
    login_recovery: "Mot de passe oublié\u{202F}?",
    login_submit: "Se connecter",
    login_wrong: "Le nom d’utilisateur et le mot de passe ne correspondent pas. Vérifiez-les, puis \
        réessayez.",
    login_too_many: |seconds| {
        let wait = counted(Amount::wait(seconds));
        format!("Trop de tentatives. Patientez {wait}, puis réessayez.")
    },
    client_policy: "Politique de confidentialité",
    client_terms: "Conditions d’utilisation",
    client_links: Sentence("À propos de {}"),

    select_title: "Choisissez un compte",
    select_lead: Sentence("pour accéder à {}"),
    select_another: "Utiliser un autre compte",

    consent_title: Sentence("Autoriser {} à accéder à votre compte\u{202F}?"),
    consent_account: "Avec votre compte",
    consent_lead: "Cette application pourra\u{A0}:",
    consent_nothing: "Seulement savoir que vous venez d’ouvrir une session.",
    claim_name: "Voir votre nom complet",
    claim_given_name: "Voir votre prénom",
    claim_family_name: "Voir votre nom de famille",
    claim_middle_name: "Voir votre deuxième prénom",
    claim_nickname: "Voir votre surnom",
    claim_preferred_username: "Voir votre nom d’utilisateur",
    claim_profile: "Voir l’adresse de votre page de profil",
    claim_picture: "Voir votre photo",
    claim_website: "Voir l’adresse de votre site web",
    claim_gender: "Voir votre genre",
    claim_birthdate: "Voir votre date de naissance",
    claim_zoneinfo: "Voir votre fuseau horaire",
    claim_locale: "Voir votre langue",
    claim_updated_at: "Voir la date de la dernière modification de votre compte",
    claim_email: "Voir votre adresse e-mail",
    claim_email_verified: "Voir si votre adresse e-mail est confirmée",
    claim_address: "Voir votre adresse postale",
    claim_phone_number: "Voir votre numéro de téléphone",
    claim_phone_number_verified: "Voir si votre numéro de téléphone est confirmé",
    consent_names: "Là où vous ne voyez qu’un nom, c’est l’application qui l’a choisi. N’autorisez cet \
        accès que si vous vous y attendiez.",
    consent_audience: "Cet accès est valable auprès de",
    consent_returns_to: Sentence("Vous retournerez ensuite vers {}."),
    consent_this_device: "une application sur cet appareil",
    consent_unverified: "Cette application s’est enregistrée elle-même, et personne n’a vérifié son nom \
        ni son logo. Ne continuez que si vous étiez en train de l’utiliser.",
    consent_remembered: "Si vous autorisez cet accès, il ne vous sera plus demandé.",
    consent_accept: "Autoriser",
    consent_deny: "Refuser",
    scope_openid: ScopeText { title: "Vous reconnaître", detail: "Par un identifiant de votre compte" },
    scope_profile: ScopeText {
        title: "Voir votre profil",
        detail: "Par exemple votre nom, votre photo et votre langue",
    },
    scope_email: ScopeText { title: "Voir votre adresse e-mail", detail: "Et si elle est confirmée" },
    scope_address: ScopeText {
        title: "Voir votre adresse postale",
        detail: "Telle qu’elle figure dans votre compte",
    },
    scope_phone: ScopeText { title: "Voir votre numéro de téléphone", detail: "Et s’il est confirmé" },
    scope_offline: ScopeText {
        title: "Rester en lien avec votre compte",
        detail: "Conserve cet accès en votre absence",
    },

    account_title: "Votre compte",
    account_login_lead: "pour gérer votre compte",
    account_again_lead: "Saisissez votre mot de passe avant toute modification.",
    account_switch: "Autres comptes dans ce navigateur",
    account_sessions: "Vos connexions",
    account_this_browser: "Ce navigateur",
    account_device: |browser, system| match system {
        "iPhone" | "iPad" | "Mac" => format!("{browser} sur {system}"),
        _ => format!("{browser} sous {system}"),
    },
    account_unknown_device: "Appareil inconnu",
    account_signed_in: Sentence("Connexion le {}"),
    account_last_seen: Sentence("dernière activité {}"),
    account_end_session: "Déconnecter",
    account_end_others: "Déconnecter partout ailleurs",
    account_more_sessions: "Afficher les plus anciennes",
    account_apps: "Applications associées",
    account_apps_lead: "Ces applications peuvent utiliser votre compte. Une application que vous \
        dissociez devra d’abord vous redemander l’accès.",
    account_no_apps: "Aucune application ne peut utiliser votre compte.",
    account_since: Sentence("Associée le {}"),
    account_last_used: Sentence("dernière utilisation {}"),
    account_away: "Conserve cet accès en votre absence",
    account_disconnect: "Dissocier",
    account_more_apps: "Afficher d’autres applications",
    account_password: "Mot de passe",
    account_password_lead: "Si vous le modifiez, votre compte sera déconnecté partout ailleurs. Les \
        applications que vous y avez associées devront redemander l’accès.",
    account_current_password: "Mot de passe actuel",
    account_new_password: "Nouveau mot de passe",
    account_new_password_hint: "Au moins 8 caractères",
    account_change_password: "Modifier le mot de passe",
    account_session_ended: "Cette connexion est terminée.",
    account_session_gone: "Cette connexion était déjà terminée.",
    account_others_ended: "Votre compte est déconnecté partout ailleurs.",
    account_disconnected: "L’application est dissociée et ne peut plus utiliser votre compte.",
    account_password_changed: "Votre mot de passe est modifié, et votre compte est déconnecté partout \
        ailleurs.",
    account_confirmed: "Merci. Vous pouvez maintenant faire des modifications.",
    account_wrong_password: "Ce n’est pas votre mot de passe actuel. Rien n’a été modifié.",
    account_short_password: "Le nouveau mot de passe est trop court. Choisissez-en un d’au moins 8 \
        caractères.",
    account_long_password: "Le nouveau mot de passe est trop long. Choisissez-en un plus court.",
    date,
    ago,

    logout_title: "Se déconnecter\u{202F}?",
    logout_account: "Compte connecté\u{A0}:",
    logout_lead: "Vous devrez vous reconnecter la prochaine fois que vous utiliserez votre compte ici.",
    logout_asked: Sentence("{} demande à vous déconnecter."),
    logout_confirm: "Se déconnecter",
    logout_cancel: "Garder la connexion",

    logged_out_title: "La déconnexion est faite",
    logged_out_lead: "Vous pouvez fermer cette fenêtre.",
    front_channel_lead: "Nous prévenons les applications que vous avez utilisées. Cela prend un instant.",
    front_channel_continue: "Continuer",
    logged_out_stayed_title: "Votre compte reste connecté",
    logged_out_stayed_lead: "Rien n’a été modifié. Vous pouvez fermer cette fenêtre.",
    continue_to: Sentence("Continuer vers {}"),

    error_title: "Nous ne pouvons pas continuer",
    error_code: "Code d’erreur",
    error_help: "Si vous avez besoin d’aide, transmettez le code d’erreur et la référence.",
    error_app_unknown: "Nous ne connaissons pas l’application d’où vous venez. Retournez-y et réessayez, \
        ou adressez-vous à ses responsables.",
    error_bad_return: "L’application d’où vous venez nous a demandé de vous diriger vers une adresse \
        qu’elle n’a pas enregistrée. Pour votre sécurité, nous nous sommes arrêtés là.",
    error_bad_request: "L’application d’où vous venez a fait une demande que nous ne comprenons pas. \
        Retournez-y et réessayez.",
    error_expired: "Cette page est restée ouverte trop longtemps ou a déjà servi. Retournez à \
        l’application et recommencez.",
    error_other_browser: "Cette page a été ouverte dans un autre navigateur ou une autre fenêtre. \
        Retournez à l’application et recommencez ici.",
    error_not_yours: "Nous n’avons pas pu établir que cette demande venait de vous. Retournez à \
        l’application et recommencez.",
    error_cookies: "Votre navigateur n’accepte pas nos cookies, sans lesquels la connexion est \
        impossible. Autorisez les cookies pour ce site, puis réessayez.",
    error_busy: "C’est impossible pour le moment. Patientez un instant, puis réessayez\u{202F}; rien n’a \
        été perdu.",
    error_not_found: "Il n’y a pas de page à cette adresse.",
    error_server: "Un problème est survenu de notre côté. Réessayez\u{202F}; si cela se reproduit, \
        indiquez-nous la référence.",

    form_post_title: "Retour à l’application",
    form_post_lead: Sentence("Vous retournez vers {}."),
    form_post_submit: "Continuer",
};

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

fn date(at: CivilTime) -> String {
    let ordinal = if at.day == 1 { "er" } else { "" };
    format!("{}{ordinal} {} {}", at.day, month(&MONTHS, at), at.year)
}

fn counted(amount: Amount) -> String {
    let (number, unit) = match amount {
        Amount::Seconds(number) => (number, "seconde"),
        Amount::Minutes(number) => (number, "minute"),
        Amount::Hours(number) => (number, "heure"),
        Amount::Days(number) => (number, "jour"),
    };
    format!("{number}\u{A0}{unit}{}", if number < 2 { "" } else { "s" })
}

fn ago(seconds: i64) -> String {
    Amount::passed(seconds)
        .map_or_else(|| "à l’instant".to_owned(), |amount| format!("il y a {}", counted(amount)))
}
