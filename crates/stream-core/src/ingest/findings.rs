//! What the messages of a connection say of the connection itself. They are read here, by the one who splits them, and matter
//! to the reader, which parses nothing.

use tokio::sync::watch;

use super::batch::{Origin, Ready};
use crate::source::Verdict;

/// Verdict on one connection, from its messages so far.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Findings {
    /// The connection's number.
    pub(crate) connection: u64,
    /// Whether a message has shown that it is the stream.
    pub(crate) proven: bool,
    /// What the server said when it ended the stream, if it did.
    pub(crate) verdict: Verdict,
}

/// Writer of findings.
pub(crate) struct Finder {
    tell: watch::Sender<Findings>,
    /// What was told: most messages say nothing new.
    told: Findings,
}

impl Finder {
    /// A finder, and what it finds.
    pub(crate) fn new() -> (Self, watch::Receiver<Findings>) {
        let told = Findings::default();
        let (tell, found) = watch::channel(told.clone());
        (Self { tell, told }, found)
    }

    /// Looks at messages that have just been split.
    pub(super) fn look(&mut self, ready: &[Ready]) {
        for one in ready {
            let Origin::Stream(connection) = one.origin else {
                continue;
            };
            let current = self.told.connection == connection;
            let verdict = &one.draft.split.verdict;
            let proven = one.draft.split.is_proof();
            let news = !current || *verdict != Verdict::Continue || (proven && !self.told.proven);
            if news {
                let before = if current {
                    std::mem::take(&mut self.told)
                } else {
                    Findings::default()
                };
                self.told = Findings {
                    connection,
                    proven: before.proven || proven,
                    // The first word counts.
                    verdict: match before.verdict {
                        Verdict::Continue => verdict.clone(),
                        said => said,
                    },
                };
                self.tell.send_replace(self.told.clone());
            }
        }
    }
}
