//! Collector: one snapshot of the data path for each scrape, so that all readings of a page are of one moment.

use std::collections::HashMap;

use prometheus::Error;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use stream_core::telemetry::{LaneStatus, Status, View};

use super::family::Family;
use super::process::ProcessState;
use super::reading::Reading;
use super::{account, journal, lane, process, program, sink, stream};

/// Readings of the whole, by owner.
const WHOLE: [&[Reading<Status>]; 4] = [
    stream::READINGS,
    journal::READINGS,
    account::READINGS,
    program::READINGS,
];

/// The families of all readings.
pub(super) fn families() -> impl Iterator<Item = Family> {
    let whole = WHOLE.into_iter().flatten().map(|reading| reading.family);
    let lanes = lane::READINGS.iter().map(|reading| reading.family);
    let sinks = sink::READINGS.iter().map(|reading| reading.family);
    let process = process::READINGS.iter().map(|reading| reading.family);
    whole.chain(lanes).chain(sinks).chain(process)
}

/// Collector of what a view shows.
pub(super) struct ViewCollector {
    view: View,
    descs: Vec<Desc>,
}

impl ViewCollector {
    pub(super) fn new(view: View) -> Result<Self, Error> {
        process::started();
        let descs = families().map(|family| {
            let labels = family.labels.iter().map(ToString::to_string).collect();
            Desc::new(family.full_name(), family.help.to_owned(), labels, HashMap::new())
        });
        Ok(Self {
            view,
            descs: descs.collect::<Result<_, _>>()?,
        })
    }
}

impl Collector for ViewCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        read(&self.view.status())
    }
}

/// The families of all readings, with what `status` says.
pub(super) fn read(status: &Status) -> Vec<MetricFamily> {
    let whole = WHOLE.into_iter().flatten();
    let whole = whole.map(|reading| reading.samples(std::iter::once((Vec::new(), status))));
    let lanes = lane::READINGS.iter();
    let lanes = lanes.map(|reading| reading.samples(status.lanes.iter().map(named)));
    let states = sink::states(&status.lanes);
    let sinks = sink::READINGS.iter();
    let sinks = sinks.map(|reading| reading.samples(states.iter().map(|(name, state)| (vec![*name], state))));
    let state = ProcessState::read();
    let process = process::READINGS.iter();
    let process = process.map(|reading| reading.samples(std::iter::once((Vec::new(), &state))));
    whole.chain(lanes).chain(sinks).chain(process).collect()
}

/// A lane with the values of the labels that name it.
fn named(lane: &LaneStatus) -> (Vec<&str>, &LaneStatus) {
    (vec![lane.sink.as_str(), lane.lane.name()], lane)
}
