//! Batching: what waited at the queue becomes entries, each split once, in portions that the journal takes. Pure.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::queue::Item;
use super::sighting::Sighting;
use crate::intake::RECOVERY;
use crate::log::{Draft, Kind, Splitter};
use crate::model::{DeadLetter, Frame, Lane, Timestamp};

/// What an entry takes on disk beside its payload, about: the frame and the head.
const ENTRY_BYTES: usize = 160;

/// Makes entries.
pub(super) struct Batcher<'a> {
    pub(super) splitter: &'a Splitter,
    /// Until when the stream was seen: what no connection brought is journaled with this time, so that a restart knows it.
    pub(super) seen: Timestamp,
}

/// One entry, ready to be appended.
pub(super) struct Ready {
    pub(super) draft: Draft,
    pub(super) origin: Origin,
    /// What its repeats will be recognised by, once it is sifted.
    pub(super) sighting: Option<Sighting>,
}

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The stream, by the connection of this number.
    Stream(u64),
    /// A part of this program.
    Ourselves,
}

/// What items come to.
pub(super) struct Batch {
    /// The dead letters of lanes.
    pub(super) letters: Vec<Ready>,
    /// What was read, and events.
    pub(super) rest: Vec<Ready>,
    /// Who waits for the letters.
    pub(super) waiting: Vec<oneshot::Sender<()>>,
    /// Who waits for what stood before them to be split, which it now is.
    pub(super) marks: Vec<oneshot::Sender<()>>,
    /// How many messages there are more than lines: a line may hold several.
    pub(super) surplus: u64,
}

impl Ready {
    /// Whether it was read from the stream.
    pub(super) fn is_line(&self) -> bool {
        self.origin != Origin::Ourselves
    }

    /// The live connection that brought it and its id, if it is a post.
    pub(super) fn live_post(&self) -> Option<(u64, &Bytes)> {
        let split = &self.draft.split;
        match self.origin {
            Origin::Stream(connection) if connection != RECOVERY && split.values[Lane::Tweets].is_some() => {
                Some((connection, split.key.as_ref()?))
            }
            Origin::Stream(_) | Origin::Ourselves => None,
        }
    }

    /// Whether it is the dead letter of a lane: a dead letter that no connection brought.
    pub(super) fn is_letter(&self) -> bool {
        self.draft.kind == Kind::DeadLetter && !self.is_line()
    }

    /// What it takes on disk, about.
    pub(super) fn bytes(&self) -> u64 {
        (self.draft.payload.len() + ENTRY_BYTES) as u64
    }
}

impl Batcher<'_> {
    pub(super) fn batch(&mut self, items: Vec<Item>) -> Batch {
        let (mut letters, mut rest, mut waiting, mut marks) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut surplus = 0;
        for item in items {
            match item {
                Item::Frames {
                    connection,
                    received_at,
                    frames,
                } => {
                    self.seen = received_at;
                    let origin = Origin::Stream(connection);
                    for frame in frames {
                        surplus += self.frame(frame, origin, received_at, &mut rest);
                    }
                }
                Item::Event(json, seen) => {
                    self.seen = seen.unwrap_or(self.seen);
                    rest.push(self.ready(Kind::Event, self.seen, json, Origin::Ourselves));
                }
                Item::DeadLetter(json, journaled) => {
                    letters.push(self.letter(json));
                    waiting.push(journaled);
                }
                Item::Mark(reached) => marks.push(reached),
            }
        }
        Batch {
            letters,
            rest,
            waiting,
            marks,
            surplus,
        }
    }

    /// The dead letter of a lane.
    pub(super) fn letter(&self, json: Bytes) -> Ready {
        self.ready(Kind::DeadLetter, self.seen, json, Origin::Ourselves)
    }

    /// Appends what a frame comes to; gives how many messages that is beyond one.
    fn frame(&self, frame: Frame, origin: Origin, received_at: Timestamp, into: &mut Vec<Ready>) -> u64 {
        match frame {
            Frame::KeepAlive => {}
            Frame::Message(line) => match self.splitter.source.messages(&line) {
                Some(messages) if !messages.is_empty() => {
                    let surplus = messages.len() as u64 - 1;
                    let ready = |message| self.ready(Kind::Message, received_at, message, origin);
                    into.extend(messages.into_iter().map(ready));
                    return surplus;
                }
                _ => into.push(self.ready(Kind::Message, received_at, line, origin)),
            },
            Frame::Oversize(line) => {
                let letter = DeadLetter::oversize(received_at, line).to_json();
                into.push(self.ready(Kind::DeadLetter, received_at, letter, origin));
            }
        }
        0
    }

    fn ready(&self, kind: Kind, received_at: Timestamp, payload: Bytes, origin: Origin) -> Ready {
        Ready {
            draft: self.splitter.draft(kind, received_at, payload),
            origin,
            sighting: None,
        }
    }
}

