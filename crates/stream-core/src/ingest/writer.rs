//! The one writer: takes what waits at the inlet, splits it, appends it to the journal, hands it to the tail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::{AppendError, Appender, Entry};
use tokio::sync::{mpsc, oneshot};

use super::queue::{IngestQueue, Item};
use super::quota::JournalQuota;
use crate::log::{HEAD_LEN, Head, Kind, SplitMessage, Splitter, TailCache};
use crate::model::{DeadLetter, Frame, Lane, LaneSet, Timestamp};
use crate::source::{Split, Verdict};
use crate::telemetry::{HEARTBEAT_PERIOD, Heartbeat, Observation, Observer, StatusCell, StreamStatus};

/// How much is appended at once.
const BATCH_BYTES: usize = 512 * 1024;
/// How long to wait before the journal is tried again.
const RETRY: Duration = Duration::from_millis(100);
/// How often every lane is woken while messages come in, so that the cursors of quiet lanes follow.
const WAKE_ALL: Duration = Duration::from_millis(25);

/// The server's goodbye, found in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerDisconnect {
    /// The connection that brought it.
    pub connection: u64,
    /// The server's words.
    pub detail: String,
}

/// The writer's belongings.
pub(crate) struct Ingest {
    /// Where items wait.
    pub queue: Arc<IngestQueue>,
    /// The journal's writing end.
    pub appender: Appender,
    /// How much of the journal is for what.
    pub quota: JournalQuota,
    /// How messages split.
    pub splitter: Arc<Splitter>,
    /// Where split messages go.
    pub cache: Arc<TailCache>,
    /// Who counts.
    pub observer: Arc<dyn Observer>,
    /// What the stream says of itself.
    pub status: StatusCell<StreamStatus>,
    /// Who must know of a goodbye.
    pub disconnects: mpsc::UnboundedSender<ServerDisconnect>,
    /// Its sign of life.
    pub heartbeat: Arc<Heartbeat>,
    /// This process start.
    pub epoch: u64,
    /// Until when the stream was seen: what no connection brought is journaled with this time, so that a restart knows it.
    pub seen: Timestamp,
}

/// One item or frame, ready to be appended.
struct Ready {
    head: Head,
    encoded: [u8; HEAD_LEN],
    payload: Bytes,
    split: Split,
    /// The connection that brought it; 0 for what no connection brought.
    connection: u64,
}

/// What items come to.
struct Prepared {
    /// The dead letters of lanes.
    letters: Vec<Ready>,
    /// Everything else.
    rest: Vec<Ready>,
    /// Who waits for the letters.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Ready {
    /// Whether it was read from the stream.
    fn is_line(&self) -> bool {
        self.connection != 0
    }

    /// Whether it is the dead letter of a lane: a dead letter that no connection brought.
    fn is_letter(&self) -> bool {
        self.head.kind == Kind::DeadLetter && !self.is_line()
    }

    /// What it takes on disk, about.
    fn bytes(&self) -> u64 {
        (HEAD_LEN + self.payload.len()) as u64 + 32
    }
}

/// What is to be appended at once, in portions of at most about `limit` bytes: almost always one.
fn portions(ready: Vec<Ready>, limit: u64) -> impl Iterator<Item = Vec<Ready>> {
    let mut ready = ready.into_iter().peekable();
    std::iter::from_fn(move || {
        let first = ready.next()?;
        let mut bytes = first.bytes();
        let mut portion = vec![first];
        while let Some(one) = ready.next_if(|one| bytes + one.bytes() <= limit) {
            bytes += one.bytes();
            portion.push(one);
        }
        Some(portion)
    })
}

fn lines(ready: &[Ready]) -> u64 {
    ready.iter().filter(|one| one.is_line()).count() as u64
}

