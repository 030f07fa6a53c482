//! Messages with holes for what changes from post to post, and the filling of the holes.

use super::compose;
use crate::json::{Astral, Object, array, string};
use crate::rules::Rule;
use crate::settings::SizeProfile;
use crate::time;
use fastrand::Rng;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

/// How many different messages a world has.
pub(crate) const POOL: u16 = 512;
/// How many different `matching_rules` a rule set has.
const SNIPPETS: usize = 24;

/// One post: a message of the pool with its id and its matching rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) id: u64,
    pub(crate) template: u16,
    pub(crate) rules: Option<u32>,
}

/// Where the parts of a written post lie, from the start of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) data: Range<usize>,
    pub(crate) includes: Option<Range<usize>>,
    pub(crate) errors: Option<Range<usize>>,
    pub(crate) matching_rules: Option<Range<usize>>,
}

/// The pool and every `matching_rules` value ever used. Shared by the world, which adds, and the ledger, which reads.
#[derive(Debug)]
pub(crate) struct Templates {
    pool: Vec<Template>,
    snippets: RwLock<Vec<Box<[u8]>>>,
}

impl Templates {
    pub(crate) fn new(seed: u64, size: SizeProfile) -> Self {
        let mut rng = Rng::with_seed(seed);
        let pool = std::iter::repeat_with(|| Template::new(&mut rng, size)).take(usize::from(POOL));
        Templates {
            pool: pool.collect(),
            snippets: RwLock::default(),
        }
    }

    /// Makes `matching_rules` values from a rule set; gives their numbers.
    pub(crate) fn add_rules(&self, rules: &[Rule], rng: &mut Rng) -> Range<u32> {
        let mut snippets = self.snippets.write().unwrap_or_else(PoisonError::into_inner);
        let first = snippets.len() as u32;
        snippets.extend((0..SNIPPETS).map(|_| matching_rules(rules, rng).into_bytes().into_boxed_slice()));
        first..snippets.len() as u32
    }

    /// Appends the post's line, without its end.
    pub(crate) fn write(&self, stamp: Stamp, times: &mut Times, out: &mut Vec<u8>) -> Written {
        let template = &self.pool[usize::from(stamp.template)];
        let snippets = self.snippets.read().unwrap_or_else(PoisonError::into_inner);
        let rules = stamp.rules.map(|at| &*snippets[at as usize]);
        template.write(stamp.id, rules, times, out)
    }
}

/// The texts of the current second, kept because thousands of posts share it.
#[derive(Debug, Default)]
pub(crate) struct Times {
    second: u64,
    created: String,
    editable: String,
}

impl Times {
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

#[derive(Debug)]
struct Template {
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

impl Template {
    fn new(rng: &mut Rng, size: SizeProfile) -> Self {
        let parts = compose::parts(rng, size);
        let mut members = vec![("data", parts.data)];
        members.extend(parts.includes.map(|text| ("includes", text)));
        members.extend(parts.errors.map(|text| ("errors", text)));
        // X's order is data, includes, errors, matching_rules, but nobody may rely on it.
        let mut last = members.len();
        if rng.u8(0..5) == 0 {
            rng.shuffle(&mut members);
            last = rng.usize(1..=members.len());
        }
        let (mut line, mut places, mut rules_at) = (String::from("{"), Vec::new(), 0);
        for (at, (name, text)) in members.iter().enumerate() {
            line.push_str(if at == 0 { "\"" } else { ",\"" });
            line.push_str(name);
            line.push_str("\":");
            places.push((*name, line.len()..line.len() + text.len()));
            line.push_str(text);
            if at + 1 == last {
                rules_at = line.len();
            }
        }
        line.push('}');
        let place = |name| {
            places
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, range)| range.clone())
        };
        let holes = |hole| line.match_indices(hole).map(|(at, _)| at).collect();
        Template {
            ids: holes(compose::ID),
            created: holes(compose::CREATED),
            editable: holes(compose::EDITABLE),
            data: place("data").unwrap_or_default(),
            includes: place("includes"),
            errors: place("errors"),
            rules_at,
            line: line.into_bytes().into_boxed_slice(),
        }
    }

    fn write(&self, id: u64, rules: Option<&[u8]>, times: &mut Times, out: &mut Vec<u8>) -> Written {
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
        let mut fill = |holes: &[usize], text: &[u8]| {
            for hole in holes {
                let at = start + shift(*hole);
                out[at..at + text.len()].copy_from_slice(text);
            }
        };
        fill(&self.ids, &digits(id));
        fill(&self.created, times.created.as_bytes());
        fill(&self.editable, times.editable.as_bytes());
        let moved = |range: &Range<usize>| shift(range.start)..shift(range.start) + range.len();
        Written {
            data: moved(&self.data),
            includes: self.includes.as_ref().map(moved),
            errors: self.errors.as_ref().map(moved),
            matching_rules,
        }
    }
}

/// The 19 digits of an id.
fn digits(mut id: u64) -> [u8; 19] {
    let mut digits = [b'0'; 19];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (id % 10) as u8;
        id /= 10;
    }
    digits
}

