//! Cross-origin requests (Fetch standard). Public documents may be read from anywhere; token, revocation and userinfo
//! from the origins of the calling client's redirect URIs; pages and the authorization endpoint from nowhere
//! (RFC 9700 section 2.6). Credentials are never allowed, so no cookie takes part.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::extract::Issuer;

/// Who may read a route's answers from another origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cors {
    /// Nobody: pages and the authorization endpoint.
    Nowhere,
    /// Anybody: metadata and keys.
    Anywhere,
    /// The single-page applications of the client that calls.
    Clients,
}

/// The client that an answer is for, by which its origins are allowed. Put into a response's extensions.
#[derive(Clone, Debug)]
pub(crate) struct CallingClient(pub Arc<KnownClient>);

const ALLOWED_HEADERS: &str = "authorization, content-type, dpop";
const EXPOSED_HEADERS: &str = "www-authenticate, x-trace-id, retry-after, dpop-nonce";

impl Cors {
    /// The method that a preflight asks for, when this is one and is answered here.
    pub(crate) fn preflight(self, request: &Request) -> Option<HeaderValue> {
        let is_one = request.method() == Method::OPTIONS && self != Self::Nowhere;
        request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD).filter(|_| is_one).cloned()
    }

    /// Says where the answer depends on who asks, also to those who have no origin.
    pub(crate) fn vary(self, response: &mut Response) {
        if self == Self::Clients {
            response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
        }
    }
}

/// Says on an answer whether this origin may read it.
pub(crate) async fn mark(app: &App, policy: Cors, origin: String, mut response: Response) -> Response {
    let allowed = match policy {
        Cors::Nowhere => None,
        Cors::Anywhere => Some("*".to_owned()),
        Cors::Clients => {
            let client = response.extensions().get::<CallingClient>();
            let may_read = match client {
                Some(client) => client.0.origins.contains(&origin),
                // An error that names no client: its application must be able to read why, and nothing else is in it.
                None => response.status().as_u16() >= 400 && is_registered(app, &origin).await,
            };
            (may_read || configured(app, &origin)).then_some(origin)
        }
    };
    if let Some(value) = allowed.and_then(|origin| HeaderValue::from_str(&origin).ok()) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        response
            .headers_mut()
            .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    }
    policy.vary(&mut response);
    response
}

/// A preflight carries no identity, so it is answered by whether any client has this origin.
pub(crate) async fn answer_preflight(
    app: &App,
    policy: Cors,
    origin: &str,
    method: &HeaderValue,
) -> Response {
    let allowed = match policy {
        Cors::Nowhere => false,
        Cors::Anywhere => true,
        Cors::Clients if configured(app, origin) => true,
        Cors::Clients => {
            match app.clients.origin_is_registered(Issuer::only(app).id, origin, app.clock.now_ms()).await {
                Ok(registered) => registered,
                Err(fault) => return Failure::from(fault).into_json(),
            }
        }
    };
    let mut response = StatusCode::NO_CONTENT.into_response();
    if allowed {
        let shown = if policy == Cors::Anywhere { "*" } else { origin };
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(shown) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    policy.vary(&mut response);
    response
}

/// Whether any client has this origin; a database that does not answer knows none.
async fn is_registered(app: &App, origin: &str) -> bool {
    let issuer = Issuer::only(app).id;
    app.clients.origin_is_registered(issuer, origin, app.clock.now_ms()).await.unwrap_or(false)
}

fn configured(app: &App, origin: &str) -> bool {
    app.config.cors.allowed_origins.iter().any(|allowed| allowed.as_str() == origin)
}

/// The origin of a cross-origin request; the opaque `null` is nobody's.
pub(crate) fn origin(headers: &HeaderMap) -> Option<String> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    (origin.starts_with("http://") || origin.starts_with("https://")).then(|| origin.to_owned())
}
