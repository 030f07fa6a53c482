//! `[lanes]`: which records are published, and under which names.

use stream_core::model::{Lane, LaneSet, PerLane};
use stream_core::pipeline::{Bound, OnStuck};

use crate::config::{Section, units};

/// The longest name of a topic, in characters; queues may have longer ones.
const LONGEST_TOPIC: usize = 249;

/// Lanes that are switched on, and what goes before their names.
pub(super) struct Lanes {
    pub(super) prefix: String,
    pub(super) enabled: LaneSet,
    /// What becomes of what a sink does not take.
    pub(super) on_stuck: PerLane<OnStuck>,
}

/// The lanes; those that are on by default, and `asked_for`, unless the user says otherwise.
pub(super) fn build(section: &mut Section, asked_for: Lane) -> Lanes {
    Lanes {
        prefix: section.parsed("prefix", "x.", prefix),
        enabled: enabled(section, asked_for),
        on_stuck: on_stuck(section),
    }
}

fn on_stuck(section: &mut Section) -> PerLane<OnStuck> {
    let mut policies = PerLane::default();
    for lane in Lane::ALL {
        policies[lane] = section.section(lane.name(), policy);
    }
    policies
}

/// `[lanes.<name>]`.
fn policy(section: &mut Section) -> OnStuck {
    let drops = section.choice("on_stuck", "hold", &[("hold", false), ("drop-oldest", true)]);
    let is_bounded = section.has("keep");
    let bound = section.parsed("keep", "24h", bound);
    match drops {
        true if is_bounded => OnStuck::DropOldest(bound),
        true => {
            let hint = "for example keep = \"24h\" or keep = \"1GiB\"";
            section.note("on_stuck", "\"drop-oldest\" needs a bound", hint);
            OnStuck::Hold
        }
        false => {
            if is_bounded {
                section.note("keep", "nothing is dropped", "on_stuck = \"drop-oldest\"");
            }
            OnStuck::Hold
        }
    }
}

/// A time or a size.
fn bound(text: &str) -> Result<Bound, String> {
    if let Ok(bytes) = units::some_bytes(text) {
        return Ok(Bound::Bytes(bytes));
    }
    let neither = |_| "neither a time of a second at least nor a size".to_owned();
    units::some_duration(text).map(Bound::Age).map_err(neither)
}

fn enabled(section: &mut Section, asked_for: Lane) -> LaneSet {
    let known = Lane::ALL.map(Lane::name);
    let is_on = |lane: &Lane| lane.is_default() || *lane == asked_for;
    let default: Vec<_> = Lane::ALL.into_iter().filter(is_on).collect();
    let Some(names) = section.names("enabled", &known) else {
        section.default_of(
            "enabled",
            format!("{:?}", default.iter().map(|lane| lane.name()).collect::<Vec<_>>()),
        );
        return default.into_iter().collect();
    };
    if names.is_empty() {
        let hint = format!("at least one of: {}", known.join(", "));
        section.note("enabled", "names no lane", hint);
    }
    names.into_iter().filter_map(Lane::from_name).collect()
}

/// What may stand before a lane's name in the name of a topic and of a queue alike.
fn prefix(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !text.chars().all(legal) {
        return Err("a topic's name has only letters, digits, '.', '_' and '-'".to_owned());
    }
    let too_long = |lane: &Lane| text.len() + lane.name().len() > LONGEST_TOPIC;
    if Lane::ALL.iter().any(too_long) {
        return Err(format!("a topic's name has at most {LONGEST_TOPIC} characters"));
    }
    Ok(text.to_owned())
}
