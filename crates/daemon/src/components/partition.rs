//! `[stream] partition`: which part of a stream that X delivers in several, each to a process of its own.

use std::ops::RangeInclusive;

use source_x::Endpoint;
use source_x::endpoint::{Parameter, Takes};

use crate::config::{Environment, Section};

/// The variable that holds a pod's name.
const POD: &str = "HOSTNAME";
/// For a number in the pod's name: a `StatefulSet` counts its pods from 0, X its partitions from 1.
const ORDINAL: &str = "ordinal";

/// The partition, where `endpoint` has any. A mistake is noted here, and the first partition stands in, so that it is told once.
pub(super) fn build(section: &mut Section, endpoint: Endpoint, environment: &Environment) -> Option<u8> {
    let Some(Takes::Number { range, .. }) = endpoint.takes(Parameter::Partition) else {
        if section.ask("partition") {
            let message = format!("the {} stream has no partitions", endpoint.name());
            section.note("partition", message, "leave it out");
        }
        return None;
    };
    let (least, most) = (*range.start(), *range.end());
    let partition = if section.is("partition", ORDINAL) {
        section.ask("partition");
        by_ordinal(section, environment, range)
    } else if section.has("partition") {
        section.number("partition", range.clone())
    } else {
        let name = endpoint.name();
        let message = format!("is needed: the {name} stream comes in {most} partitions");
        let hint = format!(
            "one process each, with partition = {least} to {most}; or \"{ORDINAL}\" in a StatefulSet"
        );
        section.note("partition", message, hint);
        None
    };
    partition.or(Some(least))
}

fn by_ordinal(section: &Section, environment: &Environment, range: &RangeInclusive<u8>) -> Option<u8> {
    if !section.needs_secrets() {
        // The pod's name is not here either.
        return None;
    }
    let (least, most) = (*range.start(), *range.end());
    of_pod(environment.get(POD).map(String::as_str), most)
        .map_err(|message| section.note("partition", message, format!("a number, {least} to {most}")))
        .ok()
}

/// The partition of the pod called `name`: `birdfeed-0` gets the first.
fn of_pod(name: Option<&str>, most: u8) -> Result<u8, String> {
    let name = name.unwrap_or_default();
    let ordinal = name
        .rsplit_once('-')
        .and_then(|(_, last)| last.parse::<u8>().ok());
    let partition = ordinal.and_then(|ordinal| ordinal.checked_add(1));
    match partition {
        Some(partition) if partition <= most => Ok(partition),
        Some(partition) => Err(format!(
            "{POD} is {name:?}, which would be partition {partition} of {most}"
        )),
        None => Err(format!(
            "{POD} is {name:?}, which does not end with the ordinal of a pod, as birdfeed-0 does"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_counted_from_0_and_partitions_from_1() {
        assert_eq!(of_pod(Some("birdfeed-0"), 2), Ok(1));
        assert_eq!(of_pod(Some("bird-feed-19"), 20), Ok(20));
        for (name, words) in [
            (Some("birdfeed-2"), "partition 3 of 2"),
            (Some("birdfeed"), "ordinal"),
            (Some("birdfeed-x7"), "ordinal"),
            (Some("birdfeed-255"), "ordinal"),
            (None, "ordinal"),
        ] {
            let error = of_pod(name, 2).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
