//! Recovery: what was posted while we were blind is asked for again, on connections of their own beside the live one, one after the
//! other. What is owed is in a file, so that a restart goes on with it. Connects come out of the stream's own budget.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs, io};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::framer::Framer;
use super::small_file;
use crate::intake::{Intake, RECOVERY};
use crate::model::{Frame, StreamEvent, Timestamp};
use crate::source::{ConnectError, ConnectErrorClass, Connection, Request, Source};
use crate::telemetry::{Observation, Observer, StatusCell, StreamStatus};

/// How often an interval is tried, and how much longer each pause is than the one before.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(60);
/// How many connects of the budget are left to the live stream.
const RESERVE: u64 = 20;
/// Gaps so near to each other are asked for together: what lies between them comes twice, and is known.
const NEAR: Duration = Duration::from_secs(60);
/// How many stretches are owed at most; further ones lengthen the last.
const MOST: usize = 64;

/// A stretch of the past in which there are gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// How long its gaps are, together.
    pub(super) blind: Duration,
}

/// What is owed, in the order of time.
#[derive(Debug, Default, PartialEq, Eq)]
struct Owed(VecDeque<Interval>);

/// Worker that asks for what is owed.
pub(super) struct Recovery {
    /// The name in the lane `events`.
    pub(super) stream: String,
    pub(super) source: Arc<dyn Source>,
    pub(super) intake: Arc<dyn Intake>,
    /// The longest line that is taken whole, in bytes.
    pub(super) max_line: usize,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) status: StatusCell<StreamStatus>,
    /// Where what is owed outlives the process.
    pub(super) file: Option<PathBuf>,
    pub(super) asked: mpsc::UnboundedReceiver<Interval>,
    /// Who is told of each connect that the server has seen.
    pub(super) spent: mpsc::UnboundedSender<()>,
}

/// Why an interval did not come.
struct Failed {
    detail: String,
    /// Whether it makes sense to try again.
    may_pass: bool,
}

impl Interval {
    /// The part of a gap that `source` can ask for, if there is any.
    pub(super) fn within_reach(from: Timestamp, to: Timestamp, source: &dyn Source) -> Option<Self> {
        let from = from.max(to.minus(source.reach()));
        let blind = to.since(from);
        (!blind.is_zero()).then_some(Self { from, to, blind })
    }

    /// Cuts off what lies before `oldest`, and gives it, if there is any.
    fn cut(&mut self, oldest: Timestamp) -> Option<Self> {
        let (from, to) = (self.from, self.to.min(oldest));
        let blind = to.since(from).min(self.blind);
        self.from = self.from.max(to);
        self.blind -= blind;
        (!blind.is_zero()).then_some(Self { from, to, blind })
    }

    fn is_near(&self, other: &Self) -> bool {
        other.from <= self.to.plus(NEAR) && self.from <= other.to.plus(NEAR)
    }

    /// Reads what its `Display` writes.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ').map_while(|word| word.parse().ok());
        let (from, to) = (words.next()?, words.next()?);
        Some(Self {
            from: Timestamp::from_micros(from),
            to: Timestamp::from_micros(to),
            // An earlier version noted each gap by itself.
            blind: Duration::from_micros(words.next().unwrap_or(to.saturating_sub(from))),
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, blind } = self;
        write!(f, "{} {} {}", from.micros(), to.micros(), blind.as_micros())
    }
}

impl Owed {
    fn add(&mut self, interval: Interval) {
        let full = self.0.len() >= MOST;
        match self.0.back_mut() {
            Some(last) if full || last.is_near(&interval) => {
                last.from = last.from.min(interval.from);
                last.to = last.to.max(interval.to);
                last.blind += interval.blind;
            }
            _ => self.0.push_back(interval),
        }
    }

    /// Reads what its `Display` writes.
    fn read(text: &str) -> Self {
        let mut owed = Self::default();
        text.lines()
            .filter_map(Interval::read)
            .for_each(|interval| owed.add(interval));
        owed
    }
}

impl fmt::Display for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|interval| writeln!(f, "{interval}"))
    }
}

