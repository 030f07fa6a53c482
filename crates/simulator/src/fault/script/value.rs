//! Numbers, times and names, each with a message that says what would be right.

use std::str::FromStr;
use std::time::Duration;

use crate::time::MAX_SPAN;

/// A whole number that fits its type.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a whole number that fits"))
}

/// A count or a size, from 1.
pub(super) fn up_to(most: usize, text: &str) -> Result<usize, String> {
    let n = number(text)?;
    if (1..=most).contains(&n) {
        return Ok(n);
    }
    Err(format!("`{text}` is not from 1 to {most}"))
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).ok();
    span.filter(|span| *span <= MAX_SPAN)
        .ok_or_else(|| format!("`{text}` is not a time such as 5s or 200ms, a year at most"))
}

pub(super) fn optional_time(words: &[&str]) -> Result<Option<Duration>, String> {
    match words {
        [] => Ok(None),
        [text] => time(text).map(Some),
        _ => Err("takes one time at most".to_owned()),
    }
}

/// The one of a closed set that has this name.
pub(super) fn named<T: Copy>(
    what: &str,
    name: &str,
    all: &[T],
    name_of: fn(T) -> &'static str,
) -> Result<T, String> {
    let known = all.iter().copied().find(|one| name_of(*one) == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = all.iter().copied().map(name_of).collect();
        format!("no {what} named `{name}`; there are {}", names.join(", "))
    })
}
