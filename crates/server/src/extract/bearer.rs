//! The bearer token of a request to our own resources (RFC 6750 section 2): header, or form body of a POST; never the
//! query, where it would be logged and leak in `Referer`.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::{BearerToken, ErrorCode};

use super::authenticated::only_authorization;
use super::{FormBody, QueryParams};
use crate::app::App;
use crate::error::Failure;

/// An access token as it was presented, not yet judged.
#[derive(Clone, Debug)]
pub(crate) struct Bearer(pub BearerToken);

/// A request to a protected resource that is not served; the challenge says why (RFC 6750 section 3).
#[derive(Debug)]
pub(crate) struct BearerFailure(pub Failure);

impl<F: Into<Failure>> From<F> for BearerFailure {
    fn from(failure: F) -> Self {
        Self(failure.into())
    }
}

impl IntoResponse for BearerFailure {
    fn into_response(self) -> Response {
        let code = self.0.code();
        let challenge = match &self.0 {
            // RFC 6750 section 3.1: without any credentials the challenge names no error.
            Failure::Refused(refusal) if refusal.check == NO_TOKEN => "Bearer realm=\"grantor\"".to_owned(),
            failure => {
                let description = failure.description();
                format!(
                    "Bearer realm=\"grantor\", error=\"{}\", error_description=\"{description}\"",
                    code.name()
                )
            }
        };
        let mut response = self.0.into_json();
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
