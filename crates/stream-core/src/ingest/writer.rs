//! Write-ahead: the one writer takes what waits at the queue, splits it, appends it to the journal (trying again for as long
//! as it takes), and publishes it to the cache of the newest messages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::{AppendError, Appender};

use super::batch::{Batch, Batcher, Origin, Ready, lines, portions};
use super::dedupe::Deduper;
use super::queue::{IngestQueue, Item};
use super::quota::JournalQuota;
use crate::intake::{Finder, RECOVERY};
use crate::log::{Draft, Kind, LogWriter, Message, Splitter, Tail};
use crate::model::{DeadLetterReason, DropReason, Lane, StreamEvent, Timestamp};
use crate::telemetry::{HEARTBEAT_PERIOD, Heartbeat, Observation, Observer, StatusCell, StreamStatus};

/// How much is appended at once.
const BATCH_BYTES: usize = 512 * 1024;
/// How long to wait before the journal is tried again.
const RETRY: Duration = Duration::from_millis(100);
/// How often the journal is told of the lanes that rest while messages come in, so that it is trimmed behind them.
const TELL_CURSORS: Duration = Duration::from_millis(25);

/// Single writer of the journal, with all that it needs.
pub(crate) struct Ingest {
    pub(crate) queue: Arc<IngestQueue>,
    /// The journal's writing end.
    pub(crate) log: LogWriter,
    /// How much of the journal is for what.
    pub(crate) quota: JournalQuota,
    pub(crate) splitter: Arc<Splitter>,
    /// Where split messages go.
    pub(crate) tail: Arc<Tail>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: StatusCell<StreamStatus>,
    /// Who must know what messages say of their connection.
    pub(crate) finder: Finder,
    pub(crate) heartbeat: Arc<Heartbeat>,
    /// Until when the stream was seen: what no connection brought is journaled with this time, so that a restart knows it.
    pub(crate) seen: Timestamp,
    /// What came before.
    pub(crate) deduper: Deduper,
    /// The last connection that has brought a post.
    pub(crate) resumed: u64,
    /// A connection's number, and what the server says that it has held back of it so far.
    pub(crate) undelivered: (u64, u64),
}

impl Ingest {
    /// Works until the queue is closed and empty, and gives the journal's writing end back. Blocks: runs on a thread of its
    /// own.
    pub(crate) fn run(mut self) -> Appender {
        let mut told = Instant::now();
        // Whether something has come in since the journal was told.
        let mut owed = false;
        let patience = |owed| if owed { TELL_CURSORS } else { HEARTBEAT_PERIOD };
        while let Some(items) = self.queue.next(BATCH_BYTES, patience(owed)) {
            self.heartbeat.beat();
            if !items.is_empty() {
                if let Err(lost) = self.keep(items) {
                    self.forced_end(lost + self.queue.abandon());
                    break;
                }
                owed = true;
            }
            if owed && told.elapsed() >= TELL_CURSORS {
                self.tail.tell_cursors(&self.quota.journal);
                (told, owed) = (Instant::now(), false);
            }
        }
        self.log.into_appender()
    }

    /// Journals `items` and hands them on; the number of lines that are lost if the end came first.
    fn keep(&mut self, items: Vec<Item>) -> Result<(), u64> {
        let weight = IngestQueue::weight(&items);
        let mut batcher = self.batcher();
        let Batch {
            letters,
            mut rest,
            waiting,
            marks,
            surplus,
        } = batcher.batch(items);
        self.seen = batcher.seen;
        if surplus > 0 {
            self.status.update(|status| {
                status.received += surplus;
                status.waiting += surplus;
            });
        }
        // At once, not when the disk has taken them: the reader waits for it.
        self.look(&rest);
        for reached in marks {
            // A reader that no longer waits knows enough.
            let _ = reached.send(());
        }
        self.sift(&mut rest);
        let limit = self.quota.portion();
        // Dead letters of lanes apart from the rest: the journal has kept room for them.
        let mut portions = portions(letters, limit).chain(portions(rest, limit));
        while let Some(portion) = portions.next() {
            let Some(messages) = self.append(&portion) else {
                return Err(lines(&portion) + portions.map(|portion| lines(&portion)).sum::<u64>());
            };
            self.publish(&portion, messages);
        }
        for journaled in waiting {
            // A lane that no longer listens has been told to stop.
            let _ = journaled.send(());
        }
        self.queue.done(weight);
        Ok(())
    }

    /// Says what messages that have just been split mean for their connection.
    fn look(&mut self, ready: &[Ready]) {
        for one in ready {
            if let Origin::Stream(connection) = one.origin
                && connection != RECOVERY
            {
                self.finder.look(connection, &one.draft.split);
            }
        }
    }

    /// Takes out what came before.
    fn sift(&mut self, ready: &mut Vec<Ready>) {
        let messages = self.deduper.sift(ready);
        if messages > 0 {
            self.status.update(|status| {
                status.repeats += messages;
                status.waiting -= messages;
            });
            self.observer.on(Observation::Suppressed { messages });
        }
    }

