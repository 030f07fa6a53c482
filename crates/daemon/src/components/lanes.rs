//! `[lanes]`: which records are published, and under which names.

use stream_core::model::{Lane, LaneSet};

use crate::config::Section;

/// The longest name of a topic, in characters; queues may have longer ones.
const LONGEST_TOPIC: usize = 249;

/// Lanes that are switched on, and what goes before their names.
pub(super) struct Lanes {
    pub(super) prefix: String,
    pub(super) enabled: LaneSet,
}

pub(super) fn build(section: &mut Section) -> Lanes {
    Lanes {
        prefix: section.parsed("prefix", "x.", prefix),
        enabled: enabled(section),
    }
}

fn enabled(section: &mut Section) -> LaneSet {
    let known = Lane::ALL.map(Lane::name);
    let Some(names) = section.names("enabled", &known) else {
        return Lane::ALL.into_iter().filter(|lane| lane.is_default()).collect();
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
