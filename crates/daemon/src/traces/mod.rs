//! Traces: what the data path tells becomes spans for a collector, over OTLP (<https://opentelemetry.io/docs/specs/otlp/>).
//!
//! | module | what it does |
//! |---|---|
//! | `endpoint` | where the collector is |
//! | `cycle` | one span for each time without a stream, its attempts and waits in it |
//! | `span` | what a span of ours looks like |
//! | `export` | takes spans to the collector, and counts those that do not get there |

mod cycle;
mod endpoint;
mod export;
mod span;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stream_core::model::TraceContext;
use stream_core::telemetry::{Observation, Observer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::cycle::Cycle;
pub(crate) use self::endpoint::Endpoint;
use self::span::Span;
use crate::metrics::{Metrics, SpanOutcome};

/// As many spans wait for the collector at most, some 500 bytes each; more are lost, and counted.
const QUEUE: usize = 4096;
/// How long the last ones may take.
const FAREWELL: Duration = Duration::from_secs(3);

/// The observer of a traced data path: counts what happens, and makes spans of it.
pub(crate) struct Traced {
    metrics: Arc<Metrics>,
    cycle: Mutex<Cycle>,
    spans: mpsc::Sender<Span>,
}

/// Takes spans to the collector.
pub(crate) struct Exporting(JoinHandle<()>);

impl Traced {
    /// Counts in `metrics`, and takes spans of the stream of this name to `collector`. Called within a runtime. An error says
    /// why there can be none.
    pub(crate) fn start(
        collector: &Endpoint,
        stream: &str,
        metrics: Arc<Metrics>,
    ) -> Result<(Arc<Self>, Exporting), String> {
        let (spans, taken) = mpsc::channel(QUEUE);
        let exporter = export::exporter(collector)?;
        let address = collector.to_string();
        let exporting = tokio::spawn(export::export(exporter, address, taken, metrics.clone()));
        let traced = Self {
            metrics,
            cycle: Mutex::new(Cycle::at_start(stream)),
            spans,
        };
        Ok((Arc::new(traced), Exporting(exporting)))
    }
}

impl Observer for Traced {
    fn on(&self, observed: Observation<'_>) {
        self.metrics.on(observed);
        let span = match observed {
            Observation::Published {
                sink,
                lane,
                batch,
                end,
            } => Some(Span::of_batch(sink, lane, &batch, end)),
            Observation::Connect { .. } | Observation::Disconnected { .. } | Observation::Waiting { .. } => {
                self.cycle.lock().on(&observed)
            }
            _ => None,
        };
        if span.is_some_and(|span| self.spans.try_send(span).is_err()) {
            self.metrics.spans(SpanOutcome::Lost, 1);
        }
    }

    fn trace(&self) -> Option<TraceContext> {
        Some(TraceContext::random())
    }
}

impl Exporting {
    /// Lets the last spans get there, for some seconds. The data path has ended, and its observer is gone.
    pub(crate) async fn finish(self) {
        // What does not get there by then is lost with the process.
        let _ = tokio::time::timeout(FAREWELL, self.0).await;
    }
}
