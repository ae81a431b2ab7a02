//! Spanish, with "usted". What agrees with the gender of the reader is avoided.

use grantor_protocol::CivilTime;

use super::counted::{Amount, month};
use super::table::{ScopeText, Sentence, Texts};

pub(super) const TEXTS: Texts = Texts {
    reference: "Referencia",
    comma: ", ",
    opens_new_tab: "(se abre en una pestaña nueva)",
    cancel: "Cancelar",
    error_prefix: "Error:",

    login_title: "Iniciar sesión",
    login_lead: Sentence("para continuar en {}"),
    login_again_title: "Confirme su identidad",
    login_again_lead: Sentence("{} le pide que vuelva a iniciar sesión antes de continuar."),
    login_signed_in_as: "Sesión iniciada como",
    login_username: "Nombre de usuario",
    login_password: "Contraseña",
    login_remember: "Mantener la sesión iniciada en este dispositivo",
    login_recovery: "¿Ha olvidado su contraseña?",
    login_submit: "Iniciar sesión",
    login_wrong: "El nombre de usuario y la contraseña no coinciden. Compruebe ambos e inténtelo de \
        nuevo.",
    login_too_many: |seconds| {
        let wait = counted(Amount::wait(seconds));
        format!("Demasiados intentos. Espere {wait} e inténtelo de nuevo.")
    },
    client_policy: "Política de privacidad",
    client_terms: "Condiciones de uso",
    client_links: Sentence("Acerca de {}"),

    select_title: "Elija una cuenta",
    select_lead: Sentence("para continuar en {}"),
    select_another: "Usar otra cuenta",

    consent_title: Sentence("¿Permitir que {} acceda a su cuenta?"),
    consent_account: "Con su cuenta",
    consent_lead: "Esta aplicación podrá:",
    consent_nothing: "Solo saber que usted ha iniciado sesión.",
    claim_name: "Ver su nombre completo",
    claim_given_name: "Ver su nombre de pila",
    claim_family_name: "Ver sus apellidos",
    claim_middle_name: "Ver su segundo nombre",
    claim_nickname: "Ver su apodo",
    claim_preferred_username: "Ver su nombre de usuario",
    claim_profile: "Ver la dirección de su página de perfil",
    claim_picture: "Ver su foto",
    claim_website: "Ver la dirección de su sitio web",
    claim_gender: "Ver su género",
    claim_birthdate: "Ver su fecha de nacimiento",
    claim_zoneinfo: "Ver su zona horaria",
    claim_locale: "Ver su idioma",
    claim_updated_at: "Ver cuándo cambió su cuenta por última vez",
    claim_email: "Ver su dirección de correo electrónico",
    claim_email_verified: "Ver si su dirección de correo electrónico está confirmada",
    claim_address: "Ver su dirección postal",
    claim_phone_number: "Ver su número de teléfono",
    claim_phone_number_verified: "Ver si su número de teléfono está confirmado",
    consent_names: "Donde solo vea un nombre, lo ha elegido la aplicación. Permítalo únicamente si lo \
        esperaba.",
    consent_audience: "Este acceso es válido en",
    consent_returns_to: Sentence("Después volverá a {}."),
    consent_this_device: "una aplicación de este dispositivo",
    consent_unverified: "Esta aplicación se ha registrado por su cuenta y nadie ha comprobado su nombre \
        ni su logotipo. Continúe solo si la estaba usando en este momento.",
    consent_remembered: "Si lo permite, no se le volverá a preguntar por el mismo acceso.",
    consent_accept: "Permitir",
    consent_deny: "No permitir",
    scope_openid: ScopeText { title: "Reconocer su cuenta", detail: "Mediante un identificador" },
    scope_profile: ScopeText {
        title: "Ver su perfil",
        detail: "Por ejemplo, su nombre, su foto y su idioma",
    },
    scope_email: ScopeText {
        title: "Ver su dirección de correo electrónico",
        detail: "Y si está confirmada",
    },
    scope_address: ScopeText { title: "Ver su dirección postal", detail: "Tal como figura en su cuenta" },
    scope_phone: ScopeText { title: "Ver su número de teléfono", detail: "Y si está confirmado" },
    scope_offline: ScopeText {
        title: "Mantener la conexión", detail: "Conserva este acceso en su ausencia"
    },

    account_title: "Su cuenta",
    account_login_lead: "para administrar su cuenta",
    account_again_lead: "Introduzca su contraseña antes de hacer cambios.",
    account_switch: "Otras cuentas en este navegador",
    account_sessions: "Dónde tiene la sesión iniciada",
    account_this_browser: "Este navegador",
    account_device: |browser, system| format!("{browser} en {system}"),
    account_unknown_device: "Dispositivo desconocido",
    account_signed_in: Sentence("Sesión iniciada el {}"),
    account_last_seen: Sentence("última actividad {}"),
    account_end_session: "Cerrar sesión",
    account_end_others: "Cerrar todas las demás sesiones",
    account_more_sessions: "Mostrar las anteriores",
    account_apps: "Aplicaciones conectadas",
    account_apps_lead: "Estas aplicaciones pueden usar su cuenta. Si desconecta una, antes tendrá que \
        volver a pedirle permiso.",
    account_no_apps: "Ninguna aplicación puede usar su cuenta.",
    account_since: Sentence("Conectada el {}"),
    account_last_used: Sentence("último uso {}"),
    account_away: "Conserva este acceso en su ausencia",
    account_disconnect: "Desconectar",
    account_more_apps: "Mostrar más aplicaciones",
    account_password: "Contraseña",
    account_password_lead: "Al cambiarla se cerrarán todas las demás sesiones. Las aplicaciones que haya \
        conectado en ellas tendrán que volver a pedir permiso.",
    account_current_password: "Contraseña actual",
    account_new_password: "Contraseña nueva",
    account_new_password_hint: "Al menos 8 caracteres",
    account_change_password: "Cambiar la contraseña",
    account_session_ended: "Esa sesión se ha cerrado.",
    account_session_gone: "Esa sesión ya estaba cerrada.",
    account_others_ended: "Se han cerrado todas las demás sesiones.",
    account_disconnected: "La aplicación está desconectada y ya no puede usar su cuenta.",
    account_password_changed: "Su contraseña ha cambiado y se han cerrado todas las demás sesiones.",
    account_confirmed: "Gracias. Ya puede hacer cambios.",
    account_wrong_password: "Esa no es su contraseña actual. No se ha cambiado nada.",
    account_short_password: "La contraseña nueva es demasiado corta. Elija una de al menos 8 caracteres.",
    account_long_password: "La contraseña nueva es demasiado larga. Elija una más corta.",
    date,
    ago,

    logout_title: "¿Cerrar sesión?",
    logout_account: "Sesión iniciada como",
    logout_lead: "La próxima vez que use aquí su cuenta tendrá que volver a iniciar sesión.",
    logout_asked: Sentence("{} solicita cerrar su sesión."),
    logout_confirm: "Cerrar sesión",
    logout_cancel: "Mantener la sesión",

    logged_out_title: "Ha cerrado la sesión",
    logged_out_lead: "Puede cerrar esta ventana.",
    front_channel_lead: "Estamos avisando a las aplicaciones que ha usado. Solo será un momento.",
    front_channel_continue: "Continuar",
    logged_out_stayed_title: "Su sesión sigue abierta",
    logged_out_stayed_lead: "No se ha cambiado nada. Puede cerrar esta ventana.",
    continue_to: Sentence("Continuar a {}"),

    error_title: "No hemos podido continuar",
    error_code: "Código de error",
    error_help: "Si necesita ayuda, facilite el código de error y la referencia.",
    error_app_unknown: "No conocemos la aplicación desde la que ha llegado aquí. Vuelva a ella e \
        inténtelo de nuevo, o consulte a sus responsables.",
    error_bad_return: "La aplicación desde la que ha llegado aquí nos pidió dirigirle a una dirección \
        que no ha registrado. Por su seguridad, nos hemos detenido.",
    error_bad_request: "La aplicación desde la que ha llegado aquí hizo una solicitud que no entendemos. \
        Vuelva a ella e inténtelo de nuevo.",
    error_expired: "Esta página ha estado abierta demasiado tiempo o ya se ha completado. Vuelva a la \
        aplicación y empiece de nuevo.",
    error_other_browser: "Esta página se abrió en otro navegador o en otra ventana. Vuelva a la \
        aplicación y empiece de nuevo aquí.",
    error_not_yours: "No hemos podido comprobar que esta solicitud sea suya. Vuelva a la aplicación y \
        empiece de nuevo.",
    error_cookies: "Su navegador no acepta nuestras cookies y sin ellas no es posible iniciar sesión. \
        Permita las cookies de este sitio e inténtelo de nuevo.",
    error_busy: "Ahora mismo no es posible. Espere un momento e inténtelo de nuevo; no se ha perdido \
        nada.",
    error_not_found: "No hay ninguna página en esta dirección.",
    error_server: "Algo ha fallado por nuestra parte. Inténtelo de nuevo; si vuelve a ocurrir, \
        indíquenos la referencia.",

    form_post_title: "Volviendo a la aplicación",
    form_post_lead: Sentence("Está volviendo a {}."),
    form_post_submit: "Continuar",
};

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
