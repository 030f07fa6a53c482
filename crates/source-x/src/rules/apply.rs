//! Execution of a plan: its steps as requests, and what became of each rule. A run that is cut short leaves nothing that the next
//! one does not finish.

use stream_core::source::{ConnectError, ConnectErrorClass};

use super::RulesClient;
use super::model::{Counts, Mode, NewRule, RuleError, RuleProblem, RulesError};
use super::patience::Patience;
use super::plan::{Plan, Step};

/// What became of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Applied {
    /// How many rules were created, those with a new tag among them.
    pub created: u64,
    /// How many were deleted, those with an old tag among them.
    pub deleted: u64,
    /// Those that X says it has already, though it did not list them so: somebody has added them meanwhile, or X takes two texts for
    /// the same rule.
    pub present: Vec<RuleError>,
    /// Those that X does not take, and why. The others are in force all the same.
    pub refused: Vec<RuleError>,
}

/// A plan that was not carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}; {} created and {} deleted before that", applied.created, applied.deleted)]
pub struct CutShort {
    /// What was done before.
    pub applied: Applied,
    /// What kept the rest from being done.
    pub error: RulesError,
}

impl RulesClient {
    /// Carries `plan` out. What X has against single rules stands in [`Applied::refused`] and ends nothing.
    pub async fn apply(&self, plan: &Plan, patience: &mut Patience<'_>) -> Result<Applied, CutShort> {
        let mut applied = Applied::default();
        let cut_short = |applied, error| CutShort { applied, error };
        let room = match self.room(plan, patience).await {
            Ok(room) => room,
            Err(error) => return Err(cut_short(applied, error)),
        };
        let steps = match plan.steps(room) {
            Ok(steps) => steps,
            Err(error) => return Err(cut_short(applied, RulesError::NoRoom(error))),
        };
        for step in &steps {
            if let Err(error) = self.carry_out(step, &mut applied, patience).await {
                return Err(cut_short(applied, error));
            }
        }
        Ok(applied)
    }

    /// How many rules X takes more, if that matters and X says it.
    async fn room(&self, plan: &Plan, patience: &mut Patience<'_>) -> Result<Option<u64>, RulesError> {
        if plan.created.is_empty() {
            return Ok(None);
        }
        loop {
            match self.counts().await {
                Ok(counts) => return Ok(counts.room()),
                // An account, or a server, that does not count.
                Err(
                    RulesError::Request(ConnectError {
                        class: ConnectErrorClass::Refused,
                        ..
                    })
                    | RulesError::Answer(_),
                ) => {
                    return Ok(Counts::default().room());
                }
                Err(error) => patience.wait(error).await?,
            }
        }
    }

    async fn carry_out(
        &self,
        step: &Step,
        applied: &mut Applied,
        patience: &mut Patience<'_>,
    ) -> Result<(), RulesError> {
        match step {
            Step::Add(rules) => {
                let added = self.add_patiently(rules, Mode::Apply, patience).await?;
                applied.created += added.created.len() as u64;
                let (present, refused): (Vec<_>, Vec<_>) =
                    added.errors.into_iter().partition(RuleError::is_duplicate);
                applied.present.extend(present);
                applied.refused.extend(refused);
            }
            Step::Delete(rules) => {
                let ids: Vec<_> = rules.iter().map(|rule| rule.id.clone()).collect();
                let deleted = loop {
                    match self.delete(&ids, Mode::Apply).await {
                        Ok(deleted) => break deleted,
                        Err(error) => patience.wait(error).await?,
                    }
                };
                patience.answered();
                // One that is not there any more is what was wanted.
                applied.deleted += deleted.deleted;
            }
        }
        Ok(())
    }

    /// Asks X what it has against `rules`, of any number, without storing any: those that are stored are fine.
    pub async fn validate(
        &self,
        rules: &[NewRule],
        patience: &mut Patience<'_>,
    ) -> Result<Vec<RuleError>, RulesError> {
        let mut refused = Vec::new();
        for batch in rules.chunks(super::plan::ADD_BATCH) {
            let tried = self.add_patiently(batch, Mode::DryRun, patience).await?;
            refused.extend(tried.errors.into_iter().filter(|error| !error.is_duplicate()));
        }
        Ok(refused)
    }

    async fn add_patiently(
        &self,
        rules: &[NewRule],
        mode: Mode,
        patience: &mut Patience<'_>,
    ) -> Result<super::Added, RulesError> {
        loop {
            match self.add(rules, mode).await {
                Ok(added) => {
                    patience.answered();
                    return Ok(added);
                }
                Err(error) => patience.wait(error).await?,
            }
        }
    }
}

impl RuleError {
    /// Whether the rule is stored already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self.problem, RuleProblem::Duplicate { .. })
    }
}
