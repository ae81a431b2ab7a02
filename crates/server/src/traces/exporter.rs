//! Batches of spans to the collector. A collector that is away is said once a minute at most; its spans are lost.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::client::Client;
use crate::complaint::Complaint;
use crate::config::{self, Outbound};

/// How long a batch may take in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// The exporter of the library over our own client.
#[derive(Debug)]
pub(super) struct Exporter {
    inner: opentelemetry_otlp::SpanExporter,
    endpoint: String,
    complaint: Complaint,
}

impl Exporter {
    pub(super) fn new(settings: &config::Traces, outbound: &Outbound) -> Result<Self, String> {
        let endpoint = format!("{}/v1/traces", settings.endpoint.as_str().trim_end_matches('/'));
        let headers: HashMap<_, _> =
            settings.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
        let inner = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(&outbound.roots, PATIENCE))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&endpoint)
            .with_headers(headers)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { inner, endpoint, complaint: Complaint::default() })
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = self.inner.export(batch).await;
        if let Err(error) = &exported
            && self.complaint.is_due()
        {
            let endpoint = self.endpoint.as_str();
            tracing::warn!(endpoint, spans, %error, setting = "traces.endpoint", "spans were lost, since the collector did not take them");
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
