//! Pre-rendered messages: a post is written out by copying one and patching what changes from post to post.

use std::ops::Range;

use fastrand::Rng;

use super::compose::{self, Parts};
use crate::time;

/// Where the parts of a written post lie, from the start of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) data: Range<usize>,
    pub(crate) includes: Option<Range<usize>>,
    pub(crate) errors: Option<Range<usize>>,
    pub(crate) matching_rules: Option<Range<usize>>,
}

/// Cache of the current second's texts, because thousands of posts share them.
#[derive(Debug, Default)]
pub(crate) struct Times {
    second: u64,
    created: String,
    editable: String,
}

impl Times {
    /// The two times of a status of v1.1.
    pub(super) fn of_status(id: u64) -> (String, String) {
        let ms = time::ms_of(id);
        (time::v1_date(ms / 1000), format!("{ms:013}"))
    }

    fn set(&mut self, id: u64) {
        let second = time::ms_of(id) / 1000;
        if second != self.second {
            // Real posts have whole seconds in `created_at`.
            self.created = time::rfc3339(second * 1000);
            self.editable = time::rfc3339((second + 3600) * 1000);
            self.second = second;
        }
    }
}

/// A message with the places to patch.
#[derive(Debug)]
pub(super) struct Message {
    line: Box<[u8]>,
    ids: Vec<usize>,
    created: Vec<usize>,
    editable: Vec<usize>,
    data: Range<usize>,
    includes: Option<Range<usize>>,
    errors: Option<Range<usize>>,
    /// Where the matching rules go.
    rules_at: usize,
}

impl Message {
    /// A message of these parts, in X's order or any other.
    pub(super) fn new(rng: &mut Rng, parts: Parts) -> Self {
        let Parts {
            data,
            includes,
            errors,
            ..
        } = parts;
        let mut members = vec![("data", data)];
        members.extend(includes.map(|text| ("includes", text)));
        members.extend(errors.map(|text| ("errors", text)));
        // X's order is data, includes, errors, matching_rules, but nobody may rely on it.
        let mut last = members.len();
        if rng.u8(0..5) == 0 {
            rng.shuffle(&mut members);
            last = rng.usize(1..=members.len());
        }
        let (line, places) = object(&members);
        let rules_at = places[last - 1].1.end;
        let place = |name| {
            places
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, range)| range.clone())
        };
        let placeholders = |text| line.match_indices(text).map(|(at, _)| at).collect();
        Message {
            ids: placeholders(compose::ID),
            created: placeholders(compose::CREATED),
            editable: placeholders(compose::EDITABLE),
            data: place("data").unwrap_or_default(),
            includes: place("includes"),
            errors: place("errors"),
            rules_at,
            line: line.into_bytes().into_boxed_slice(),
        }
    }

    /// Appends the line of the post with this id and these rules.
    pub(super) fn write(
        &self,
        id: u64,
        rules: Option<&[u8]>,
        times: &mut Times,
        out: &mut Vec<u8>,
    ) -> Written {
        const NAME: &[u8] = b",\"matching_rules\":";
        times.set(id);
        let start = out.len();
        out.extend_from_slice(&self.line[..self.rules_at]);
        let mut extra = 0;
        let mut matching_rules = None;
        if let Some(rules) = rules {
            out.extend_from_slice(NAME);
            out.extend_from_slice(rules);
            extra = NAME.len() + rules.len();
            matching_rules = Some(self.rules_at + NAME.len()..self.rules_at + extra);
        }
        out.extend_from_slice(&self.line[self.rules_at..]);
        let shift = |at: usize| if at >= self.rules_at { at + extra } else { at };
        let mut patch = |places: &[usize], text: &[u8]| {
            for place in places {
                let at = start + shift(*place);
                out[at..at + text.len()].copy_from_slice(text);
            }
        };
        patch(&self.ids, &digits(id));
        patch(&self.created, times.created.as_bytes());
        patch(&self.editable, times.editable.as_bytes());
        let moved = |range: &Range<usize>| shift(range.start)..shift(range.start) + range.len();
        Written {
            data: moved(&self.data),
            includes: self.includes.as_ref().map(moved),
            errors: self.errors.as_ref().map(moved),
            matching_rules,
        }
    }
}

/// An object of these members, and where their values lie in it.
fn object(members: &[(&'static str, String)]) -> (String, Vec<(&'static str, Range<usize>)>) {
    let (mut line, mut places) = (String::from("{"), Vec::new());
    for (at, (name, value)) in members.iter().enumerate() {
        line.push_str(if at == 0 { "\"" } else { ",\"" });
        line.push_str(name);
        line.push_str("\":");
        places.push((*name, line.len()..line.len() + value.len()));
        line.push_str(value);
    }
    line.push('}');
    (line, places)
}

/// The 19 digits of an id.
pub(super) fn digits(mut id: u64) -> [u8; 19] {
    let mut digits = [b'0'; 19];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (id % 10) as u8;
        id /= 10;
    }
    digits
}
