//! What the records themselves say of records that are not there: events of losses and gaps, letters of what a sink refused.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::verdict::{Cause, Gap};
use crate::model::{Lane, Place};

/// Known absences of one sink.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    gaps: BTreeMap<(String, String), Gap>,
    /// Ranges that the journal has lost, for every lane.
    lost: Vec<RangeInclusive<u64>>,
    dropped: BTreeMap<Lane, Vec<RangeInclusive<u64>>>,
    /// Records that the sink refused.
    refused: BTreeSet<(Lane, u64, u64)>,
}

/// An event, as far as it concerns us; there are others, and later versions have more.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Gap(Gap),
    Lost {
        from: u64,
        to: u64,
    },
    Dropped {
        sink: String,
        lane: String,
        from: u64,
        to: u64,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Letter {
    refused: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    sink: String,
    record: String,
}

impl Told {
    /// Takes note of the value of a record of `lane`, for the sink called `own`.
    pub(super) fn hear(&mut self, own: &str, lane: Lane, value: &[u8]) {
        match lane {
            Lane::Events => {
                if let Ok(event) = serde_json::from_slice(value) {
                    self.event(own, event);
                }
            }
            Lane::DeadLetter => {
                let letter = serde_json::from_slice(value).ok();
                let refused = letter.and_then(|letter: Letter| letter.refused);
                let ours = refused.filter(|refused| refused.sink == own);
                self.refused
                    .extend(ours.and_then(|refused| record(&refused.record)));
            }
            _ => {}
        }
    }

    fn event(&mut self, own: &str, event: Event) {
        match event {
            Event::Gap(gap) => {
                self.gaps.insert((gap.stream.clone(), gap.from.clone()), gap);
            }
            Event::Lost { from, to } => self.lost.push(from..=to),
            Event::Dropped { sink, lane, from, to } if sink == own => {
                if let Some(lane) = Lane::from_name(&lane) {
                    self.dropped.entry(lane).or_default().push(from..=to);
                }
            }
            Event::Dropped { .. } | Event::Other => {}
        }
    }

    /// Why the lane's record of `place` is not there, if that was told.
    pub(super) fn cause(&self, lane: Lane, place: Place) -> Option<Cause> {
        let within = |ranges: &[RangeInclusive<u64>]| ranges.iter().any(|range| range.contains(&place.seq));
        if self.refused.contains(&(lane, place.epoch, place.seq)) {
            Some(Cause::DeadLetter)
        } else if self.dropped.get(&lane).is_some_and(|ranges| within(ranges)) {
            Some(Cause::Dropped)
        } else {
            within(&self.lost).then_some(Cause::Lost)
        }
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        self.gaps.values().cloned().collect()
    }
}

/// `epoch:sequence:lane`.
fn record(id: &str) -> Option<(Lane, u64, u64)> {
    let mut parts = id.splitn(3, ':');
    let (epoch, seq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((Lane::from_name(parts.next()?)?, epoch, seq))
}
