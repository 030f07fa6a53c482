//! One sink under the eye: its reader, and the walk over what it finds.

use std::time::Duration;

use stream_core::chain::{Verdict, Walk};
use stream_core::model::LaneSet;
use stream_core::pipeline::NamedSink;
use stream_core::sink::{Found, ReadBack, ReadBackError, SinkError};

use super::advice::NOTHING;
use crate::exit::{CommandError, SysExit};

/// How often is looked again for what may still be on its way.
pub(super) const EVERY: Duration = Duration::from_secs(1);

/// Reader and walk of one sink.
pub(super) struct Look {
    reader: Box<dyn ReadBack>,
    walk: Walk,
}

impl Look {
    /// Opens the sink; the outer error ends the command, the inner one is this sink's alone.
    pub(super) async fn open(
        sink: &NamedSink,
        lanes: LaneSet,
    ) -> Result<Result<Self, SinkError>, CommandError> {
        let name = &sink.name;
        match sink.sink.read_back().await {
            Ok(reader) => Ok(Ok(Self {
                reader,
                walk: Walk::new(name, lanes),
            })),
            Err(ReadBackError::Sink(error)) => Ok(Err(error)),
            Err(ReadBackError::NotKept(why)) => {
                let message = format!("sink {name}: {why} (--sink verifies another one alone)");
                Err(CommandError::new(SysExit::Usage, message))
            }
        }
    }

    /// Reads on to where the lanes end now.
    pub(super) async fn read_on(&mut self) -> Result<(), SinkError> {
        let walk = &mut self.walk;
        let mut take = |found: Found<'_>| match found {
            Found::Record { lane, header, value } => walk.record(lane, &header, value),
            Found::Foreign { lane } => walk.foreign(lane),
            Found::Trimmed { lane, part, since } => walk.trimmed(lane, part, since),
        };
        self.reader.read_on(&mut take).await
    }

    /// The verdict. Of nothing at all nothing can be said: a prefix, a folder or a vhost that is not the daemon's looks the same.
    pub(super) fn verdict(&self) -> Result<Verdict, SinkError> {
        let verdict = self.walk.verdict();
        if verdict.lanes.iter().any(|lane| lane.records > 0) {
            return Ok(verdict);
        }
        Err(SinkError::Operator(NOTHING.to_owned()))
    }
}
