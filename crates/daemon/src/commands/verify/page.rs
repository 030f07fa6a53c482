//! The report for people: a table for each sink, and a line for each hole, with what to do.

use std::fmt::Write as _;

use stream_core::chain::{Cause, Gap, Hole, LaneVerdict, Loss, Verdict};
use stream_core::model::Place;

use super::advice::advice;
use super::report::{Report, SinkReport};

/// How many holes of a lane are shown; `--json` has all.
const SHOWN: usize = 20;

pub(super) fn render(report: &Report) -> String {
    let pages: Vec<_> = report.sinks.iter().map(sink).collect();
    pages.join("\n\n")
}

fn sink(report: &SinkReport) -> String {
    match report {
        SinkReport::Read(verdict) => read(verdict),
        SinkReport::Unread {
            sink, address, error, ..
        } => format!("sink {sink}: could not be read ({address}): {error}"),
    }
}

fn read(verdict: &Verdict) -> String {
    let word = if verdict.whole { "whole" } else { "NOT WHOLE" };
    let mut page = format!("sink {}: {word}\n", verdict.sink);
    row(
        &mut page,
        ["lane", "records", "duplicates", "holes", "from", "to"],
    );
    for lane in &verdict.lanes {
        let from = match (lane.from, lane.from_the_start) {
            (_, true) => "the start".to_owned(),
            (from, false) => shown(from),
        };
        row(
            &mut page,
            [
                lane.lane.name(),
                &lane.records.to_string(),
                &lane.duplicates.to_string(),
                &lane.counted().count().to_string(),
                &from,
                &shown(lane.to),
            ],
        );
    }
    for line in verdict
        .lanes
        .iter()
        .flat_map(remarks)
        .chain(verdict.losses.iter().map(loss))
        .chain(verdict.gaps.iter().map(gap))
    {
        page.push_str("\n  ");
        page.push_str(&line);
    }
    page
}

fn row(page: &mut String, [lane, records, duplicates, holes, from, to]: [&str; 6]) {
    // Into memory: it cannot fail.
    let _ = write!(
        page,
        "\n  {lane:<16}{records:>10}{duplicates:>12}{holes:>7}  {from:<24}{to}"
    );
}

fn shown(place: Option<Place>) -> String {
    place.map_or_else(|| "-".to_owned(), |place| place.to_string())
}

fn remarks(verdict: &LaneVerdict) -> Vec<String> {
    let lane = verdict.lane;
    let mut lines: Vec<_> = verdict
        .holes
        .iter()
        .take(SHOWN)
        .map(|found| format!("{lane}: {}", hole(found)))
        .collect();
    if let Some(more) = verdict.holes.len().checked_sub(SHOWN + 1) {
        lines.push(format!("{lane}: and {} more: --json shows all", more + 1));
    }
    if verdict.unjudged > 0 {
        let from = verdict.from.map_or_else(
            || "nothing can be judged".to_owned(),
            |from| format!("judged from {from} on"),
        );
        lines.push(format!(
            "{lane}: {from}: what was before was taken by retention, or the lane began there"
        ));
    }
    if verdict.abandoned > 0 {
        lines.push(format!(
            "{lane}: {} of messages that a power cut took from the journal after they were published",
            records(verdict.abandoned)
        ));
    }
    if verdict.foreign > 0 {
        lines.push(format!(
            "{lane}: {} without a birdfeed header: somebody else's, or from before it was written",
            records(verdict.foreign)
        ));
    }
    lines
}

/// A hole in a sentence: where, what it is, and what to do.
pub(super) fn hole(hole: &Hole) -> String {
    let Hole { from, to, .. } = hole;
    if hole.cause == Cause::Contradiction {
        return format!("{from} {}", advice(hole));
    }
    let places = if from == to {
        from.to_string()
    } else {
        format!("{from} to {to}")
    };
    let at_least = if from == to { "" } else { "at least " };
    let between = match (hole.after, hole.before) {
        (Some(after), Some(before)) => format!(" between {after} and {before}"),
        (Some(after), None) => format!(" after {after}, at the end"),
        (None, Some(before)) => format!(" before {before}"),
        (None, None) => String::new(),
    };
    format!(
        "{at_least}{} not there ({places}){between}: {}",
        records(hole.records),
        advice(hole)
    )
}

/// A loss that was told. Positions are shown with the last one, as holes are.
pub(super) fn loss(loss: &Loss) -> String {
    let Loss {
        cause,
        stream,
        at,
        from,
        to,
        ..
    } = loss;
    let what = match loss.lane {
        Some(lane) => format!("of {lane}, {}", records(loss.records.unwrap_or_default())),
        None => "of the journal".to_owned(),
    };
    let ending = if loss.is_accounted_for {
        "the records here show what is missing by it: the holes above, if any"
    } else {
        "no record here shows yet that nothing is missing by it: it counts"
    };
    let to = to.saturating_sub(1);
    format!("{cause}: {stream} told at {at} of positions {from} to {to} {what}: {ending}")
}

fn gap(gap: &Gap) -> String {
    let Gap {
        stream,
        from,
        to,
        seconds,
        reason,
        filled,
    } = gap;
    let filled = if *filled {
        "filled afterwards"
    } else {
        "not filled: what was posted then never came"
    };
    format!("gap: {stream} heard nothing of X from {from} to {to} ({seconds:.1} s, {reason}), {filled}")
}

fn records(count: u64) -> String {
    if count == 1 {
        "1 record".to_owned()
    } else {
        format!("{count} records")
    }
}