impl Recovery {
    /// Works for ever. Dropping it closes what is open; what is not whole stays owed.
    pub(super) async fn run(mut self) {
        let mut owed = self.owed().await;
        loop {
            while let Ok(interval) = self.asked.try_recv() {
                owed.add(interval);
            }
            self.note(&owed).await;
            let Some(mut interval) = owed.0.front().copied() else {
                match self.asked.recv().await {
                    Some(interval) => owed.add(interval),
                    None => return,
                }
                continue;
            };
            if let Some(lost) = interval.cut(Timestamp::now().minus(self.source.reach())) {
                self.tell(lost, Err("this stream does not go back so far".to_owned()));
            }
            if !interval.blind.is_zero() {
                self.tell(interval, self.insist(interval).await);
            }
            owed.0.pop_front();
        }
    }

    /// Tries until it comes whole, or it makes no sense any more; gives how many messages came.
    async fn insist(&self, interval: Interval) -> Result<u64, String> {
        let mut tries = 0;
        loop {
            self.afford().await;
            tries += 1;
            match self.fetch(self.source.recover(interval.from, interval.to)).await {
                Ok(messages) => return Ok(messages),
                Err(Failed { detail, may_pass }) if !may_pass || tries == TRIES => return Err(detail),
                Err(Failed { detail, .. }) => {
                    tracing::info!(detail, tries, "a recovery has failed, and is tried again");
                    tokio::time::sleep(PAUSE * tries).await;
                }
            }
        }
    }

