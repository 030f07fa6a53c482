//! Publisher: one lane's way to its writer's thread.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use stream_core::model::Record;
use stream_core::sink::{Health, Publisher, Settled, SinkError, always_well};
use tokio::sync::mpsc;

use crate::envelope::wrap;
use crate::error::gone;
use crate::writer::{Batch, Report};

/// What an envelope adds to a value, about.
const ROOM: usize = 200;

/// Publisher of one lane, which only passes on. Its writer's thread ends when it is dropped.
pub(crate) struct FilePublisher {
    pub(crate) hand_over: std::sync::mpsc::Sender<Batch>,
    pub(crate) settled: mpsc::UnboundedReceiver<Report>,
    /// Whether lines are in envelopes; and the buffer for their headers.
    pub(crate) envelope: bool,
    pub(crate) header: String,
}

impl FilePublisher {
    /// The line of `record`, without its end.
    fn line(&mut self, record: &Record) -> Bytes {
        if !self.envelope {
            return on_one_line(record.value.clone());
        }
        let mut line = Vec::with_capacity(record.value.len() + ROOM);
        wrap(record, &mut self.header, &mut line);
        on_one_line(line.into())
    }
}

/// NDJSON: a value that was sent on several lines (X's `delimited=length` allows it) stands on one. JSON has line feeds between
/// its tokens only, where a space says the same.
fn on_one_line(json: Bytes) -> Bytes {
    if memchr::memchr(b'\n', &json).is_none() {
        return json;
    }
    let one = json.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte });
    one.collect()
}

impl Publisher for FilePublisher {
    fn publish<'p>(&'p mut self, records: &'p [Record]) -> BoxFuture<'p, Result<(), SinkError>> {
        let lines = records.iter().map(|record| (record.place.seq, self.line(record)));
        let batch = lines.collect();
        // The writer has ended: `settled` says why.
        let _ = self.hand_over.send(batch);
        std::future::ready(Ok(())).boxed()
    }

    fn settled<'p>(&'p mut self, into: &'p mut Vec<Settled>) -> BoxFuture<'p, Result<(), SinkError>> {
        async {
            into.extend(self.settled.recv().await.unwrap_or_else(|| Err(gone()))?);
            Ok(())
        }
        .boxed()
    }

    fn health(&self) -> Health {
        always_well()
    }

    fn close(self: Box<Self>, _budget: Duration) -> BoxFuture<'static, ()> {
        // Everything that counts is on the disk already.
        std::future::ready(()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_several_lines_is_written_on_one() {
        let said = |text: &'static [u8]| on_one_line(Bytes::from_static(text));
        assert_eq!(said(b"{\n\"a\":\r\n1}"), &b"{ \"a\":\r 1}"[..]);
        assert_eq!(said(b"{\"a\":1}"), &b"{\"a\":1}"[..]);
    }
}
