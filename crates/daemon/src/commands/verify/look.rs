//! One sink under the eye: its reader, and the walk over what it finds.

use stream_core::chain::{Verdict, Walk};
use stream_core::model::LaneSet;
use stream_core::sink::{Found, ReadBack, SinkError};

/// Reader and walk of one sink.
pub(super) struct Look {
    reader: Box<dyn ReadBack>,
    pub(super) walk: Walk,
}

impl Look {
    pub(super) fn new(sink: &str, lanes: LaneSet, reader: Box<dyn ReadBack>) -> Self {
        Self {
            reader,
            walk: Walk::new(sink, lanes),
        }
    }

    /// Reads on to where the lanes end now.
    pub(super) async fn read_on(&mut self) -> Result<(), SinkError> {
        let walk = &mut self.walk;
        let mut take = |found: Found<'_>| match found {
            Found::Record { lane, header, value } => walk.record(lane, &header, value),
            Found::Foreign { lane } => walk.foreign(lane),
            Found::Trimmed { lane, since } => walk.trimmed(lane, since),
        };
        self.reader.read_on(&mut take).await
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.walk.verdict()
    }
}