/// What is to be appended at once, in portions of at most about `limit` bytes: almost always one.
pub(super) fn portions(ready: Vec<Ready>, limit: u64) -> impl Iterator<Item = Vec<Ready>> {
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

/// How many of `ready` were read from the stream.
pub(super) fn lines(ready: &[Ready]) -> u64 {
    ready.iter().filter(|one| one.is_line()).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Lane, Oversize};
    use crate::testing::scripted::scripted;

    fn splitter() -> Splitter {
        Splitter {
            source: scripted().0,
            enabled: Lane::ALL.into_iter().collect(),
            stream: Bytes::from_static(b"main"),
        }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn entries_keep_the_order_and_letters_go_apart() {
        let splitter = splitter();
        let mut batcher = Batcher {
            splitter: &splitter,
            seen: at(1),
        };
        let line = |text: &'static str| Frame::Message(Bytes::from_static(text.as_bytes()));
        let oversize = Frame::Oversize(Oversize {
            head: Bytes::from_static(b"xx"),
            length: 9,
            sha256: String::new(),
        });
        let batch = batcher.batch(vec![
            Item::DeadLetter(Bytes::from_static(b"{}"), oneshot::channel().0),
            Item::Frames {
                connection: 3,
                received_at: at(5),
                frames: vec![line(r#"{"key":"a"}"#), Frame::KeepAlive, oversize],
            },
            Item::Event(Bytes::from_static(b"{}"), Some(at(4))),
        ]);
        let shown = |ready: &[Ready]| -> Vec<_> {
            ready
                .iter()
                .map(|one| (one.draft.kind, one.origin, one.draft.received_at, one.is_letter()))
                .collect()
        };
        let stream = Origin::Stream(3);
        assert_eq!(
            shown(&batch.letters),
            [(Kind::DeadLetter, Origin::Ourselves, at(1), true)]
        );
        assert_eq!(
            shown(&batch.rest),
            [
                (Kind::Message, stream, at(5), false),
                (Kind::DeadLetter, stream, at(5), false),
                (Kind::Event, Origin::Ourselves, at(4), false),
            ]
        );
        assert_eq!(
            (batch.waiting.len(), lines(&batch.rest), batcher.seen),
            (1, 2, at(4))
        );
    }

    #[test]
    fn portions_hold_everything_and_only_a_single_entry_goes_over_the_limit() {
        let splitter = splitter();
        let batcher = Batcher {
            splitter: &splitter,
            seen: at(1),
        };
        let sizes = [10, 500, 40, 40, 3_000, 10];
        let ready: Vec<_> = sizes.map(|size| batcher.letter(vec![b'x'; size].into())).into();
        let portions: Vec<Vec<usize>> = portions(ready, 900)
            .map(|portion| portion.iter().map(|one| one.draft.payload.len()).collect())
            .collect();
        assert_eq!(portions, [vec![10, 500], vec![40, 40], vec![3_000], vec![10]]);
    }
}
