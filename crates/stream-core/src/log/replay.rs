//! The journal for lanes that have fallen behind: read and decoded once in blocks, which all that lag together share.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, mpsc};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use journal::{Journal, Reader};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::chain::Chain;
use super::entry::{Entry, ForeignEntry};
use super::item::{Item, Lost};
use super::message::Message;
use super::tail::Tail;

/// How many bytes a block is about.
const BLOCK_BYTES: usize = 256 * 1024;
/// How many holes are remembered as told.
const REMEMBERED: usize = 1_024;

/// Why the journal could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum LaneReadError {
    /// The disk: the messages are still there.
    #[error("the journal cannot be read: {0}")]
    Io(Arc<io::Error>),
    /// The contents: our own state is not what we wrote, which stops the process.
    #[error(transparent)]
    Foreign(#[from] ForeignEntry),
}

impl From<io::Error> for LaneReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

type OnHole = Box<dyn Fn(&Range<u64>) + Send + Sync>;
type Job = Box<dyn FnOnce() + Send>;

/// Shared reads: a few blocks of the journal, the latest used last.
pub(crate) struct Replay {
    /// To the thread `replay`. Reading the page cache and decoding take about a millisecond, the disk far longer: too long for a
    /// runtime's worker. One thread for all, for memory that was allocated by many is given back by none.
    jobs: mpsc::Sender<Job>,
    journal: Journal,
    tail: Arc<Tail>,
    /// How many bytes of blocks are kept, about; the latest is always.
    limit: usize,
    /// Told of every hole, once.
    tell: OnHole,
    told: Mutex<VecDeque<Range<u64>>>,
    slots: Mutex<VecDeque<Slot>>,
}

#[derive(Clone)]
struct Slot {
    start: u64,
    block: Shared<BoxFuture<'static, Result<Arc<Block>, LaneReadError>>>,
}

/// Decoded part of the journal, without a gap.
pub(super) struct Block {
    items: Vec<Item>,
    positions: Range<u64>,
    bytes: usize,
    /// Stands at the block's end.
    reader: Mutex<Option<Reader>>,
}

impl Replay {
    /// Nothing is read yet; about `limit` bytes are kept, and `tell` is told of every hole that reading meets with. Fails if there
    /// can be no more threads.
    pub(crate) fn new(
        journal: Journal,
        tail: Arc<Tail>,
        limit: usize,
        tell: impl Fn(&Range<u64>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (jobs, to_do) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("replay".to_owned())
            .spawn(move || to_do.into_iter().for_each(|job| job()))?;
        Ok(Self {
            jobs,
            journal,
            tail,
            limit,
            tell: Box::new(tell),
            told: Mutex::default(),
            slots: Mutex::default(),
        })
    }

    /// The block that holds `position`, which the journal has. Cancel safe: what is under way goes on for the next who asks.
    pub(super) async fn block(self: &Arc<Self>, position: u64) -> Result<Arc<Block>, LaneReadError> {
        loop {
            let slot = self.slot(position);
            match slot.block.await {
                Ok(block) if block.positions.contains(&position) => return Ok(block),
                // Under way for another lane, it might have been the one.
                Ok(_) => {}
                Err(error) => {
                    self.slots.lock().retain(|kept| kept.start != slot.start);
                    return Err(error);
                }
            }
        }
    }

    /// The block that holds `position`, or may do so once it is read, or a new one that begins there.
    fn slot(self: &Arc<Self>, position: u64) -> Slot {
        let mut slots = self.slots.lock();
        let may_hold = |slot: &Slot| match slot.block.peek() {
            Some(Ok(block)) => block.positions.contains(&position),
            Some(Err(_)) => false,
            None => slot.start <= position,
        };
        let slot = match slots.iter().rposition(may_hold).and_then(|at| slots.remove(at)) {
            Some(slot) => slot,
            None => self.begin(position, &slots),
        };
        slots.push_back(slot.clone());
        let bytes = |slot: &Slot| match slot.block.peek() {
            Some(Ok(block)) => block.bytes,
            _ => BLOCK_BYTES,
        };
        while slots.len() > 1 && slots.iter().map(bytes).sum::<usize>() > self.limit {
            slots.pop_front();
        }
        slot
    }

    fn begin(self: &Arc<Self>, position: u64, slots: &VecDeque<Slot>) -> Slot {
        let before = slots.iter().filter_map(|slot| match slot.block.peek() {
            Some(Ok(block)) if block.positions.end == position => block.reader.lock().take(),
            _ => None,
        });
        let reader = { before }.next();
        let reader = reader.unwrap_or_else(|| self.journal.read_from(position));
        let (replay, (done, read)) = (self.clone(), oneshot::channel());
        // A thread that has ended, or a lane that has, leaves the other half alone.
        let _ = self.jobs.send(Box::new(move || {
            let _ = done.send(replay.read(reader));
        }));
        let read = async move {
            let ended = |_| Err(io::Error::other("the thread `replay` has ended").into());
            read.await.unwrap_or_else(ended)
        };
        Slot {
            start: position,
            block: read.boxed().shared(),
        }
    }

    fn read(&self, mut reader: Reader) -> Result<Arc<Block>, LaneReadError> {
        let start = reader.position();
        let (mut items, mut bytes) = (Vec::new(), 0);
        let mut hole: Option<Range<u64>> = None;
        loop {
            for item in reader.next_batch(BLOCK_BYTES)? {
                match item {
                    journal::Item::Lost(more) => {
                        hole = Some(hole.map_or(more.start, |hole| hole.start)..more.end);
                    }
                    journal::Item::Entry(seq, entry) => {
                        bytes += entry.len();
                        let Entry { message, chain, .. } = Entry::decode(seq, &entry)?;
                        items.extend(hole.take().map(|hole| self.lost(hole, chain)));
                        items.push(Item::Message(Arc::new(message)));
                    }
                }
            }
            // A hole is understood by what stands behind it.
            let Some(open) = hole.take() else { break };
            if let Some(chain) = self.tail.chain_before(open.end) {
                items.push(self.lost(open, chain));
                break;
            }
            if reader.position() >= self.journal.end() {
                return Err(io::Error::other("the newest entries are damaged").into());
            }
            hole = Some(open);
        }
        if reader.position() == start {
            return Err(io::Error::other(format!("nothing stands at position {start}")).into());
        }
        Ok(Arc::new(Block {
            items,
            positions: start..reader.position(),
            bytes,
            reader: Mutex::new(Some(reader)),
        }))
    }

    fn lost(&self, positions: Range<u64>, chain: Chain) -> Item {
        let mut told = self.told.lock();
        let known = |told: &Range<u64>| told.start <= positions.start && positions.end <= told.end;
        if !told.iter().any(known) {
            (self.tell)(&positions);
            told.truncate(REMEMBERED - 1);
            told.push_front(positions.clone());
        }
        Item::Lost(Arc::new(Lost { positions, chain }))
    }
}

impl Block {
    /// The items from `position` on that `concern` the one who asks, and the position after the block.
    pub(super) fn from(
        &self,
        position: u64,
        concern: impl Fn(&Message) -> bool,
        into: &mut VecDeque<Item>,
    ) -> u64 {
        let items = self.items.iter().filter(|item| match item {
            Item::Message(message) => message.place.seq >= position && concern(message),
            Item::Lost(lost) => lost.positions.end > position,
        });
        into.extend(items.cloned());
        self.positions.end
    }
}
