//! Validation of one parameter's value against what its endpoint takes. Pure.

use std::collections::HashSet;
use std::fmt;
use std::time::SystemTime;

use super::error::QueryProblem;
use crate::endpoint::{Endpoint, Takes};

/// A value that was given for a parameter; displayed as it stands in a request.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    /// A list with at least one name.
    Names(&'a [String]),
    Number(u8),
    Time(&'a str),
    Flag(bool),
}

impl fmt::Display for Value<'_> {
    // Nothing here needs percent-encoding: all names are X's own, and a colon may stand in a query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Names(names) => f.write_str(&names.join(",")),
            Self::Number(number) => number.fmt(f),
            Self::Time(text) => f.write_str(text),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

/// Every mistake in a value, or in its absence, for a parameter of which `endpoint` takes `takes`.
pub(super) fn check(
    endpoint: Endpoint,
    takes: Option<&Takes>,
    value: Option<Value<'_>>,
) -> Vec<QueryProblem> {
    let problem = match (takes, value) {
        (Some(Takes::Names(known)), Some(Value::Names(names))) => return check_names(names, known),
        (Some(Takes::Number { range, .. }), Some(Value::Number(number))) => {
            let range = range.clone();
            (!range.contains(&number)).then_some(QueryProblem::OutOfRange { number, range })
        }
        (Some(Takes::Time), Some(Value::Time(text))) => time(text)
            .is_none()
            .then(|| QueryProblem::NotATime(text.to_owned())),
        (
            Some(Takes::Number {
                range,
                required: true,
            }),
            None,
        ) => Some(QueryProblem::Missing(range.clone())),
        (_, None) | (Some(Takes::Flag), Some(Value::Flag(_))) => None,
        (_, Some(_)) => Some(QueryProblem::NotForEndpoint(endpoint)),
    };
    problem.into_iter().collect()
}

fn check_names(names: &[String], known: &[&'static str]) -> Vec<QueryProblem> {
    let mut seen = HashSet::new();
    let problems = names.iter().filter_map(|name| {
        if !known.contains(&name.as_str()) {
            let suggestion = nearest(name, known);
            let name = name.clone();
            return Some(QueryProblem::UnknownName { name, suggestion });
        }
        (!seen.insert(name)).then(|| QueryProblem::Duplicate(name.clone()))
    });
    problems.collect()
}

/// The known name that `name` was probably meant to be: at most one change, and one more for every four bytes.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let distances = known
        .iter()
        .map(|known| (strsim::levenshtein(name, known), *known));
    let (changes, nearest) = distances.min()?;
    (changes <= 1 + name.len() / 4).then_some(nearest)
}

/// The time that `text` is, in the one form that X takes.
pub(super) fn time(text: &str) -> Option<SystemTime> {
    // 20 bytes: humantime would take fractions of a second, X does not.
    humantime::parse_rfc3339(text).ok().filter(|_| text.len() == 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_must_be_named_and_be_one_of_those_that_there_are() {
        let takes = Takes::Number {
            range: 1..=4,
            required: true,
        };
        let texts = |value: Option<u8>| -> Vec<_> {
            let problems = check(Endpoint::Search, Some(&takes), value.map(Value::Number));
            problems.iter().map(ToString::to_string).collect()
        };
        assert_eq!(texts(None), ["is needed, 1 to 4"]);
        assert_eq!(texts(Some(0)), ["1 to 4, not 0"]);
        assert_eq!(texts(Some(5)), ["1 to 4, not 5"]);
        assert!(texts(Some(1)).is_empty() && texts(Some(4)).is_empty());
    }
}
