//! Form bodies, JSON bodies and query strings, with their caps. What is past a cap is drained up to a bound before the answer, so
//! that the client sees the 413 instead of a reset.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use grantor_protocol::{ErrorCode, Params, ParamsError};
use http_body_util::BodyExt;

use crate::app::App;
use crate::error::Failure;

/// The longest query string that is read, in bytes; a longer one is answered 414.
pub(crate) const QUERY_LIMIT: usize = 16 * 1024;
/// How much of a body past its cap is read and thrown away before the 413.
const DRAIN_LIMIT: usize = 1024 * 1024;

/// The parameters of an `application/x-www-form-urlencoded` body, or why there are none. The handler decides whether
/// the failure becomes JSON or a page.
#[derive(Debug)]
pub(crate) struct FormBody(pub Result<Params, Failure>);

impl FromRequest<App> for FormBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        Ok(Self::read(&parts.headers, body, app).await)
    }
}

impl FormBody {
    /// The same where the head of the request is kept.
    pub(crate) async fn read(headers: &HeaderMap, body: Body, app: &App) -> Self {
        Self(read_form(headers, body, app.config.limits.body_bytes).await)
    }
}

/// An `application/json` body, or why there is none.
#[derive(Debug)]
pub(crate) struct JsonBody(pub Result<serde_json::Value, Failure>);

impl FromRequest<App> for JsonBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Infallible> {
        Ok(Self(read_json(request, app.config.limits.body_bytes).await))
    }
}

/// The parameters of the query string, or why there are none.
#[derive(Clone, Debug)]
pub(crate) struct QueryParams(pub Result<Params, Failure>);

impl FromRequestParts<App> for QueryParams {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        if query.len() > QUERY_LIMIT {
            return Ok(Self(Err(Failure::TooLarge("query", StatusCode::URI_TOO_LONG))));
        }
        Ok(Self(Params::parse(query.as_bytes()).map_err(|error| unreadable("query", &error))))
    }
}

async fn read_json(request: Request, limit: usize) -> Result<serde_json::Value, Failure> {
    let is_json = is_of_type(request.headers(), "application/json");
    let content_type = header_text(request.headers(), &header::CONTENT_TYPE);
    let encoded = request.headers().contains_key(header::CONTENT_ENCODING);
    let bytes = read_capped(request.into_body(), limit).await?;
    if !is_json || encoded {
        let expected = "application/json without Content-Encoding";
        return Err(Failure::refused(ErrorCode::InvalidRequest, "content-type", expected, content_type));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::refused(ErrorCode::InvalidRequest, "body", "JSON", format!("not JSON: {error}"))
    })
}

async fn read_form(headers: &HeaderMap, body: Body, limit: usize) -> Result<Params, Failure> {
    let is_form = is_of_type(headers, "application/x-www-form-urlencoded");
    let encoded = headers.contains_key(header::CONTENT_ENCODING);
    let bytes = read_capped(body, limit).await?;
    if !is_form || encoded {
        let content_type = header_text(headers, &header::CONTENT_TYPE);
        let expected = "application/x-www-form-urlencoded without Content-Encoding";
        return Err(Failure::refused(ErrorCode::InvalidRequest, "content-type", expected, content_type));
    }
    Params::parse(&bytes).map_err(|error| unreadable("body", &error))
}

/// The whole body, unless it is longer than `limit` bytes.
async fn read_capped(mut body: Body, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Failure::refused(ErrorCode::InvalidRequest, "body", "a complete body", error.to_string())
        })?;
        let Some(data) = frame.data_ref() else { continue };
        received += data.len();
        if received <= limit {
            bytes.extend_from_slice(data);
        } else if received > limit + DRAIN_LIMIT {
            break;
        }
    }
    if received > limit {
        return Err(Failure::TooLarge("body", StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(bytes)
}

fn is_of_type(headers: &HeaderMap, expected: &str) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let right_type = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(expected));
    right_type
        && parts.all(|parameter| {
            let parameter = parameter.to_ascii_lowercase();
            !parameter.starts_with("charset=") || parameter.trim_matches('"').ends_with("utf-8")
        })
}

pub(crate) fn unreadable(part: &'static str, error: &ParamsError) -> Failure {
    let check = if part == "query" { "query encoding" } else { "form encoding" };
    Failure::refused(
        ErrorCode::InvalidRequest,
        check,
        "application/x-www-form-urlencoded, UTF-8",
        error.to_string(),
    )
}

fn header_text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    headers
        .get(name)
        .map_or_else(|| "none".to_owned(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
