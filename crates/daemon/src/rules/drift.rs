//! Drift: how far X's rules are from those that are wanted.

use source_x::rules::Plan;

/// Counts of a plan; the same ones are told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Drift {
    pub(super) missing: u64,
    pub(super) unwanted: u64,
    pub(super) retagged: u64,
}

impl Drift {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            missing: plan.created.len() as u64,
            unwanted: plan.deleted.len() as u64,
            retagged: plan.retagged.len() as u64,
        }
    }
}

/// What had the rules looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The first connect.
    Start,
    /// The file has changed.
    File,
    /// SIGHUP.
    Reload,
    /// The timer.
    Timer,
}

impl Cause {
    /// The cause of a change, as events write it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::File => "file",
            Self::Reload => "reload",
            Self::Timer => "drift",
        }
    }
}
