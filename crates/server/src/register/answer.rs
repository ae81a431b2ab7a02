//! What registration and management answer: the client as it is registered (RFC 7591 section 3.2.1), or why not.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_crypto::Secret;
use grantor_protocol::error::is_description_text;
use grantor_protocol::registration::registered_members;
use grantor_protocol::{ErrorCode, MetadataError};
use grantor_store::Client;
use serde_json::{Value, json};

use crate::error::{Failure, no_store};
use crate::extract::Issuer;

/// Where a client looks after itself.
pub(super) fn client_uri(issuer: &Issuer, client: &Client) -> String {
    let id = form_urlencoded::byte_serialize(client.client_id.as_str().as_bytes()).collect::<String>();
    issuer.address(&format!("/oauth2/register/{}", id.replace('+', "%20")))
}

/// The client information response (RFC 7592 section 3). Secret and token are known only while they are new, or where
/// the caller has just presented them.
pub(super) fn information(
    status: StatusCode,
    issuer: &Issuer,
    client: &Client,
    secret: Option<&Secret>,
    token: Option<&Secret>,
) -> Response {
    let mut members = registered_members(&client.metadata);
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("client_id", json!(client.client_id));
    set("client_id_issued_at", json!(client.created_at));
    if let Some(secret) = secret {
        set("client_secret", json!(secret.expose()));
    }
    if client.secret.is_some() {
        // It never does.
        set("client_secret_expires_at", json!(0));
    }
    if let Some(token) = token {
        set("registration_access_token", json!(token.expose()));
    }
    if let Some(registered) = &client.registered {
        if let Some(statement) = &registered.terms.software_statement {
            set("software_statement", json!(statement.jwt));
        }
        // Where nobody may manage the client, there is nothing to manage.
        if registered.token.is_some() {
            set("registration_client_uri", json!(client_uri(issuer, client)));
        }
    }
    let mut response = (status, Json(members)).into_response();
    no_store(&mut response);
    response
}

/// Why a client was not registered, shown or changed.
#[derive(Debug)]
pub(crate) enum RegistrationFailure {
    /// The operator does not offer it.
    Off,
    /// A member of the document is not acceptable; the setting is the one that would allow it.
    Metadata(MetadataError, Option<&'static str>),
    /// The software statement is not approved; the reason, and the setting that would approve it.
    Statement(ErrorCode, String, &'static str),
    /// Nobody who may do this; the failure is for the log, the caller always hears the same.
    Unauthorized(Failure),
    /// The address has registered many clients; it may come back after so many seconds.
    TooMany(u64),
    /// Something that every endpoint answers alike.
    Other(Failure),
}

impl<F: Into<Failure>> From<F> for RegistrationFailure {
    fn from(failure: F) -> Self {
        Self::Other(failure.into())
    }
}

impl RegistrationFailure {
    /// A refusal without credentials that are good for this client: unknown, foreign and wrong look the same.
    pub(super) fn unauthorized(check: &'static str, expected: &str, received: &str) -> Self {
        Self::Unauthorized(Failure::refused(ErrorCode::InvalidToken, check, expected, received))
    }

    /// The check that the credentials did not pass, when that is what failed.
    pub(super) fn unauthorized_check(&self) -> Option<&'static str> {
        match self {
            Self::Unauthorized(Failure::Refused(refusal)) => Some(refusal.check),
            Self::Unauthorized(Failure::TooLarge(..) | Failure::Unavailable(_) | Failure::Internal(_))
            | Self::Off
            | Self::Metadata(..)
            | Self::Statement(..)
            | Self::TooMany(_)
            | Self::Other(_) => None,
        }
    }
}

impl IntoResponse for RegistrationFailure {
    fn into_response(self) -> Response {
        match self {
            Self::Other(failure) => failure.into_json(),
            Self::Off => {
                let failure = Failure::refused(
                    ErrorCode::InvalidRequest,
                    "registration",
                    "it to be offered",
                    "it is off",
                )
                .with_setting("registration.enabled");
                let description = "Dynamic client registration is off here. Setting: registration.enabled.";
                refusal(StatusCode::NOT_FOUND, "not_found", description, failure)
            }
            Self::Metadata(error, setting) => {
                let code = error.code();
                let member = if error.member.is_empty() { "document" } else { error.member.as_str() };
                let description = description(&format!("{member}: {}", error.reason));
                let mut failure =
                    Failure::refused(code, "client metadata", error.reason.clone(), member.to_owned());
                if let Some(setting) = setting {
                    failure = failure.with_setting(setting);
                }
                refusal(StatusCode::BAD_REQUEST, code.name(), &description, failure)
            }
            Self::Statement(code, reason, setting) => {
                let description = description(&format!("software_statement: {reason}"));
                let failure = Failure::refused(code, "software statement", "one of a known issuer", reason)
                    .with_setting(setting);
                refusal(StatusCode::BAD_REQUEST, code.name(), &description, failure)
            }
            Self::Unauthorized(failure) => {
                let description = "These are no credentials for this registration.";
                let code = ErrorCode::InvalidToken.name();
                let mut response = refusal(StatusCode::UNAUTHORIZED, code, description, failure);
                let challenge = HeaderValue::from_static("Bearer realm=\"grantor\", error=\"invalid_token\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                response
            }
            Self::TooMany(seconds) => {
                let code = ErrorCode::TemporarilyUnavailable;
                let failure =
                    Failure::refused(code, "registrations of this address", "fewer at a time", "another")
                        .with_setting("registration.rate_limit");
                let description = "Too many registrations from this address; wait before the next.";
                let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, code.name(), description, failure);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
                response
            }
        }
    }
}

fn refusal(status: StatusCode, error: &str, description: &str, failure: Failure) -> Response {
    let body = json!({ "error": error, "error_description": description });
    let mut response = (status, Json(body)).into_response();
    no_store(&mut response);
    failure.annotate(response)
}

/// The longest description, in characters: a reason may quote what it is about.
const LONGEST: usize = 300;

/// A reason in the alphabet of RFC 6749 section 5.2.
fn description(reason: &str) -> String {
    let spelled = |character: char| match character {
        '"' => '\'',
        other if is_description_text(other.encode_utf8(&mut [0; 4])) => other,
        _ => '?',
    };
    reason.chars().take(LONGEST).map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_quotes_its_cause_stays_in_the_alphabet_and_short() {
        let reason = description(&format!("redirect_uris: \"java\\script:\u{e9}\n{}\"", "a".repeat(10_000)));
        assert!(is_description_text(&reason) && reason.len() == LONGEST, "{reason}");
        assert!(reason.starts_with("redirect_uris: 'java?script:??aaa"), "{reason}");
    }
}
