//! Error codes: one table of name, status, default description and section. A code alone knows its
//! status, so that no two endpoints answer the same error differently.

use std::fmt;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $description:literal, $section:literal;)+) => {
        /// An error code that a specification registers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(
                #[doc = concat!("`", $name, "` (", $section, "): ", $description)]
                $variant,
            )+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The value of `error`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status of a direct answer.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The default `error_description`, in the alphabet of RFC 6749 section 5.2.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)+ }
            }

            /// Where the code is registered.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$variant => $section,)+ }
            }
        }
    };
}

error_codes! {
    InvalidRequest = "invalid_request", 400,
        "The request is missing a parameter, repeats one, or is otherwise malformed.", "RFC 6749 section 5.2";
    InvalidClient = "invalid_client", 401,
        "Client authentication failed.", "RFC 6749 section 5.2";
    InvalidGrant = "invalid_grant", 400,
        "The code or token is invalid, expired, revoked, or was issued to another client.", "RFC 6749 section 5.2";
    UnauthorizedClient = "unauthorized_client", 400,
        "The client is not registered for this kind of request.", "RFC 6749 section 5.2";
    UnsupportedGrantType = "unsupported_grant_type", 400,
        "This grant type is not offered.", "RFC 6749 section 5.2";
    InvalidScope = "invalid_scope", 400,
        "The scope is malformed, or exceeds what the client may ask for.", "RFC 6749 section 5.2";
    AccessDenied = "access_denied", 400,
        "The request was denied.", "RFC 6749 section 4.1.2.1";
    UnsupportedResponseType = "unsupported_response_type", 400,
        "This response type is not offered.", "RFC 6749 section 4.1.2.1";
    ServerError = "server_error", 500,
        "The server could not handle the request.", "RFC 6749 section 4.1.2.1";
    TemporarilyUnavailable = "temporarily_unavailable", 503,
        "The server cannot handle the request right now; try again.", "RFC 6749 section 4.1.2.1";
    InteractionRequired = "interaction_required", 400,
        "The user has to be asked something, and prompt=none forbids it.", "OpenID Connect Core section 3.1.2.6";
    LoginRequired = "login_required", 400,
        "The user has to sign in, or is not the user asked for.", "OpenID Connect Core section 3.1.2.6";
    AccountSelectionRequired = "account_selection_required", 400,
        "The user has to choose an account.", "OpenID Connect Core section 3.1.2.6";
    ConsentRequired = "consent_required", 400,
        "The user has to consent.", "OpenID Connect Core section 3.1.2.6";
    InvalidRequestUri = "invalid_request_uri", 400,
        "The request_uri cannot be used.", "OpenID Connect Core section 3.1.2.6";
    InvalidRequestObject = "invalid_request_object", 400,
        "The request object is invalid.", "OpenID Connect Core section 3.1.2.6";
    RequestNotSupported = "request_not_supported", 400,
        "The request parameter is not supported.", "OpenID Connect Core section 3.1.2.6";
    RequestUriNotSupported = "request_uri_not_supported", 400,
        "The request_uri parameter is not supported.", "OpenID Connect Core section 3.1.2.6";
    RegistrationNotSupported = "registration_not_supported", 400,
        "The registration parameter is not supported.", "OpenID Connect Core section 3.1.2.6";
    UnmetAuthenticationRequirements = "unmet_authentication_requirements", 400,
        "The authentication that was asked for cannot be reached.",
        "OpenID Connect Core Unmet Authentication Requirements section 2";
    InvalidToken = "invalid_token", 401,
        "The access token is missing rights, expired, revoked, or malformed.", "RFC 6750 section 3.1";
    InsufficientScope = "insufficient_scope", 403,
        "The access token does not have the scope this needs.", "RFC 6750 section 3.1";
    InvalidTarget = "invalid_target", 400,
        "The resource or audience is malformed, unknown, or not allowed.", "RFC 8707 section 2";
    UnsupportedTokenType = "unsupported_token_type", 400,
        "Tokens of this type cannot be revoked.", "RFC 7009 section 2.2.1";
    InvalidRedirectUri = "invalid_redirect_uri", 400,
        "A redirect URI is not acceptable.", "RFC 7591 section 3.2.2";
    InvalidClientMetadata = "invalid_client_metadata", 400,
        "A member of the client metadata is not acceptable.", "RFC 7591 section 3.2.2";
    InvalidSoftwareStatement = "invalid_software_statement", 400,
        "The software statement is invalid.", "RFC 7591 section 3.2.2";
    UnapprovedSoftwareStatement = "unapproved_software_statement", 400,
        "The software statement is not approved for use here.", "RFC 7591 section 3.2.2";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether `text` may stand in `error_description`: %x20-21 / %x23-5B / %x5D-7E (RFC 6749 section 5.2).
pub fn is_description_text(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// A refused request: the code for the client, and for the log which check failed, what it expected,
/// what it received (secrets left out) and which setting would change it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check}: expected {expected}, received {received}")]
pub struct RequestRefusal {
    /// What the client is told.
    pub code: ErrorCode,
    /// The check that failed: a parameter's name, or a rule's.
    pub check: &'static str,
    /// What would have passed.
    pub expected: String,
    /// What was sent.
    pub received: String,
    /// The configuration key or client member that would change the outcome.
    pub setting: Option<&'static str>,
}

impl RequestRefusal {
    /// A refusal that no setting changes.
    pub fn new(
        code: ErrorCode,
        check: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Self {
        let expected = shortened(expected.into(), EXPECTED_KEPT);
        let received = shortened(received.into(), RECEIVED_KEPT);
        Self { code, check, expected, received, setting: None }
    }

    /// The same refusal, naming the setting that decides it.
    #[must_use]
    pub fn because_of(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }
}

/// Bytes of a caller's value that the log keeps: enough to recognise it, and never a megabyte.
const RECEIVED_KEPT: usize = 200;
/// The same for what would have passed: a client's few addresses whole, and never fifty long ones.
const EXPECTED_KEPT: usize = 1000;

fn shortened(mut text: String, kept: usize) -> String {
    if text.len() > kept {
        let end = (0..=kept).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_description_keeps_the_alphabet_and_every_name_is_its_own() {
        let names: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!(is_description_text(code.description()), "{code}");
            assert!(is_description_text(code.name()) && !code.section().is_empty(), "{code}");
            assert!((400..600).contains(&code.status()), "{code}");
        }
    }

    #[test]
    fn statuses_are_those_of_the_specifications() {
        for (code, status) in [
            (ErrorCode::InvalidClient, 401),
            (ErrorCode::UnauthorizedClient, 400),
            (ErrorCode::InvalidGrant, 400),
            (ErrorCode::AccessDenied, 400),
            (ErrorCode::InvalidToken, 401),
            (ErrorCode::InsufficientScope, 403),
            (ErrorCode::TemporarilyUnavailable, 503),
            (ErrorCode::ServerError, 500),
        ] {
            assert_eq!(code.status(), status, "{code}");
        }
    }

    #[test]
    fn description_text_has_no_quotes_backslashes_controls_or_other_scripts() {
        assert!(is_description_text("plain text, 1 (one) = fine!"));
        for text in ["\"", "\\", "\n", "\t", "\u{7f}", "\u{e9}"] {
            assert!(!is_description_text(text), "{text:?}");
        }
    }

    #[test]
    fn a_refusal_keeps_a_bounded_part_of_what_was_expected_and_received() {
        let long = "\u{e9}".repeat(1_000_000);
        let refusal = RequestRefusal::new(ErrorCode::InvalidScope, "scope", long.clone(), long);
        assert!(refusal.received.len() <= 203 && refusal.expected.len() <= 1003);
        assert_eq!(refusal.because_of("clients.pkce").setting, Some("clients.pkce"));
    }
}
