//! What a span of ours looks like.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use stream_core::model::{Lane, Timestamp, TraceContext};
use stream_core::telemetry::{Batch, BatchEnd};

/// Span that has ended.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) context: TraceContext,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: SpanKind,
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) events: SpanEvents,
    pub(super) status: Status,
}

impl Span {
    /// What `lane` has published to `sink` within a second. Names as far as there are such are those of
    /// <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>.
    pub(super) fn of_batch(sink: &str, lane: Lane, batch: &Batch, end: BatchEnd) -> Self {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let status = match end {
            BatchEnd::Settled => Status::Ok,
            BatchEnd::GoesBack => Status::error("what was in flight is published anew, under another span"),
        };
        Self {
            context: batch.context,
            name: format!("send {lane}").into(),
            kind: SpanKind::Producer,
            began: system_time(batch.began),
            ended: system_time(batch.ended),
            attributes: vec![
                KeyValue::new("messaging.operation.type", "send"),
                KeyValue::new("messaging.batch.message_count", number(batch.records)),
                KeyValue::new("birdfeed.sink", sink.to_owned()),
                KeyValue::new("birdfeed.lane", lane.name()),
                KeyValue::new("birdfeed.bytes", number(batch.bytes)),
                KeyValue::new("birdfeed.sequence.first", number(batch.first)),
                KeyValue::new("birdfeed.sequence.last", number(batch.last)),
            ],
            events: SpanEvents::default(),
            status,
        }
    }

    /// The same as the SDK has it: a trace of its own.
    pub(super) fn into_data(self) -> SpanData {
        let (trace, span) = (
            self.context.trace().to_be_bytes(),
            self.context.span().to_be_bytes(),
        );
        SpanData {
            span_context: SpanContext::new(
                TraceId::from_bytes(trace),
                SpanId::from_bytes(span),
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: self.kind,
            name: self.name,
            start_time: self.began,
            end_time: self.ended,
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: self.events,
            links: SpanLinks::default(),
            status: self.status,
            instrumentation_scope: InstrumentationScope::builder("birdfeed")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }
}

/// Something that has happened within a span, now.
pub(super) fn event(name: &'static str, attributes: Vec<KeyValue>) -> Event {
    Event::new(name, SystemTime::now(), attributes, 0)
}

fn system_time(timestamp: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(timestamp.micros())
}
