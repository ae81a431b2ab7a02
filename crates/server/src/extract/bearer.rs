//! The bearer token of a request to our own resources (RFC 6750 section 2): header, or form body of a POST; never the
//! query, where it would be logged and leak in `Referer`.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::{BearerToken, ErrorCode, Scope};

use super::authenticated::only_authorization;
use super::{FormBody, QueryParams};
use crate::app::App;
use crate::error::Failure;

/// An access token as it was presented, not yet judged.
#[derive(Clone, Debug)]
pub(crate) struct Bearer(pub BearerToken);

/// A request to a protected resource that is not served; the challenge says why (RFC 6750 section 3).
#[derive(Debug)]
pub(crate) struct BearerFailure {
    failure: Failure,
    /// The scope that would do.
    scope: Option<&'static str>,
}

impl BearerFailure {
    /// A token that lacks `needed`.
    pub(crate) fn insufficient_scope(needed: &'static str, held: &Scope) -> Self {
        let check = "scope of the access token";
        let failure = Failure::refused(ErrorCode::InsufficientScope, check, needed, held.as_str());
        Self { failure, scope: Some(needed) }
    }

    fn challenge(&self) -> String {
        const REALM: &str = "Bearer realm=\"grantor\"";
        // RFC 6750 section 3.1: without credentials of a kind we know the challenge names no error.
        if matches!(&self.failure, Failure::Refused(refusal) if refusal.check == NO_TOKEN) {
            return REALM.to_owned();
        }
        let (code, description) = (self.failure.code().name(), self.failure.description());
        let scope = self.scope.map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
        format!("{REALM}, error=\"{code}\", error_description=\"{description}\"{scope}")
    }
}

impl<F: Into<Failure>> From<F> for BearerFailure {
    fn from(failure: F) -> Self {
        Self { failure: failure.into(), scope: None }
    }
}

impl IntoResponse for BearerFailure {
    fn into_response(self) -> Response {
        let challenge = self.challenge();
        let mut response = self.failure.into_json();
        let is_challenge = matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if let (true, Ok(value)) = (is_challenge, HeaderValue::from_str(&challenge)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

const NO_TOKEN: &str = "access token present";

impl FromRequest<App> for Bearer {
    type Rejection = BearerFailure;

    async fn from_request(request: Request, app: &App) -> Result<Self, BearerFailure> {
        let (mut parts, body) = request.into_parts();
        let Ok(QueryParams(query)) = QueryParams::from_request_parts(&mut parts, app).await;
        let query = query?;
        let headers = parts.headers.clone();
        let has_form = parts.method == Method::POST && headers.contains_key(header::CONTENT_TYPE);
        let form = if has_form {
            let Ok(FormBody(form)) = FormBody::from_request(Request::from_parts(parts, body), app).await;
            Some(form?)
        } else {
            None
        };
        match BearerToken::read(only_authorization(&headers)?, &query, form.as_ref())? {
            Some(token) => Ok(Self(token)),
            None => Err(Failure::refused(ErrorCode::InvalidToken, NO_TOKEN, "a bearer token", "none").into()),
        }
    }
}
