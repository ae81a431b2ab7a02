//! French, with "vous". What agrees with the gender of the reader is avoided. A narrow no-break space (U+202F) stands
//! before `?`, `!` and `;`, a no-break space (U+00A0) before `:`.

use grantor_protocol::CivilTime;

use super::grammar::{Amount, Inflection, month};
use super::table::{Texts, text};

pub(super) const TEXTS: Texts = Texts {
    reference: text("Référence"),
    comma: text(", "),
    opens_new_tab: text("(s’ouvre dans un nouvel onglet)"),
    cancel: text("Annuler"),
    error_prefix: text("Erreur\u{A0}:"),
    footer_terms: text("Conditions d’utilisation"),
    footer_privacy: text("Politique de confidentialité"),
    footer_imprint: text("Mentions légales"),
    footer_support: text("Aide"),

    login_title: text("Connexion"),
    login_lead: text("pour accéder à {client}"),
    login_again_title: text("Confirmez votre identité"),
    login_again_lead: text("{client} vous demande de vous reconnecter avant de continuer."),
    login_signed_in_as: text("Compte connecté\u{A0}:"),
    login_username: text("Nom d’utilisateur"),
    login_password: text("Mot de passe"),
    login_remember: text("Maintenir la connexion sur cet appareil"),
    login_recovery: text("Mot de passe oublié\u{202F}?"),
    login_submit: text("Se connecter"),
    login_wrong: text(
        "Le nom d’utilisateur et le mot de passe ne correspondent pas. Vérifiez-les, puis \
        réessayez.",
    ),
    login_too_many: text("Trop de tentatives. Patientez {wait}, puis réessayez."),
    client_policy: text("Politique de confidentialité"),
    client_terms: text("Conditions d’utilisation"),
    client_links: text("À propos de {client}"),

    select_title: text("Choisissez un compte"),
    select_lead: text("pour accéder à {client}"),
    select_another: text("Utiliser un autre compte"),

    consent_title: text("Autoriser {client} à accéder à votre compte\u{202F}?"),
    consent_account: text("Avec votre compte"),
    consent_lead: text("Cette application pourra\u{A0}:"),
    consent_nothing: text("Seulement savoir que vous venez d’ouvrir une session."),
    claim_name: text("Voir votre nom complet"),
    claim_given_name: text("Voir votre prénom"),
    claim_family_name: text("Voir votre nom de famille"),
    claim_middle_name: text("Voir votre deuxième prénom"),
    claim_nickname: text("Voir votre surnom"),
    claim_preferred_username: text("Voir votre nom d’utilisateur"),
    claim_profile: text("Voir l’adresse de votre page de profil"),
    claim_picture: text("Voir votre photo"),
    claim_website: text("Voir l’adresse de votre site web"),
    claim_gender: text("Voir votre genre"),
    claim_birthdate: text("Voir votre date de naissance"),
    claim_zoneinfo: text("Voir votre fuseau horaire"),
    claim_locale: text("Voir votre langue"),
    claim_updated_at: text("Voir la date de la dernière modification de votre compte"),
    claim_email: text("Voir votre adresse e-mail"),
    claim_email_verified: text("Voir si votre adresse e-mail est confirmée"),
    claim_address: text("Voir votre adresse postale"),
    claim_phone_number: text("Voir votre numéro de téléphone"),
    claim_phone_number_verified: text("Voir si votre numéro de téléphone est confirmé"),
    consent_names: text(
        "Là où vous ne voyez qu’un nom, c’est l’application qui l’a choisi. N’autorisez cet \
        accès que si vous vous y attendiez.",
    ),
    consent_audience: text("Cet accès est valable auprès de"),
    consent_returns_to: text("Vous retournerez ensuite vers {place}."),
    consent_this_device: text("une application sur cet appareil"),
    consent_unverified: text(
        "Cette application s’est enregistrée elle-même, et personne n’a vérifié son nom \
        ni son logo. Ne continuez que si vous étiez en train de l’utiliser.",
    ),
    consent_remembered: text("Si vous autorisez cet accès, il ne vous sera plus demandé."),
    consent_accept: text("Autoriser"),
    consent_deny: text("Refuser"),
    scope_openid: text("Vous reconnaître"),
    scope_openid_detail: text("Par un identifiant de votre compte"),
    scope_profile: text("Voir votre profil"),
    scope_profile_detail: text("Par exemple votre nom, votre nom d’utilisateur, votre photo et votre langue"),
    scope_email: text("Voir votre adresse e-mail"),
    scope_email_detail: text("Et si elle est confirmée"),
    scope_address: text("Voir votre adresse postale"),
    scope_address_detail: text("Telle qu’elle figure dans votre compte"),
    scope_phone: text("Voir votre numéro de téléphone"),
    scope_phone_detail: text("Et s’il est confirmé"),
    scope_offline: text("Rester en lien avec votre compte"),
    scope_offline_detail: text("Conserve cet accès en votre absence"),

    account_title: text("Votre compte"),
    account_login_lead: text("pour gérer votre compte"),
    account_again_lead: text("Saisissez votre mot de passe avant toute modification."),
    account_switch: text("Autres comptes dans ce navigateur"),
    account_sessions: text("Vos connexions"),
    account_this_browser: text("Ce navigateur"),
    account_unknown_device: text("Appareil inconnu"),
    account_signed_in: text("Connexion le {date}"),
    account_last_seen: text("dernière activité {time}"),
    account_end_session: text("Déconnecter"),
    account_end_others: text("Déconnecter partout ailleurs"),
    account_more_sessions: text("Afficher les plus anciennes"),
    account_apps: text("Applications associées"),
    account_apps_lead: text(
        "Ces applications peuvent utiliser votre compte. Une application que vous \
        dissociez devra d’abord vous redemander l’accès.",
    ),
    account_no_apps: text("Aucune application ne peut utiliser votre compte."),
    account_since: text("Associée le {date}"),
    account_last_used: text("dernière utilisation {time}"),
    account_away: text("Conserve cet accès en votre absence"),
    account_disconnect: text("Dissocier"),
    account_more_apps: text("Afficher d’autres applications"),
    account_password: text("Mot de passe"),
    account_password_lead: text(
        "Si vous le modifiez, votre compte sera déconnecté partout ailleurs. Les \
        applications que vous y avez associées devront redemander l’accès.",
    ),
    account_current_password: text("Mot de passe actuel"),
    account_new_password: text("Nouveau mot de passe"),
    account_new_password_hint: text("Au moins 8 caractères"),
    account_change_password: text("Modifier le mot de passe"),
    account_session_ended: text("Cette connexion est terminée."),
    account_session_gone: text("Cette connexion était déjà terminée."),
    account_others_ended: text("Votre compte est déconnecté partout ailleurs."),
    account_disconnected: text("L’application est dissociée et ne peut plus utiliser votre compte."),
    account_password_changed: text(
        "Votre mot de passe est modifié, et votre compte est déconnecté partout \
        ailleurs.",
    ),
    account_confirmed: text("Merci. Vous pouvez maintenant faire des modifications."),
    account_wrong_password: text("Ce n’est pas votre mot de passe actuel. Rien n’a été modifié."),
    account_short_password: text(
        "Le nouveau mot de passe est trop court. Choisissez-en un d’au moins 8 \
        caractères.",
    ),
    account_long_password: text("Le nouveau mot de passe est trop long. Choisissez-en un plus court."),

    logout_title: text("Se déconnecter\u{202F}?"),
    logout_account: text("Compte connecté\u{A0}:"),
    logout_lead: text("Vous devrez vous reconnecter la prochaine fois que vous utiliserez votre compte ici."),
    logout_asked: text("{client} demande à vous déconnecter."),
    logout_confirm: text("Se déconnecter"),
    logout_cancel: text("Garder la connexion"),

    logged_out_title: text("La déconnexion est faite"),
    logged_out_lead: text("Vous pouvez fermer cette fenêtre."),
    front_channel_lead: text(
        "Nous prévenons les applications que vous avez utilisées. Cela prend un instant.",
    ),
    front_channel_continue: text("Continuer"),
    logged_out_stayed_title: text("Votre compte reste connecté"),
    logged_out_stayed_lead: text("Rien n’a été modifié. Vous pouvez fermer cette fenêtre."),
    continue_to: text("Continuer vers {client}"),

    error_title: text("Nous ne pouvons pas continuer"),
    error_code: text("Code d’erreur"),
    error_help: text("Si vous avez besoin d’aide, transmettez le code d’erreur et la référence."),
    error_app_unknown: text(
        "Nous ne connaissons pas l’application d’où vous venez. Retournez-y et réessayez, \
        ou adressez-vous à ses responsables.",
    ),
    error_bad_return: text(
        "L’application d’où vous venez nous a demandé de vous diriger vers une adresse \
        qu’elle n’a pas enregistrée. Pour votre sécurité, nous nous sommes arrêtés là.",
    ),
    error_bad_request: text(
        "L’application d’où vous venez a fait une demande que nous ne comprenons pas. \
        Retournez-y et réessayez.",
    ),
    error_expired: text(
        "Cette page est restée ouverte trop longtemps ou a déjà servi. Retournez à \
        l’application et recommencez.",
    ),
    error_other_browser: text(
        "Cette page a été ouverte dans un autre navigateur ou une autre fenêtre. \
        Retournez à l’application et recommencez ici.",
    ),
    error_not_yours: text(
        "Nous n’avons pas pu établir que cette demande venait de vous. Retournez à \
        l’application et recommencez.",
    ),
    error_cookies: text(
        "Votre navigateur n’accepte pas nos cookies, sans lesquels la connexion est \
        impossible. Autorisez les cookies pour ce site, puis réessayez.",
    ),
    error_busy: text(
        "C’est impossible pour le moment. Patientez un instant, puis réessayez\u{202F}; rien n’a \
        été perdu.",
    ),
    error_not_found: text("Il n’y a pas de page à cette adresse."),
    error_server: text(
        "Un problème est survenu de notre côté. Réessayez\u{202F}; si cela se reproduit, \
        indiquez-nous la référence.",
    ),

    form_post_title: text("Retour à l’application"),
    form_post_lead: text("Vous retournez vers {client}."),
    form_post_submit: text("Continuer"),
};

pub(super) static INFLECTION: Inflection = Inflection { counted, date, ago, device };

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

fn device(browser: &str, system: &str) -> String {
    match system {
        "iPhone" | "iPad" | "Mac" => format!("{browser} sur {system}"),
        _ => format!("{browser} sous {system}"),
    }
}
