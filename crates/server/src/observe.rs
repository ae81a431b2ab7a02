//! What is seen of every request: its trace id, its count, and what was refused of it, logged, once, with the check that
//! failed, what it expected, what it received and the setting that would change it.

use std::convert::Infallible;
use std::time::Instant;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Version};
use axum::response::Response;
use grantor_crypto::random_bytes;
use tracing::{Instrument, Span};

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

/// A request that is being answered.
pub(crate) struct Observed {
    route: &'static str,
    method: &'static str,
    version: Version,
    started: Instant,
    traced: RequestSpan,
    trace_id: TraceId,
    span: Span,
}

impl Observed {
    /// Gives the request its trace id.
    pub(crate) fn begin(app: &App, route: &'static str, request: &mut Request) -> Self {
        let started = Instant::now();
        let method = method_name(request.method());
        let (traced, trace_id) = traced(app, request, method, route);
        request.extensions_mut().insert(trace_id.clone());
        let span =
            traced.span().in_scope(|| tracing::info_span!("request", trace_id = trace_id.0, method, route));
        Self { route, method, version: request.version(), started, traced, trace_id, span }
    }

    /// Whatever is logged on the way to the answer is logged under the request.
    pub(crate) fn around(&self, answering: impl Future<Output = Response>) -> impl Future<Output = Response> {
        answering.instrument(self.span.clone()).instrument(self.traced.span().clone())
    }

    /// Counts the answer, and logs what was refused.
    pub(crate) fn end(self, app: &App, response: &mut Response) {
        let elapsed = self.started.elapsed();
        let status = response.status().as_u16();
        self.traced.end(status);
        app.metrics.answered(self.route, self.method, status, elapsed.as_secs_f64());
        self.span.in_scope(|| {
            if let Some(failure) = response.extensions().get::<Failure>() {
                log(failure, status);
            }
            let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
            tracing::debug!(status, micros, "answered");
        });
        if let Ok(value) = HeaderValue::try_from(self.trace_id.0) {
            response.headers_mut().insert(TRACE_HEADER, value);
        }
        app.drain.end_connection(self.version, response);
    }
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