    /// Waits until the live stream can spare a connect.
    async fn afford(&self) {
        while self.status.update(|status| status.connect_budget) <= RESERVE {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A connect that the server has seen. Its receiver is gone only when all ends.
    fn spend(&self) {
        self.status
            .update(|status| status.connect_budget = status.connect_budget.saturating_sub(1));
        let _ = self.spent.send(());
    }

    /// One connection, to its clean end: the server closes it when all has come.
    async fn fetch(
        &self,
        connecting: BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>>,
    ) -> Result<u64, Failed> {
        let connected = connecting.await;
        if !matches!(&connected, Err(error) if error.request == Request::NotSent) {
            self.spend();
        }
        let mut connection = connected.map_err(|error| Failed {
            may_pass: !matches!(
                error.class,
                ConnectErrorClass::Refused | ConnectErrorClass::Certificate
            ),
            detail: error.detail,
        })?;
        let mut framer = Framer::new(connection.framing(), self.max_line);
        let (mut frames, mut messages) = (Vec::new(), 0);
        loop {
            let chunk = connection.chunk().await.map_err(|error| Failed {
                detail: error.to_string(),
                may_pass: true,
            })?;
            let Some(chunk) = chunk else {
                return Ok(messages);
            };
            self.observer.on(Observation::Bytes(chunk.len() as u64));
            framer.feed(&chunk, &mut frames);
            frames.retain(|frame| *frame != Frame::KeepAlive);
            if frames.is_empty() {
                continue;
            }
            messages += frames.len() as u64;
            self.pass_on(std::mem::take(&mut frames)).await;
        }
    }

    /// Unlike the live stream, the past can wait for the journal.
    async fn pass_on(&self, frames: Vec<Frame>) {
        for frame in &frames {
            self.observer.on(Observation::Frame(frame.kind()));
        }
        let lines = frames.len() as u64;
        // Not now: a restart would take it for a sign of the live stream.
        let seen = self.status.update(|status| {
            status.received += lines;
            status.waiting += lines;
            status.last_byte
        });
        self.intake
            .frames(RECOVERY, seen.unwrap_or_else(Timestamp::now), frames);
        if self.intake.is_full() {
            self.intake.has_room().await;
        }
    }

    fn tell(&self, interval: Interval, outcome: Result<u64, String>) {
        let Interval { from, to, blind } = interval;
        let (messages, detail) = match outcome {
            Ok(messages) => {
                tracing::info!(%from, %to, messages, "what was missed has come");
                (Some(messages), None)
            }
            Err(detail) => {
                tracing::warn!(%from, %to, detail, "what was missed does not come");
                (None, Some(detail))
            }
        };
        let whole = messages.is_some();
        let filled = if whole { blind } else { Duration::ZERO };
        self.observer.on(Observation::Gap {
            length: blind,
            filled,
        });
        let seen = self.status.update(|status| {
            if whole {
                status.recovered(from, to);
            }
            status.last_byte
        });
        let event = StreamEvent::Recovered {
            stream: &self.stream,
            at: Timestamp::now(),
            from,
            to,
            whole,
            messages,
            detail: detail.as_deref(),
        };
        self.intake.event(&event, seen.unwrap_or_else(Timestamp::now));
    }

    async fn owed(&self) -> Owed {
        let Some(file) = self.file.clone() else {
            return Owed::default();
        };
        // Missing at the first start.
        let read = tokio::task::spawn_blocking(move || fs::read_to_string(file)).await;
        let text = read.ok().and_then(Result::ok).unwrap_or_default();
        Owed::read(&text)
    }

    /// Off the reader's thread, which this one shares.
    async fn note(&self, owed: &Owed) {
        let Some(file) = self.file.clone() else {
            return;
        };
        let text = owed.to_string();
        let written = tokio::task::spawn_blocking(move || small_file::replace(&file, &text)).await;
        if let Err(error) = written.unwrap_or_else(|error| Err(io::Error::other(error))) {
            tracing::error!(%error, "what is to be recovered cannot be noted: a restart would forget it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(from: u64, to: u64) -> Interval {
        let (from, to) = (
            Timestamp::from_millis(from * 1_000),
            Timestamp::from_millis(to * 1_000),
        );
        Interval {
            from,
            to,
            blind: to.since(from),
        }
    }

    #[test]
    fn gaps_near_to_each_other_are_owed_as_one_and_only_so_many() {
        let mut owed = Owed::default();
        for gap in [gap(100, 110), gap(170, 171), gap(232, 240)] {
            owed.add(gap);
        }
        let [first, second] = [owed.0[0], owed.0[1]];
        assert_eq!((first.from, first.to), (gap(100, 171).from, gap(100, 171).to));
        assert_eq!((first.blind, second), (Duration::from_secs(11), gap(232, 240)));
        for n in 1..1_000 {
            owed.add(gap(n * 1_000, n * 1_000 + 1));
        }
        assert_eq!(owed.0.len(), MOST);
        let last = owed.0[MOST - 1];
        assert_eq!(last.to, gap(0, 999_001).to);
        let blind: Duration = owed.0.iter().map(|interval| interval.blind).sum();
        assert_eq!(blind, Duration::from_secs(19 + 999));
        assert_eq!(Owed::read(&owed.to_string()), owed);
    }

    #[test]
    fn what_is_too_old_is_cut_off_and_no_more_of_it_than_was_blind() {
        let at = |secs: u64| Timestamp::from_millis(secs * 1_000);
        let mut young = gap(100, 200);
        assert_eq!((young.cut(at(100)), young), (None, gap(100, 200)));
        let mut half = gap(100, 200);
        assert_eq!((half.cut(at(130)), half), (Some(gap(100, 130)), gap(130, 200)));
        let mut old = gap(100, 200);
        assert_eq!(old.cut(at(900)), Some(gap(100, 200)));
        assert!(old.blind.is_zero());
        // Two gaps of a second each, 98 s apart.
        let mut sparse = Interval {
            blind: Duration::from_secs(2),
            ..gap(100, 200)
        };
        let lost = sparse.cut(at(150)).unwrap();
        assert_eq!(lost.blind + sparse.blind, Duration::from_secs(2));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_interval_of_days() {
        let mut owed = Owed::default();
        owed.add(gap(500_000, 500_010));
        owed.add(gap(100, 110));
        assert_eq!(owed.0, [gap(500_000, 500_010), gap(100, 110)]);
    }

    #[test]
    fn what_is_no_interval_is_passed_over_and_what_an_earlier_version_noted_is_not() {
        assert_eq!(Owed::read("5000000 9000000\n"), {
            let mut owed = Owed::default();
            owed.add(gap(5, 9));
            owed
        });
        assert_eq!(Owed::read("\nx 1\n7\n\u{0}"), Owed::default());
    }
}