    fn batcher(&self) -> Batcher<'_> {
        Batcher {
            splitter: &self.splitter,
            seen: self.seen,
        }
    }

    /// Appends, however long it takes; `None` if the end came while the journal would not take it.
    fn append(&mut self, ready: &[Ready]) -> Option<Vec<Message>> {
        let bytes = ready.iter().map(Ready::bytes).sum();
        let letters = ready.iter().all(Ready::is_letter);
        loop {
            let room = if letters { Ok(()) } else { self.quota.check(bytes) };
            match room.and_then(|()| self.write(ready)) {
                Ok(messages) => {
                    self.unblocked();
                    return Some(messages);
                }
                Err(error) => self.blocked(&error.to_string()),
            }
            if self.queue.has_expired() {
                return None;
            }
            self.let_dead_letters_pass();
            // Lanes that rest may be what keeps it full.
            self.tail.tell_cursors(&self.quota.journal);
            self.heartbeat.beat();
            std::thread::sleep(RETRY);
        }
    }

    fn write(&mut self, ready: &[Ready]) -> Result<Vec<Message>, AppendError> {
        self.log.append(ready.iter().map(|one| &one.draft))
    }

    /// Dead letters do not wait behind what the journal has no room for: they may be what keeps it full.
    fn let_dead_letters_pass(&mut self) {
        for letter in self.queue.dead_letters().into_iter().flatten() {
            let weight = IngestQueue::weight(std::slice::from_ref(&letter));
            let Item::DeadLetter(json, journaled) = letter else {
                continue;
            };
            let ready = self.batcher().letter(json.clone());
            self.queue.done(weight);
            match self.write(std::slice::from_ref(&ready)) {
                Ok(messages) => {
                    self.publish(std::slice::from_ref(&ready), messages);
                    let _ = journaled.send(());
                }
                Err(_) => self.queue.put(Item::DeadLetter(json, journaled)),
            }
        }
    }

    /// Counts what is journaled, and hands it to the lanes.
    fn publish(&mut self, ready: &[Ready], split: Vec<Message>) {
        self.deduper.note(ready, &split);
        // First: what the stream counts as journaled, lanes have been given.
        self.tail.push(split, self.log.chain(), self.log.end());
        let (mut messages, mut oversize) = (0, 0);
        for Ready { draft, origin, .. } in ready.iter().filter(|one| one.is_line()) {
            if draft.kind == Kind::DeadLetter && draft.split.dead_letter.is_none() {
                oversize += 1;
                self.dead_letter(DeadLetterReason::Oversize);
            } else {
                messages += 1;
                self.note(draft);
                self.held_back(*origin, draft);
            }
        }
        let last_post = self.edges(ready);
        self.status.update(|status| {
            status.messages += messages;
            status.oversize += oversize;
            status.waiting -= messages + oversize;
            status.last_post = last_post.or_else(|| status.last_post.take());
        });
    }

    /// Tells of the first post of a connection, and gives the last one: they are the edges of gaps.
    fn edges(&mut self, ready: &[Ready]) -> Option<String> {
        let mut last = None;
        for (connection, post) in ready.iter().filter_map(Ready::live_post) {
            last = Some(post);
            if connection != self.resumed {
                self.resumed = connection;
                self.sees_again(&String::from_utf8_lossy(post));
            }
        }
        last.map(|post| String::from_utf8_lossy(post).into_owned())
    }

    /// The first post of a connection ends the gap before it, if there was one.
    fn sees_again(&self, first_post: &str) {
        let ended = self.status.update(|status| {
            let gap = status.gaps.last_mut().filter(|gap| gap.first_post.is_none())?;
            gap.first_post = Some(first_post.to_owned());
            Some((gap.from, gap.to))
        });
        if let Some((from, to)) = ended {
            let stream = &String::from_utf8_lossy(&self.splitter.stream);
            let event = StreamEvent::GapResumed {
                stream,
                from,
                to,
                first_post,
            };
            self.queue.put(Item::Event(event.to_json(), None));
        }
    }

    fn note(&self, draft: &Draft) {
        let created_at = draft.split.created_at;
        self.observer.on(Observation::Message {
            kind: draft.split.kind,
            lag: created_at.map(|created_at| draft.received_at.since(created_at)),
            matching_rules: draft.matching_rules(),
        });
        if let Some(reason) = draft.split.dead_letter {
            self.dead_letter(reason);
        }
    }

    /// Counts what the server says that it holds back: it tells the sum since the connection began.
    fn held_back(&mut self, origin: Origin, draft: &Draft) {
        let (Origin::Stream(connection), Some(sum)) = (origin, draft.split.undelivered) else {
            return;
        };
        let (of, before) = std::mem::replace(&mut self.undelivered, (connection, sum));
        let before = if of == connection { before } else { 0 };
        let messages = sum.saturating_sub(before);
        self.undelivered.1 = sum.max(before);
        self.observer.on(Observation::Undelivered { messages });
    }

    /// Counts a message that cannot be read: without the lane for it, it goes nowhere.
    fn dead_letter(&self, reason: DeadLetterReason) {
        self.observer
            .on(if self.splitter.enabled.contains(Lane::DeadLetter) {
                Observation::DeadLetter { reason }
            } else {
                Observation::Dropped {
                    reason: DropReason::NoDeadLetters(reason),
                    messages: 1,
                }
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
                reason: DropReason::JournalUnavailable,
                messages: lost,
            });
        }
    }
}
