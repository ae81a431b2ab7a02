//! Initial access tokens on the admin listener: given out, listed, revoked.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use grantor_crypto::{TokenPrefix, token_format};
use grantor_protocol::{ErrorCode, Lifetime, MetadataError, RegistrationLimits};
use grantor_store::{InitialToken, NewInitialToken};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::RegistrationFailure;
use crate::app::App;
use crate::audit::{AuditEvent, OperatorCause};
use crate::clock::Now;
use crate::error::{Failure, no_store};
use crate::extract::{Issuer, JsonBody};

/// The longest label, in characters.
const LONGEST_LABEL: usize = 200;

/// What an operator asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    label: Option<String>,
    max_uses: Option<i64>,
    lifetime: Option<Lifetime>,
    limits: RegistrationLimits,
}

impl Wanted {
    fn read(body: Value) -> Result<Self, String> {
        // A list would be taken for the members in their order, and an empty one for no limits at all.
        let is_list = |value: Option<&Value>| value.is_some_and(Value::is_array);
        if is_list(Some(&body)) || is_list(body.get("limits")) {
            return Err("must be a JSON object".to_owned());
        }
        serde_json::from_value(body).map_err(|error| error.to_string())
    }
}

/// A token as its maker sees it once.
#[derive(Serialize)]
struct Created<'a> {
    #[serde(flatten)]
    stored: InitialToken,
    token: &'a str,
}

/// `GET /admin/registration/tokens`: every token that was given out, without what it is shown as.
pub(crate) async fn list(State(app): State<App>, issuer: Issuer) -> Result<Response, RegistrationFailure> {
    Ok(answer(StatusCode::OK, app.store.initial_tokens().list(issuer.id).await?))
}

/// `POST /admin/registration/tokens`: a new one, shown this once.
pub(crate) async fn create(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    OperatorCause(cause): OperatorCause,
    JsonBody(body): JsonBody,
) -> Result<Response, RegistrationFailure> {
    let wanted = Wanted::read(body?).map_err(|reason| wrong("", &reason))?;
    if wanted.max_uses.is_some_and(|uses| uses < 1) {
        return Err(wrong("max_uses", "must be 1 or more"));
    }
    if wanted.lifetime.is_some_and(Lifetime::is_zero) {
        return Err(wrong("lifetime", "must be longer than nothing"));
    }
    if wanted.label.as_ref().is_some_and(|label| label.chars().count() > LONGEST_LABEL) {
        return Err(wrong("label", "must have at most 200 characters"));
    }
    if wanted.label.as_ref().is_some_and(|label| label.chars().any(char::is_control)) {
        return Err(wrong("label", "must have no control characters"));
    }
    let token = token_format::generate(TokenPrefix::InitialAccessToken);
    let new = NewInitialToken {
        issuer: issuer.id,
        secret_hash: token.hash(),
        label: wanted.label,
        limits: wanted.limits,
        max_uses: wanted.max_uses,
        expires_at: wanted.lifetime.map(|lifetime| now.timestamp().plus(lifetime.seconds())),
        now: now.timestamp(),
    };
    let stored: InitialToken = app.store.initial_tokens().insert(new).await?;
    app.audit.record(&cause, &AuditEvent::RegistrationTokenCreated { token: stored.id });
    Ok(answer(StatusCode::CREATED, Created { stored, token: token.expose() }))
}

/// `DELETE /admin/registration/tokens/{id}`: nobody registers with it any more; what was registered stays.
pub(crate) async fn revoke(
    State(app): State<App>,
    issuer: Issuer,
    OperatorCause(cause): OperatorCause,
    Path(id): Path<String>,
) -> Result<Response, RegistrationFailure> {
    if let Ok(token) = id.parse()
        && app.store.initial_tokens().revoke(issuer.id, token).await?
    {
        app.audit.record(&cause, &AuditEvent::RegistrationTokenRevoked { token });
        let mut response = StatusCode::NO_CONTENT.into_response();
        no_store(&mut response);
        return Ok(response);
    }
    Ok(answer(
        StatusCode::NOT_FOUND,
        json!({ "error": "not_found", "error_description": "There is no such token." }),
    ))
}

fn wrong(member: &str, reason: &str) -> RegistrationFailure {
    if member.is_empty() {
        return RegistrationFailure::Other(Failure::refused(
            ErrorCode::InvalidRequest,
            "body",
            "a token to give out",
            reason,
        ));
    }
    let error = MetadataError { member: member.to_owned(), reason: reason.to_owned() };
    RegistrationFailure::Metadata(error, None)
}

fn answer(status: StatusCode, document: impl Serialize) -> Response {
    let mut response = (status, Json(document)).into_response();
    no_store(&mut response);
    response
}
