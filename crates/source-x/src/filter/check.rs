//! The limits of v1.1's parameters. Pure.

use super::model::{Filter, FilterError, FilterParameter as P};
use crate::endpoint::{Endpoint, Version};

const MOST_IDS: usize = 5_000;
const MOST_PHRASES: usize = 400;
/// In bytes.
const LONGEST_PHRASE: usize = 60;
const MOST_BOXES: usize = 25;
/// A box's side, in degrees.
const SIDE: std::ops::RangeInclusive<f64> = 0.1..=360.0;
const MOST_COUNT: i32 = 150_000;

/// Every mistake.
pub(super) fn all(filter: &Filter, endpoint: Endpoint) -> Vec<FilterError> {
    let mut problems: Vec<(P, String)> = Vec::new();
    if endpoint.version() != Version::V1 {
        let asked = filter.pairs().into_iter();
        problems.extend(asked.map(|(parameter, _)| (parameter, not_for(endpoint))));
        return told(problems);
    }
    let predicates = [
        (P::Follow, filter.follow.is_empty()),
        (P::Track, filter.track.is_empty()),
        (P::Locations, filter.locations.is_empty()),
    ];
    if endpoint.takes_predicates() {
        if predicates.iter().all(|(_, empty)| *empty) {
            problems.push((
                P::Track,
                "is needed, or follow, or locations: at least one of them".to_owned(),
            ));
        }
    } else {
        let given = [(P::Count, filter.count.is_none())].into_iter().chain(predicates);
        let given = given.filter(|(_, empty)| !empty);
        problems.extend(given.map(|(parameter, _)| (parameter, not_for(endpoint))));
    }
    problems.extend(follow(&filter.follow).map(|problem| (P::Follow, problem)));
    problems.extend(
        track(&filter.track)
            .into_iter()
            .map(|problem| (P::Track, problem)),
    );
    problems.extend(
        locations(&filter.locations)
            .into_iter()
            .map(|problem| (P::Locations, problem)),
    );
    problems.extend(language(&filter.language).map(|problem| (P::Language, problem)));
    problems.extend(filter.count.and_then(count).map(|problem| (P::Count, problem)));
    told(problems)
}

fn told(problems: Vec<(P, String)>) -> Vec<FilterError> {
    let error = |(parameter, problem)| FilterError { parameter, problem };
    problems.into_iter().map(error).collect()
}

fn not_for(endpoint: Endpoint) -> String {
    format!("the {} stream has no such parameter", endpoint.name())
}

fn follow(ids: &[String]) -> Option<String> {
    if ids.len() > MOST_IDS {
        return Some(format!("1 to {MOST_IDS} user ids, not {}", ids.len()));
    }
    let is_id = |id: &String| (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    let wrong = ids.iter().find(|id| !is_id(id))?;
    Some(format!("{wrong:?} is not a user id: 1 to 19 digits (not a name)"))
}

fn track(phrases: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    if phrases.len() > MOST_PHRASES {
        problems.push(format!("1 to {MOST_PHRASES} phrases, not {}", phrases.len()));
    }
    for phrase in phrases {
        let bytes = phrase.len();
        if phrase.trim().is_empty() || bytes > LONGEST_PHRASE {
            problems.push(format!(
                "{phrase:?}: 1 to {LONGEST_PHRASE} bytes in UTF-8, not {bytes}"
            ));
        } else if phrase.contains(',') {
            problems.push(format!(
                "{phrase:?} holds a comma, which ends a phrase: write two"
            ));
        }
    }
    problems
}

fn locations(numbers: &[f64]) -> Option<String> {
    let (boxes, rest) = numbers.as_chunks::<4>();
    if !rest.is_empty() {
        return Some(format!("four numbers for each box, not {} in all", numbers.len()));
    }
    if boxes.len() > MOST_BOXES {
        return Some(format!("1 to {MOST_BOXES} boxes, not {}", boxes.len()));
    }
    boxes.iter().find_map(|corners| {
        let [west, south, east, north] = *corners;
        let on_the_map = |degrees: f64, most: f64| (-most..=most).contains(&degrees);
        let all = on_the_map(west, 180.0) && on_the_map(east, 180.0);
        if !(all && on_the_map(south, 90.0) && on_the_map(north, 90.0)) {
            return Some(format!(
                "{corners:?}: longitudes from -180 to 180, latitudes from -90 to 90, longitude first"
            ));
        }
        if west >= east || south >= north {
            return Some(format!("{corners:?}: the corner in the south-west comes first"));
        }
        let fits = SIDE.contains(&(east - west)) && SIDE.contains(&(north - south));
        (!fits).then(|| format!("{corners:?}: a box has sides of 0.1 to 360 degrees"))
    })
}

/// BCP 47, as far as its form goes: a language of two or three letters, and what narrows it.
fn language(codes: &[String]) -> Option<String> {
    let is_code = |code: &&String| {
        let mut parts = code.split('-');
        let first = parts.next().unwrap_or_default();
        let fits = |part: &str, range: std::ops::RangeInclusive<usize>| range.contains(&part.len());
        fits(first, 2..=3)
            && first.bytes().all(|byte| byte.is_ascii_alphabetic())
            && parts.all(|part| fits(part, 1..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    let wrong = codes.iter().find(|code| !is_code(code))?;
    Some(format!(
        "{wrong:?} is not a language of BCP 47, such as \"en\" or \"zh-cn\""
    ))
}

fn count(count: i32) -> Option<String> {
    let fits = count != 0 && (-MOST_COUNT..=MOST_COUNT).contains(&count);
    (!fits).then(|| format!("-{MOST_COUNT} to {MOST_COUNT} without 0, not {count}"))
}
