//! What the records themselves say of records that are not there: events of losses and gaps, letters of what a sink refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::lineage::Families;
use super::place_set::{PlaceSet, order};
use super::verdict::{Cause, Gap, Loss};
use crate::model::{Lane, Place};

/// Known absences of one sink.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    gaps: BTreeMap<(String, String), Gap>,
    losses: BTreeMap<(Option<Lane>, u64, u64), ToldLoss>,
    /// Records that the sink refused.
    refused: BTreeSet<(Lane, u64, u64)>,
}

/// Loss that an event tells.
#[derive(Clone, Debug)]
pub(super) struct ToldLoss {
    /// The event's place: what it tells of lies before.
    pub(super) at: Place,
    pub(super) loss: Loss,
}

/// An event, as far as it concerns us; there are others, and later versions have more. Positions are half-open: `to` is the
/// first one that can be read again.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Gap(Gap),
    Lost {
        #[serde(default)]
        stream: String,
        #[serde(default)]
        at: String,
        from: u64,
        to: u64,
    },
    Dropped {
        #[serde(default)]
        stream: String,
        #[serde(default)]
        at: String,
        sink: String,
        lane: String,
        from: u64,
        to: u64,
        records: Option<u64>,
        reason: Option<String>,
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
    /// Takes note of the value of a record of `lane` at `place`, for the sink called `own`.
    pub(super) fn hear(&mut self, own: &str, lane: Lane, place: Place, value: &[u8]) {
        match lane {
            Lane::Events => {
                if let Ok(event) = serde_json::from_slice(value) {
                    self.event(own, place, event);
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

    fn event(&mut self, own: &str, place: Place, event: Event) {
        let loss = match event {
            Event::Gap(gap) => {
                self.gaps.insert((gap.stream.clone(), gap.from.clone()), gap);
                return;
            }
            Event::Lost { stream, at, from, to } => Loss {
                cause: Cause::Lost,
                stream,
                at,
                from,
                to,
                lane: None,
                records: None,
                reason: None,
                is_accounted_for: false,
            },
            Event::Dropped {
                stream,
                at,
                sink,
                lane,
                from,
                to,
                records,
                reason,
            } if sink == own => match Lane::from_name(&lane) {
                Some(lane) => Loss {
                    cause: Cause::Dropped,
                    stream,
                    at,
                    from,
                    to,
                    lane: Some(lane),
                    records,
                    reason,
                    is_accounted_for: false,
                },
                None => return,
            },
            Event::Dropped { .. } | Event::Other => return,
        };
        if loss.from < loss.to {
            let name = (loss.lane, loss.from, loss.to);
            self.losses.insert(name, ToldLoss { at: place, loss });
        }
    }

    /// Why the lane's record of `place` is not there, if that was told.
    pub(super) fn cause(&self, lane: Lane, place: Place) -> Option<Cause> {
        if self.refused.contains(&(lane, place.epoch, place.seq)) {
            return Some(Cause::DeadLetter);
        }
        // Those of a lane come behind those of all.
        let mut told = self.losses.values().rev().filter(|told| told.contains(place));
        let told = told.find(|told| told.loss.lane.is_none_or(|of| of == lane))?;
        Some(told.loss.cause)
    }

    pub(super) fn losses(&self) -> impl Iterator<Item = &ToldLoss> {
        self.losses.values()
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        self.gaps.values().cloned().collect()
    }
}

impl ToldLoss {
    fn contains(&self, place: Place) -> bool {
        (self.loss.from..self.loss.to).contains(&place.seq) && order(&place) < order(&self.at)
    }

    /// How many of the positions that it tells of are in `places`.
    pub(super) fn members(&self, places: &PlaceSet, families: &Families) -> u64 {
        let Loss { from, to, .. } = self.loss;
        let own = places
            .epochs()
            .into_iter()
            .filter(|epoch| *epoch <= self.at.epoch && families.are_one(*epoch, self.at.epoch));
        let within = own.map(|epoch| {
            // What a power cut took before is another message.
            let to = families.cut(epoch).map_or(to, |cut| cut.min(to));
            let behind = |seq: u64| places.count_behind(epoch, seq.checked_sub(1));
            behind(from).saturating_sub(behind(to))
        });
        within.sum()
    }
}

/// `epoch:sequence:lane`.
fn record(id: &str) -> Option<(Lane, u64, u64)> {
    let mut parts = id.splitn(3, ':');
    let (epoch, seq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((Lane::from_name(parts.next()?)?, epoch, seq))
}
