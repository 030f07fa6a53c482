//! Tells the log of a sink's troubles: one line for all lanes that have the same.

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::sink_troubles::{News, SinkTroubles};
use crate::model::Lane;
use crate::sink::SinkError;

/// A lane's way to the one who tells of its sink's troubles.
#[derive(Clone, Debug)]
pub(crate) struct Teller(mpsc::UnboundedSender<Note>);

/// The trouble of a lane from now on. A lane sends one when that changes, after a wait of its own: few ever queue up.
type Note = (Lane, Option<SinkError>);

impl Teller {
    /// Starts to tell of the troubles of `sink`, on the current runtime, for as long as anybody has this.
    pub(crate) fn of(sink: &str) -> Self {
        let (notes, noted) = mpsc::unbounded_channel();
        tokio::spawn(tell(sink.to_owned(), noted));
        Self(notes)
    }

    /// The trouble of `lane` is this now.
    pub(super) fn note(&self, lane: Lane, trouble: Option<SinkError>) {
        // Nobody listens any more if the runtime is about to end.
        let _ = self.0.send((lane, trouble));
    }
}

async fn tell(sink: String, mut noted: mpsc::UnboundedReceiver<Note>) {
    let mut troubles = SinkTroubles::default();
    loop {
        let due = troubles.due();
        tokio::select! {
            note = noted.recv() => match note {
                Some((lane, trouble)) => troubles.note(lane, trouble, Instant::now()),
                None => break,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
        }
        log(&sink, troubles.tell(Instant::now()));
    }
    // What is not told yet must not be lost with the process.
    if let Some(due) = troubles.due() {
        log(&sink, troubles.tell(due));
    }
}

fn log(sink: &str, news: Vec<News>) {
    for news in news {
        match news {
            News::Trouble(SinkError::Operator(why), lanes) => {
                tracing::error!(sink, %lanes, why, "needs an operator");
            }
            News::Trouble(SinkError::Unavailable(why), lanes) => {
                tracing::warn!(sink, %lanes, why, "unavailable");
            }
            News::Over(lanes, after) => {
                tracing::info!(sink, %lanes, seconds = after.as_secs(), "serves again");
            }
        }
    }
}
