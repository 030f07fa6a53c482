//! Labels: the closed sets of the core, as Prometheus sees them. Few series, and all of them from the start.

use source_x::rules::SyncOutcome;
use source_x::split::MessageKind;
use stream_core::model::{
    ConnectOutcome, DeadLetterReason, DisconnectReason, DropReason, FrameKind, HttpStatusLabel,
    SinkErrorClass, StreamState, WaitClass,
};

use super::span_outcome::SpanOutcome;
use crate::reload_status::ReloadResult;

/// Label whose values are a closed set.
pub(super) trait Label: Copy + PartialEq + Send + Sync + 'static {
    /// The name of the label, the same in every family.
    const KEY: &'static str;

    /// Every value that there is.
    fn all() -> Vec<Self>;

    /// The value in a series.
    fn value(self) -> &'static str;
}

/// Declares sets of the core as labels, a row each.
macro_rules! labels {
    ($($set:ty = $key:literal;)*) => {$(
        impl Label for $set {
            const KEY: &'static str = $key;

            fn all() -> Vec<Self> {
                Self::ALL.to_vec()
            }

            fn value(self) -> &'static str {
                self.name()
            }
        }
    )*};
}

labels! {
    ConnectOutcome = "outcome";
    DeadLetterReason = "reason";
    DisconnectReason = "reason";
    DropReason = "reason";
    FrameKind = "kind";
    HttpStatusLabel = "status";
    ReloadResult = "result";
    SpanOutcome = "outcome";
    SinkErrorClass = "class";
    StreamState = "state";
    SyncOutcome = "outcome";
    WaitClass = "class";
}

/// Name of a [`MessageKind`]: the core passes it on and does not know the set.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct KindName(pub(super) &'static str);

impl Label for KindName {
    const KEY: &'static str = "kind";

    fn all() -> Vec<Self> {
        MessageKind::ALL.map(|kind| Self(kind.name())).to_vec()
    }

    fn value(self) -> &'static str {
        self.0
    }
}

/// Whether the messages of a gap were asked for again, and came.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Filled(pub(super) bool);

impl Label for Filled {
    const KEY: &'static str = "filled";

    fn all() -> Vec<Self> {
        vec![Self(false), Self(true)]
    }

    fn value(self) -> &'static str {
        if self.0 { "true" } else { "false" }
    }
}