impl Ingest {
    /// Works until the inlet is closed and empty, and gives the journal's writing end back. Blocks: runs on a thread of its
    /// own.
    pub(crate) fn run(mut self) -> Appender {
        let mut woken_all = Instant::now();
        // Whether something has come in since every lane was woken.
        let mut owed = false;
        let patience = |owed| if owed { WAKE_ALL } else { HEARTBEAT_PERIOD };
        while let Some(items) = self.queue.next(BATCH_BYTES, patience(owed)) {
            self.heartbeat.beat();
            if !items.is_empty() {
                if let Err(lost) = self.keep(items) {
                    self.forced_end(lost + self.queue.abandon());
                    break;
                }
                owed = true;
            }
            if owed && woken_all.elapsed() >= WAKE_ALL {
                self.cache.wake(self.splitter.enabled);
                (woken_all, owed) = (Instant::now(), false);
            }
        }
        self.appender
    }

    /// Journals `items` and hands them on; the number of lines that are lost if the end came first.
    fn keep(&mut self, items: Vec<Item>) -> Result<(), u64> {
        let weight = IngestQueue::weight(&items);
        let Prepared {
            letters,
            rest,
            waiting,
        } = self.prepare(items);
        let limit = self.quota.portion();
        // Dead letters of lanes apart from the rest: the journal has kept room for them.
        let mut portions = portions(letters, limit).chain(portions(rest, limit));
        let mut lanes = LaneSet::default();
        while let Some(portion) = portions.next() {
            let Some(first) = self.append(&portion) else {
                return Err(lines(&portion) + portions.map(|portion| lines(&portion)).sum::<u64>());
            };
            lanes = lanes.union(self.publish(first, portion));
        }
        self.cache.wake(lanes);
        for journaled in waiting {
            // A lane that no longer listens has been told to stop.
            let _ = journaled.send(());
        }
        self.queue.done(weight);
        Ok(())
    }

