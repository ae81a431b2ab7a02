//! The key set (RFC 7517), from memory: also while the database is away.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::clock::Now;

/// How long a database that may be away is waited for: less than clients wait for us.
const PATIENCE: Duration = Duration::from_secs(1);

/// `GET /.well-known/jwks.json`. Clients may keep it for `keys.jwks_max_age`, which is why a key is published longer
/// than that before it signs.
pub(crate) async fn get(State(app): State<App>, now: Now, headers: HeaderMap) -> Response {
    let keys = match tokio::time::timeout(PATIENCE, app.keys.current(now.ms)).await {
        Ok(Ok(keys)) => keys,
        Ok(Err(error)) => {
            tracing::warn!(%error, "keys could not be re-read; the last known set is served");
            app.keys.last_known()
        }
        Err(_) => {
            tracing::warn!("re-reading keys takes long; the last known set is served");
            app.keys.last_known()
        }
    };
    let document = keys.jwks();
    let max_age = app.config.keys.jwks_max_age.seconds();
    cacheable(&headers, "application/json", document.body.clone(), &document.etag, max_age)
}

/// A public document with an entity tag; 304 for a client that holds it (RFC 9110 section 13.1.2).
pub(crate) fn cacheable(
    headers: &HeaderMap,
    content_type: &'static str,
    body: impl Into<axum::body::Body>,
    etag: &str,
    max_age: i64,
) -> Response {
    let held = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let matches =
        held.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let mut response = if matches {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body.into()).into_response()
    };
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={max_age}")) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
