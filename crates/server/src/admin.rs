//! Who may speak to the admin listener: the bearer of a configured token, or anybody where the operator said so or
//! where it is bound to loopback without a token.

pub(crate) mod consent_sessions;
pub(crate) mod grants;
mod paging;
pub(crate) mod sessions;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use grantor_crypto::Secret;
use grantor_protocol::ErrorCode;

use crate::app::App;
use crate::audit::{AuditEvent, Cause};
use crate::error::Failure;

/// Lets a request through, or answers 401. Health stays open for the machine that watches it.
pub(crate) async fn authenticate(
    State(app): State<App>,
    cause: Cause,
    request: Request,
    next: Next,
) -> Response {
    let tokens = &app.config.admin.tokens;
    let is_health = request.uri().path().starts_with("/health/");
    if is_health || tokens.is_empty() {
        return next.run(request).await;
    }
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Secret::from(token.trim().to_owned()));
    let reason = if presented.is_some() { "wrong token" } else { "no token" };
    if presented.is_some_and(|presented| tokens.contains(&presented)) {
        return next.run(request).await;
    }
    app.audit.record(&cause, &AuditEvent::AdminRefused { reason });
    let failure = Failure::refused(
        ErrorCode::InvalidToken,
        "admin token",
        "a token of admin.token_file",
        "none of them",
    )
    .with_setting("admin.token_file");
    let mut response = failure.into_json().into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"grantor-admin\""));
    response
}