    fn prepare(&mut self, items: Vec<Item>) -> Prepared {
        let (mut letters, mut rest, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::Frames {
                    connection,
                    received_at,
                    frames,
                } => {
                    self.seen = received_at;
                    let frames = frames
                        .into_iter()
                        .filter_map(|frame| self.frame(frame, connection, received_at));
                    rest.extend(frames);
                }
                Item::Event(json, seen) => {
                    self.seen = seen;
                    rest.push(self.ready(Kind::Event, seen, json, 0));
                }
                Item::DeadLetter(json, journaled) => {
                    letters.push(self.ready(Kind::DeadLetter, self.seen, json, 0));
                    waiting.push(journaled);
                }
            }
        }
        Prepared {
            letters,
            rest,
            waiting,
        }
    }

    fn frame(&self, frame: Frame, connection: u64, received_at: Timestamp) -> Option<Ready> {
        match frame {
            Frame::KeepAlive => None,
            Frame::Message(line) => Some(self.ready(Kind::Message, received_at, line, connection)),
            Frame::Oversize(line) => {
                let letter = DeadLetter::oversize(received_at, line).to_json();
                Some(self.ready(Kind::DeadLetter, received_at, letter, connection))
            }
        }
    }

    fn ready(&self, kind: Kind, received_at: Timestamp, payload: Bytes, connection: u64) -> Ready {
        let split = self.splitter.split(kind, received_at, &payload);
        let head = Head {
            kind,
            epoch: self.epoch,
            received_at,
            lanes: split.lanes(),
        };
        Ready {
            head,
            encoded: head.encode(),
            payload,
            split,
            connection,
        }
    }

    /// Appends, however long it takes; `None` if the end came while the journal would not take it.
    fn append(&mut self, ready: &[Ready]) -> Option<u64> {
        let bytes = ready.iter().map(Ready::bytes).sum();
        let letters = ready.iter().all(Ready::is_letter);
        loop {
            let quota = if letters { Ok(()) } else { self.quota.check(bytes) };
            match quota.and_then(|()| self.write(ready)) {
                Ok(first) => {
                    self.unblocked();
                    return Some(first);
                }
                Err(error) => self.blocked(&error.to_string()),
            }
            if self.queue.has_expired() {
                return None;
            }
            self.let_dead_letters_pass();
            self.heartbeat.beat();
            std::thread::sleep(RETRY);
        }
    }

    fn write(&mut self, ready: &[Ready]) -> Result<u64, AppendError> {
        let entries: Vec<_> = ready
            .iter()
            .map(|one| Entry {
                head: &one.encoded,
                body: &one.payload,
            })
            .collect();
        Ok(self.appender.append(&entries)?.start)
    }

    /// Dead letters do not wait behind what the journal has no room for: they may be what keeps it full.
    fn let_dead_letters_pass(&mut self) {
        for letter in self.queue.dead_letters().into_iter().flatten() {
            let weight = IngestQueue::weight(std::slice::from_ref(&letter));
            let Item::DeadLetter(json, journaled) = letter else {
                continue;
            };
            let ready = self.ready(Kind::DeadLetter, self.seen, json.clone(), 0);
            self.queue.done(weight);
            match self.write(std::slice::from_ref(&ready)) {
                Ok(first) => {
                    let lanes = self.publish(first, vec![ready]);
                    self.cache.wake(lanes);
                    let _ = journaled.send(());
                }
                Err(_) => self.queue.put(Item::DeadLetter(json, journaled)),
            }
        }
    }

    fn publish(&self, first: u64, ready: Vec<Ready>) -> LaneSet {
        let end = first + ready.len() as u64;
        let mut lanes = LaneSet::default();
        let (mut messages, mut oversize) = (0, 0);
        let routed: Vec<_> = (first..)
            .zip(ready)
            .map(|(seq, one)| {
                let (kind, connection, is_line) = (one.head.kind, one.connection, one.is_line());
                let routed = self.splitter.route(seq, one.head, one.split);
                lanes = lanes.union(routed.lanes);
                match kind {
                    Kind::Message => {
                        messages += 1;
                        self.note(&routed, connection);
                    }
                    Kind::DeadLetter if is_line => {
                        oversize += 1;
                        self.dead_letter("oversize");
                    }
                    Kind::DeadLetter | Kind::Event => {}
                }
                routed
            })
            .collect();
        self.status.update(|status| {
            status.messages += messages;
            status.oversize += oversize;
            status.waiting -= messages + oversize;
        });
        self.cache.push(routed, end);
        lanes
    }

    fn note(&self, routed: &SplitMessage, connection: u64) {
        let lag = routed
            .split
            .created_at
            .map(|created_at| routed.received_at.since(created_at));
        self.observer.on(Observation::Message {
            kind: routed.split.kind,
            lag,
        });
        if let Some(reason) = routed.split.dead_letter {
            self.dead_letter(reason);
        }
        if let Verdict::Disconnect(detail) = &routed.split.verdict {
            // If nobody listens, the stream has been closed already.
            let _ = self.disconnects.send(ServerDisconnect {
                connection,
                detail: detail.clone(),
            });
        }
    }

    /// Counts a message that cannot be read: without the lane for it, it goes nowhere.
    fn dead_letter(&self, reason: &'static str) {
        self.observer
            .on(if self.splitter.enabled.contains(Lane::DeadLetter) {
                Observation::DeadLetter { reason }
            } else {
                Observation::Dropped { reason, messages: 1 }
            });
    }

    fn blocked(&self, why: &str) {
        let new = self
            .status
            .update(|status| status.journal_blocked.replace(why.to_owned()).is_none());
        if new {
            tracing::error!(why, "the journal takes no messages; they wait in memory");
        }
    }

    fn unblocked(&self) {
        if self
            .status
            .update(|status| status.journal_blocked.take())
            .is_some()
        {
            tracing::info!("the journal takes messages again");
        }
    }

    fn forced_end(&self, lost: u64) {
        if lost > 0 {
            tracing::error!(
                lost,
                "stopped while the journal would not take these messages; they are lost"
            );
            self.status.update(|status| {
                status.dropped += lost;
                status.waiting -= lost;
            });
            self.observer.on(Observation::Dropped {
                reason: "journal_unavailable",
                messages: lost,
            });
        }
    }
}
