//! Traces for a collector of OpenTelemetry (OTLP over HTTP): a span for each request, and below it those of statements,
//! password hashes, signatures and outgoing calls. Off unless `traces.endpoint` is set; then a request costs what the
//! spans cost, and never waits for the collector.

mod client;
mod exporter;
mod request;
mod sampling;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

pub(crate) use request::{RequestSpan, TRACEPARENT};

use crate::config::{self, Outbound};
use sampling::Sampling;

/// The name of the log's own span of a request, which stands beside ours.
const SPAN_OF_THE_LOG: &str = "request";

/// The target of spans that are for the collector alone; the log leaves it out. No module has this name, or the log would
/// leave out its events too.
pub const TARGET: &str = "grantor_traces";

/// Spans on their way to the collector.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send, from a thread of its own with a bounded queue. Needs the runtime it is called in.
    pub fn start(settings: &config::Traces, outbound: &Outbound) -> Result<Self, String> {
        let exporter = exporter::Exporter::new(settings, outbound)?;
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(Sampling::new(settings.sample))
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(provider))
    }

    /// What hears of spans. Events of the log stay in the log: they say what was received.
    pub fn layer<S>(&self) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("grantor"))
            .with_context_activation(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_traced).with_max_level_hint(Level::DEBUG))
    }

    /// Sends what is left, for as long as there is time. What is not sent then is lost.
    pub async fn stop(self, time: Duration) {
        let stopping = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(time));
        if let Ok(Ok(Err(error))) = tokio::time::timeout(time, stopping).await {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Spans of our own crates, none of anybody else's: what those would tell nobody here has looked at.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && *metadata.level() <= Level::DEBUG
        && metadata.target().starts_with("grantor_")
        && metadata.name() != SPAN_OF_THE_LOG
}
