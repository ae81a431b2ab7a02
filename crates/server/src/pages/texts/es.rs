//! Spanish, with "usted". What agrees with the gender of the reader is avoided.

use grantor_protocol::CivilTime;

use super::grammar::{Amount, Inflection, month};
use super::table::{Texts, text};

pub(super) const TEXTS: Texts = Texts {
    reference: text("Referencia"),
    comma: text(", "),
    opens_new_tab: text("(se abre en una pestaña nueva)"),
    cancel: text("Cancelar"),
    error_prefix: text("Error:"),
    footer_terms: text("Términos del servicio"),
    footer_privacy: text("Política de privacidad"),
    footer_imprint: text("Aviso legal"),
    footer_support: text("Ayuda"),

    login_title: text("Iniciar sesión"),
    login_lead: text("para continuar en {client}"),
    login_again_title: text("Confirme su identidad"),
    login_again_lead: text("{client} le pide que vuelva a iniciar sesión antes de continuar."),
    login_signed_in_as: text("Sesión iniciada como"),
    login_username: text("Nombre de usuario"),
    login_password: text("Contraseña"),
    login_remember: text("Mantener la sesión iniciada en este dispositivo"),
    login_recovery: text("¿Ha olvidado su contraseña?"),
    login_submit: text("Iniciar sesión"),
    login_wrong: text(
        "El nombre de usuario y la contraseña no coinciden. Compruebe ambos e inténtelo de \
        nuevo.",
    ),
    login_too_many: text("Demasiados intentos. Espere {wait} e inténtelo de nuevo."),
    client_policy: text("Política de privacidad"),
    client_terms: text("Condiciones de uso"),
    client_links: text("Acerca de {client}"),

    select_title: text("Elija una cuenta"),
    select_lead: text("para continuar en {client}"),
    select_another: text("Usar otra cuenta"),

    consent_title: text("¿Permitir que {client} acceda a su cuenta?"),
    consent_account: text("Con su cuenta"),
    consent_lead: text("Esta aplicación podrá:"),
    consent_nothing: text("Solo saber que usted ha iniciado sesión."),
    claim_name: text("Ver su nombre completo"),
    claim_given_name: text("Ver su nombre de pila"),
    claim_family_name: text("Ver sus apellidos"),
    claim_middle_name: text("Ver su segundo nombre"),
    claim_nickname: text("Ver su apodo"),
    claim_preferred_username: text("Ver su nombre de usuario"),
    claim_profile: text("Ver la dirección de su página de perfil"),
    claim_picture: text("Ver su foto"),
    claim_website: text("Ver la dirección de su sitio web"),
    claim_gender: text("Ver su género"),
    claim_birthdate: text("Ver su fecha de nacimiento"),
    claim_zoneinfo: text("Ver su zona horaria"),
    claim_locale: text("Ver su idioma"),
    claim_updated_at: text("Ver cuándo cambió su cuenta por última vez"),
    claim_email: text("Ver su dirección de correo electrónico"),
    claim_email_verified: text("Ver si su dirección de correo electrónico está confirmada"),
    claim_address: text("Ver su dirección postal"),
    claim_phone_number: text("Ver su número de teléfono"),
    claim_phone_number_verified: text("Ver si su número de teléfono está confirmado"),
    consent_names: text(
        "Donde solo vea un nombre, lo ha elegido la aplicación. Permítalo únicamente si lo \
        esperaba.",
    ),
    consent_audience: text("Este acceso es válido en"),
    consent_returns_to: text("Después volverá a {place}."),
    consent_this_device: text("una aplicación de este dispositivo"),
    consent_unverified: text(
        "Esta aplicación se ha registrado por su cuenta y nadie ha comprobado su nombre \
        ni su logotipo. Continúe solo si la estaba usando en este momento.",
    ),
    consent_remembered: text("Si lo permite, no se le volverá a preguntar por el mismo acceso."),
    consent_accept: text("Permitir"),
    consent_deny: text("No permitir"),
    scope_openid: text("Reconocer su cuenta"),
    scope_openid_detail: text("Mediante un identificador"),
    scope_profile: text("Ver su perfil"),
    scope_profile_detail: text("Por ejemplo, su nombre, su nombre de usuario, su foto y su idioma"),
    scope_email: text("Ver su dirección de correo electrónico"),
    scope_email_detail: text("Y si está confirmada"),
    scope_address: text("Ver su dirección postal"),
    scope_address_detail: text("Tal como figura en su cuenta"),
    scope_phone: text("Ver su número de teléfono"),
    scope_phone_detail: text("Y si está confirmado"),
    scope_offline: text("Mantener la conexión"),
    scope_offline_detail: text("Conserva este acceso en su ausencia"),

    account_title: text("Su cuenta"),
    account_login_lead: text("para administrar su cuenta"),
    account_again_lead: text("Introduzca su contraseña antes de hacer cambios."),
    account_switch: text("Otras cuentas en este navegador"),
    account_sessions: text("Dónde tiene la sesión iniciada"),
    account_this_browser: text("Este navegador"),
    account_unknown_device: text("Dispositivo desconocido"),
    account_signed_in: text("Sesión iniciada el {date}"),
    account_last_seen: text("última actividad {time}"),
    account_end_session: text("Cerrar sesión"),
    account_end_others: text("Cerrar todas las demás sesiones"),
    account_more_sessions: text("Mostrar las anteriores"),
    account_apps: text("Aplicaciones conectadas"),
    account_apps_lead: text(
        "Estas aplicaciones pueden usar su cuenta. Si desconecta una, antes tendrá que \
        volver a pedirle permiso.",
    ),
    account_no_apps: text("Ninguna aplicación puede usar su cuenta."),
    account_since: text("Conectada el {date}"),
    account_last_used: text("último uso {time}"),
    account_away: text("Conserva este acceso en su ausencia"),
    account_disconnect: text("Desconectar"),
    account_more_apps: text("Mostrar más aplicaciones"),
    account_password: text("Contraseña"),
    account_password_lead: text(
        "Al cambiarla se cerrarán todas las demás sesiones. Las aplicaciones que haya \
        conectado en ellas tendrán que volver a pedir permiso.",
    ),
    account_current_password: text("Contraseña actual"),
    account_new_password: text("Contraseña nueva"),
    account_new_password_hint: text("Al menos 8 caracteres"),
    account_change_password: text("Cambiar la contraseña"),
    account_session_ended: text("Esa sesión se ha cerrado."),
    account_session_gone: text("Esa sesión ya estaba cerrada."),
    account_others_ended: text("Se han cerrado todas las demás sesiones."),
    account_disconnected: text("La aplicación está desconectada y ya no puede usar su cuenta."),
    account_password_changed: text("Su contraseña ha cambiado y se han cerrado todas las demás sesiones."),
    account_confirmed: text("Gracias. Ya puede hacer cambios."),
    account_wrong_password: text("Esa no es su contraseña actual. No se ha cambiado nada."),
    account_short_password: text(
        "La contraseña nueva es demasiado corta. Elija una de al menos 8 caracteres.",
    ),
    account_long_password: text("La contraseña nueva es demasiado larga. Elija una más corta."),

    logout_title: text("¿Cerrar sesión?"),
    logout_account: text("Sesión iniciada como"),
    logout_lead: text("La próxima vez que use aquí su cuenta tendrá que volver a iniciar sesión."),
    logout_asked: text("{client} solicita cerrar su sesión."),
    logout_confirm: text("Cerrar sesión"),
    logout_cancel: text("Mantener la sesión"),

    logged_out_title: text("Ha cerrado la sesión"),
    logged_out_lead: text("Puede cerrar esta ventana."),
    front_channel_lead: text("Estamos avisando a las aplicaciones que ha usado. Solo será un momento."),
    front_channel_continue: text("Continuar"),
    logged_out_stayed_title: text("Su sesión sigue abierta"),
    logged_out_stayed_lead: text("No se ha cambiado nada. Puede cerrar esta ventana."),
    continue_to: text("Continuar a {client}"),

    error_title: text("No hemos podido continuar"),
    error_code: text("Código de error"),
    error_help: text("Si necesita ayuda, facilite el código de error y la referencia."),
    error_app_unknown: text(
        "No conocemos la aplicación desde la que ha llegado aquí. Vuelva a ella e \
        inténtelo de nuevo, o consulte a sus responsables.",
    ),
    error_bad_return: text(
        "La aplicación desde la que ha llegado aquí nos pidió dirigirle a una dirección \
        que no ha registrado. Por su seguridad, nos hemos detenido.",
    ),
    error_bad_request: text(
        "La aplicación desde la que ha llegado aquí hizo una solicitud que no entendemos. \
        Vuelva a ella e inténtelo de nuevo.",
    ),
    error_expired: text(
        "Esta página ha estado abierta demasiado tiempo o ya se ha completado. Vuelva a la \
        aplicación y empiece de nuevo.",
    ),
    error_other_browser: text(
        "Esta página se abrió en otro navegador o en otra ventana. Vuelva a la \
        aplicación y empiece de nuevo aquí.",
    ),
    error_not_yours: text(
        "No hemos podido comprobar que esta solicitud sea suya. Vuelva a la aplicación y \
        empiece de nuevo.",
    ),
    error_cookies: text(
        "Su navegador no acepta nuestras cookies y sin ellas no es posible iniciar sesión. \
        Permita las cookies de este sitio e inténtelo de nuevo.",
    ),
    error_busy: text(
        "Ahora mismo no es posible. Espere un momento e inténtelo de nuevo; no se ha perdido \
        nada.",
    ),
    error_not_found: text("No hay ninguna página en esta dirección."),
    error_server: text(
        "Algo ha fallado por nuestra parte. Inténtelo de nuevo; si vuelve a ocurrir, \
        indíquenos la referencia.",
    ),

    form_post_title: text("Volviendo a la aplicación"),
    form_post_lead: text("Está volviendo a {client}."),
    form_post_submit: text("Continuar"),
};

pub(super) static INFLECTION: Inflection = Inflection { counted, date, ago, device };

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

fn date(at: CivilTime) -> String {
    format!("{} de {} de {}", at.day, month(&MONTHS, at), at.year)
}

fn counted(amount: Amount) -> String {
    let (number, unit) = match amount {
        Amount::Seconds(number) => (number, "segundo"),
        Amount::Minutes(number) => (number, "minuto"),
        Amount::Hours(number) => (number, "hora"),
        Amount::Days(number) => (number, "día"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn ago(seconds: i64) -> String {
    Amount::passed(seconds)
        .map_or_else(|| "ahora mismo".to_owned(), |amount| format!("hace {}", counted(amount)))
}

fn device(browser: &str, system: &str) -> String {
    format!("{browser} en {system}")
}