/// One to three of the rules, in all the spellings that were seen on the wire: the id a string or a number; the tag of
/// an untagged rule null, empty or absent.
fn matching_rules(rules: &[Rule], rng: &mut Rng) -> String {
    let invented = [
        ("1166916266197536768", Some("harbour")),
        ("1166916266197536769", None),
    ];
    let mut all: Vec<(&str, Option<&str>)> = match rules {
        [] => invented.to_vec(),
        rules => rules
            .iter()
            .map(|rule| (rule.id.as_str(), rule.tag.as_deref()))
            .collect(),
    };
    rng.shuffle(&mut all);
    all.truncate(rng.usize(1..=3));
    let items: Vec<String> = all.into_iter().map(|(id, tag)| one_rule(id, tag, rng)).collect();
    array(&items)
}

fn one_rule(id: &str, tag: Option<&str>, rng: &mut Rng) -> String {
    let rule = Object::new();
    let rule = if rng.u8(0..4) == 0 {
        rule.json("id", id)
    } else {
        rule.text("id", id)
    };
    let tag = match tag {
        Some(tag) => Some(string(tag, Astral::Raw)),
        None => [Some("null".to_owned()), Some("\"\"".to_owned()), None][rng.usize(0..3)].clone(),
    };
    rule.maybe("tag", tag).in_order()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn lines(seed: u64, size: SizeProfile) -> Vec<(Vec<u8>, Written)> {
        let templates = Templates::new(seed, size);
        let rules = templates.add_rules(&[], &mut Rng::with_seed(seed));
        let write = |template| {
            let mut line = Vec::new();
            let id = 1_900_000_000_000_000_000 + u64::from(template);
            let stamp = Stamp {
                id,
                template,
                rules: Some(rules.start),
            };
            let written = templates.write(stamp, &mut Times::default(), &mut line);
            (line, written)
        };
        (0..POOL).map(write).collect()
    }

    #[test]
    fn every_message_is_json_and_its_parts_are_where_they_are_said_to_be() {
        for (at, (line, written)) in lines(7, SizeProfile::Typical).into_iter().enumerate() {
            let whole: Value = serde_json::from_slice(&line).unwrap();
            let part = |range: &Range<usize>| serde_json::from_slice::<Value>(&line[range.clone()]).unwrap();
            assert_eq!(whole["data"], part(&written.data));
            assert_eq!(
                whole.get("includes").cloned(),
                written.includes.as_ref().map(part)
            );
            assert_eq!(whole.get("errors").cloned(), written.errors.as_ref().map(part));
            assert_eq!(
                whole.get("matching_rules").cloned(),
                written.matching_rules.as_ref().map(part)
            );
            assert_eq!(whole["data"]["id"], (1_900_000_000_000_000_000 + at).to_string());
            let text = String::from_utf8(line).unwrap();
            assert!(
                !text.contains(compose::ID) && !text.contains("9999-01-01"),
                "a hole was left in {text}"
            );
        }
    }

    #[test]
    fn sizes_are_those_of_real_messages() {
        let mean = |size| {
            let lines = lines(1, size);
            lines.iter().map(|(line, _)| line.len()).sum::<usize>() / lines.len()
        };
        // Real captures: 4,356 bytes (shared/data/v2-messages.ndjson).
        let (typical, small) = (mean(SizeProfile::Typical), mean(SizeProfile::Small));
        assert!((3_485..=5_227).contains(&typical), "typical: {typical}");
        assert!((1_280..=1_920).contains(&small), "small: {small}");
    }

    #[test]
    fn the_pool_has_everything_that_is_rare() {
        let lines = lines(1, SizeProfile::Typical);
        let all: Vec<String> = lines
            .iter()
            .map(|(line, _)| String::from_utf8(line.clone()).unwrap())
            .collect();
        for rare in [
            "\\ud83",
            "\"polls\"",
            "\"places\"",
            "\"note_tweet\"",
            "\"media\"",
            "\"errors\"",
            "البحر",
            "\\\"so\\\"",
        ] {
            assert!(
                all.iter().any(|line| line.contains(rare)),
                "no message has {rare}"
            );
        }
        assert!(lines.iter().any(|(_, written)| written.includes.is_none()));
        assert!(
            lines.iter().any(|(_, written)| written.data.start > 20),
            "data always comes first"
        );
    }

    #[test]
    fn rules_are_spelt_in_every_way() {
        let rng = &mut Rng::with_seed(3);
        let rule = |id: &str, tag: Option<&str>| Rule {
            id: id.into(),
            value: "x".into(),
            tag: tag.map(Into::into),
        };
        let rules = [rule("12", Some("a \"b\"")), rule("13", None)];
        let all: String = (0..100).map(|_| matching_rules(&rules, rng)).collect();
        for spelling in [
            r#""id":"12""#,
            r#""id":12,"#,
            r#""tag":"a \"b\"""#,
            r#""tag":null"#,
            r#""tag":"""#,
            r#"{"id":"13"}"#,
        ] {
            assert!(all.contains(spelling), "{spelling}");
        }
    }
}
