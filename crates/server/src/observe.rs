//! The edge of every request: gives it a trace id, counts it, and logs what was refused, once, with the check that
//! failed, what it expected, what it received and the setting that would change it.

use std::convert::Infallible;
use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use grantor_crypto::random_bytes;
use tracing::Instrument;

use crate::app::App;
use crate::error::Failure;
use crate::extract::{Connection, is_trusted};
use crate::traces::RequestSpan;

/// The id that page, answer and log share, so that a person can name a failure and an operator find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceId(pub String);

/// The response header that carries the [`TraceId`].
pub(crate) const TRACE_HEADER: &str = "x-trace-id";

impl TraceId {
    pub(crate) fn new() -> Self {
        Self(format!("{:016x}", u64::from_be_bytes(random_bytes::<8>())))
    }
}

impl FromRequestParts<App> for TraceId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        Ok(parts.extensions.get_or_insert_with(Self::new).clone())
    }
}

/// Runs around every route of both listeners.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let version = request.version();
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let (traced, trace_id) = traced(&app, &request, method, &route);
    request.extensions_mut().insert(trace_id.clone());
    let span =
        traced.span().in_scope(|| tracing::info_span!("request", trace_id = trace_id.0, method, route));
    let answering = next.run(request).instrument(span.clone());
    let mut response = answering.instrument(traced.span().clone()).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    traced.end(status);
    app.metrics.answered(&route, method, status, elapsed.as_secs_f64());
    span.in_scope(|| {
        if let Some(failure) = response.extensions().get::<Failure>() {
            log(failure, status);
        }
        tracing::debug!(status, micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX), "answered");
    });
    if let Ok(value) = HeaderValue::from_str(&trace_id.0) {
        response.headers_mut().insert(TRACE_HEADER, value);
    }
    app.drain.end_connection(version, &mut response);
    response
}

/// The request's span for the collector, where there is one, and its id.
fn traced(app: &App, request: &Request, method: &'static str, route: &str) -> (RequestSpan, TraceId) {
    if app.config.traces.is_none() {
        return (RequestSpan::none(), TraceId::new());
    }
    let connection = request.extensions().get::<Connection>();
    let is_believed =
        connection.is_some_and(|connection| is_trusted(connection.addr.ip(), &app.config.trusted_proxies));
    RequestSpan::begin(method, route, is_believed.then(|| request.headers()))
}

/// The longest part of a caller's value that is logged, in characters.
const RECEIVED_LIMIT: usize = 200;

fn log(failure: &Failure, status: u16) {
    match failure {
        Failure::Refused(refusal) => {
            let received: String = refusal.received.chars().take(RECEIVED_LIMIT).collect();
            tracing::info!(
                status,
                error = refusal.code.name(),
                check = refusal.check,
                expected = refusal.expected,
                received,
                setting = refusal.setting.unwrap_or("none"),
                "refused"
            );
        }
        Failure::TooLarge(what, _) => {
            tracing::info!(status, check = "size", what, setting = "limits", "refused");
        }
        Failure::Unavailable(reason) => tracing::warn!(status, reason, "unavailable"),
        Failure::Internal(reason) => tracing::error!(status, reason, "failed"),
    }
}

/// A method as a label: the ones we route, so that an invented one adds no series.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}
