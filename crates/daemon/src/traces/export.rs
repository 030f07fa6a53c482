//! Takes spans to the collector. Tracing must never cost a message: what the collector does not take is counted and gone.

use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::SpanExporter;
use tokio::sync::mpsc;

use super::endpoint::Endpoint;
use super::span::Span;
use crate::metrics::{Metrics, SpanOutcome};

/// How long the collector may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long spans are gathered for one request.
const GATHER: Duration = Duration::from_secs(1);
/// The most in one request.
const AT_ONCE: usize = 512;

/// A client of the collector. Headers, and what is said of this process, are those of the standard's variables:
/// `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`.
pub(super) fn exporter(collector: &Endpoint) -> Result<impl SpanExporter + use<>, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_native_roots()
        .map_err(|error| format!("reading the system's certificates: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    let mut exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(HyperClient::new(connector, DEADLINE, None))
        .with_endpoint(collector.traces())
        .with_timeout(DEADLINE)
        .build()
        .map_err(|error| error.to_string())?;
    exporter.set_resource(&resource());
    Ok(exporter)
}

/// This process, `birdfeed` unless the environment calls it otherwise.
fn resource() -> Resource {
    let named = ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"];
    let is_named = named.into_iter().any(|variable| {
        std::env::var(variable)
            .is_ok_and(|value| variable == "OTEL_SERVICE_NAME" || value.contains("service.name="))
    });
    let resource = Resource::builder();
    if is_named {
        return resource.build();
    }
    resource.with_service_name("birdfeed").build()
}

/// Takes what comes in `spans` to the collector at `address`, until nobody sends any more.
pub(super) async fn export(
    exporter: impl SpanExporter,
    address: String,
    mut spans: mpsc::Receiver<Span>,
    metrics: Arc<Metrics>,
) {
    let mut is_away = false;
    let mut batch = Vec::new();
    while let Some(first) = spans.recv().await {
        batch.push(first);
        let gathered =
            async { while spans.recv_many(&mut batch, AT_ONCE).await > 0 && batch.len() < AT_ONCE {} };
        let _ = tokio::time::timeout(GATHER, gathered).await;
        let number = batch.len() as u64;
        let sent = exporter.export(batch.drain(..).map(Span::into_data).collect());
        let sent = tokio::time::timeout(DEADLINE, sent).await;
        let sent = sent.unwrap_or(Err(OTelSdkError::Timeout(DEADLINE)));
        let outcome = if sent.is_ok() {
            SpanOutcome::Sent
        } else {
            SpanOutcome::Lost
        };
        metrics.spans(outcome, number);
        is_away = told(&address, &sent, is_away);
    }
}

/// Says that the collector takes nothing, or takes something again, once each; whether it takes nothing.
fn told(address: &str, sent: &OTelSdkResult, was_away: bool) -> bool {
    match sent {
        Err(error) if !was_away => {
            tracing::warn!(address, %error, "the collector takes no traces: they are lost, and messages are not");
        }
        Ok(()) if was_away => tracing::info!(address, "the collector takes traces again"),
        _ => {}
    }
    sent.is_err()
}
