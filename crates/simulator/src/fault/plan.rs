//! Fault schedule: which faults strike where and when, and how often each has.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::kinds::Fault;

/// Which attempts a step strikes. Stream attempts are numbered from 1, whatever becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// Stream attempts with these numbers.
    Connections(RangeInclusive<u32>),
    /// Every stream attempt, the refused ones too.
    EveryConnection,
    /// Requests to the rules endpoints with these numbers, from 1. Only [`Fault::Status`] and [`Fault::HeadStall`] apply.
    Rules(RangeInclusive<u32>),
    /// Requests to the account's usage and connections with these numbers, from 1. Only [`Fault::Status`], [`Fault::HeadStall`]
    /// and [`Fault::Garbage`] apply.
    Account(RangeInclusive<u32>),
}

impl At {
    /// The one stream attempt with this number.
    pub fn connection(number: u32) -> At {
        At::Connections(number..=number)
    }
}

/// When, within a connection, a step strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As soon as it can: before the answer for what strikes there, else right after the response head.
    Start,
    /// Once, after that many posts on this connection.
    AfterPosts(u64),
    /// Again and again, each time that many posts have gone by on this connection.
    EveryPosts(u64),
    /// Once, after that many keep-alives on this connection.
    AfterKeepAlives(u64),
}

/// One step of a plan: where, when, what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The attempts that it strikes.
    pub at: At,
    /// The moment within each of them.
    pub moment: Moment,
    /// The fault itself.
    pub fault: Fault,
}

/// An ordered list of steps, each counting how often it fired. Clones share the counts.
///
/// A fault is counted when there is something for it to strike, before the client can see what it did.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    steps: Arc<Vec<(Step, AtomicU64)>>,
    /// Those that were injected, by name.
    injected: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

/// A fault that is to strike.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// Its place in the plan; `None` for an injected one.
    pub(crate) index: Option<usize>,
    pub(crate) moment: Moment,
    pub(crate) fault: Fault,
}

impl Planned {
    pub(crate) fn injected(fault: Fault) -> Self {
        Planned {
            index: None,
            moment: Moment::Start,
            fault,
        }
    }
}

impl FaultPlan {
    /// A plan of these steps.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let steps = steps.into_iter().map(|step| (step, AtomicU64::new(0)));
        FaultPlan {
            steps: Arc::new(steps.collect()),
            injected: Arc::default(),
        }
    }

    /// A plan of one fault at the start of one connection.
    pub fn once(connection: u32, fault: Fault) -> Self {
        FaultPlan::new([Step {
            at: At::connection(connection),
            moment: Moment::Start,
            fault,
        }])
    }

    /// Every connection ends cleanly at once.
    pub fn flapping() -> Self {
        FaultPlan::new([Step {
            at: At::EveryConnection,
            moment: Moment::Start,
            fault: Fault::CleanEnd,
        }])
    }

    /// Each step with how often it fired, in the plan's order; injected faults do not count here.
    pub fn fired(&self) -> Vec<(Step, u64)> {
        self.steps
            .iter()
            .map(|(step, n)| (step.clone(), n.load(Ordering::Relaxed)))
            .collect()
    }

    /// How often faults of this [name](Fault::name) fired, planned or injected.
    pub fn fired_of(&self, name: &str) -> u64 {
        let same = self.steps.iter().filter(|(step, _)| step.fault.name() == name);
        let planned: u64 = same.map(|(_, n)| n.load(Ordering::Relaxed)).sum();
        let injected = self.injected.lock();
        planned + injected.get(name).copied().unwrap_or(0)
    }

    /// Counts that a fault fired.
    pub(crate) fn count(&self, planned: &Planned) {
        if let Some(index) = planned.index {
            self.steps[index].1.fetch_add(1, Ordering::Relaxed);
        } else {
            let mut injected = self.injected.lock();
            *injected.entry(planned.fault.name()).or_default() += 1;
        }
    }

    fn of_connection(&self, number: u32) -> impl Iterator<Item = Planned> + '_ {
        let hits = move |at: &At| match at {
            At::Connections(range) => range.contains(&number),
            At::EveryConnection => true,
            At::Rules(_) | At::Account(_) => false,
        };
        self.planned(hits)
    }

    fn planned<'a>(&'a self, hits: impl Fn(&At) -> bool + 'a) -> impl Iterator<Item = Planned> + 'a {
        let steps = self
            .steps
            .iter()
            .enumerate()
            .filter(move |(_, (step, _))| hits(&step.at));
        steps.map(|(index, (step, _))| Planned {
            index: Some(index),
            moment: step.moment,
            fault: step.fault.clone(),
        })
    }

    /// What strikes the TCP connection that would become this stream attempt.
    pub(crate) fn at_accept(&self, number: u32) -> Option<Planned> {
        self.of_connection(number)
            .find(|step| step.fault.strikes_at_accept())
    }

    /// What strikes instead of an answer to this stream attempt.
    pub(crate) fn at_request(&self, number: u32) -> Option<Planned> {
        self.of_connection(number)
            .find(|step| step.fault.strikes_at_request())
    }

    /// What strikes within the body of this stream.
    pub(crate) fn in_stream(&self, number: u32) -> Vec<Planned> {
        self.of_connection(number)
            .filter(|step| !step.fault.is_early())
            .collect()
    }

    /// What strikes this request to the rules.
    pub(crate) fn at_rules(&self, number: u32) -> Option<Planned> {
        let hits = move |at: &At| matches!(at, At::Rules(range) if range.contains(&number));
        self.planned(hits).find(|step| step.fault.strikes_at_request())
    }

    /// What strikes this request to the account's usage and connections.
    pub(crate) fn at_account(&self, number: u32) -> Option<Planned> {
        let hits = move |at: &At| matches!(at, At::Account(range) if range.contains(&number));
        self.planned(hits).find(|step| step.fault.strikes_account())
    }
}
