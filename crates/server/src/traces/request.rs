//! The span of a request: its route, its method, its status, and nothing that the caller says (security.md T202).

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::TARGET;
use crate::observe::TraceId;

/// How a caller says of which trace a request is part (W3C Trace Context section 3.2).
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The span of one request; none where traces are off, and of those who only ask whether we live.
#[derive(Clone, Debug)]
pub(crate) struct RequestSpan(Span);

/// The one header that is believed, of a trusted proxy; `tracestate` may have come from anybody.
struct Traceparent<'a>(&'a str);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

impl RequestSpan {
    /// None.
    pub(crate) fn none() -> Self {
        Self(Span::none())
    }

    /// Begins one, and says under which id the request is known. It continues the trace of `headers` where those come from
    /// a trusted proxy, which the caller knows; the request's id is then its own all the same, since one trace may have
    /// many requests.
    pub(crate) fn begin(method: &'static str, route: &str, headers: Option<&HeaderMap>) -> (Self, TraceId) {
        if route.starts_with("/health/") || route == "/metrics" {
            return (Self::none(), TraceId::new());
        }
        let span = tracing::debug_span!(
            target: TARGET,
            "http",
            otel.name = format!("{method} {route}"),
            otel.kind = "server",
            http.request.method = method,
            http.route = route,
            http.response.status_code = field::Empty,
        );
        let parent = headers.and_then(|headers| {
            let mut lines = headers.get_all(TRACEPARENT).iter();
            let line = lines.next()?.to_str().ok().filter(|_| lines.next().is_none())?;
            let parent = TraceContextPropagator::new().extract(&Traceparent(line));
            parent.span().span_context().is_valid().then_some(parent)
        });
        let is_continued = parent.is_some_and(|parent| span.set_parent(parent).is_ok());
        let own = span.context().span().span_context().trace_id();
        let trace_id = if is_continued || own == opentelemetry::TraceId::INVALID {
            TraceId::new()
        } else {
            TraceId(own.to_string())
        };
        span.set_attribute("http.response.header.x-trace-id", trace_id.0.clone());
        (Self(span), trace_id)
    }

    /// What becomes part of it is done in it.
    pub(crate) fn span(&self) -> &Span {
        &self.0
    }

    /// Notes how the request ended.
    pub(crate) fn end(&self, status: u16) {
        if self.0.is_none() {
            return;
        }
        self.0.record("http.response.status_code", i64::from(status));
        if status >= 500 {
            self.0.set_status(Status::error(""));
        }
    }
}
