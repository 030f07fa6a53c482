//! Object pool: the pre-rendered messages, and all that posts can match.

use std::ops::Range;

use fastrand::Rng;
use parking_lot::RwLock;

use super::compose::{self, Parts};
use super::kind::{EVENTS, FIRST_STATUS, POSTS, STATUSES, TEMPLATES};
use super::matching_rules::matching_rules;
use super::message::{Message, Times, Written};
use super::status::Status;
use crate::endpoint::Kind;
use crate::rules::Rule;
use crate::selection::Selection;
use crate::settings::SizeProfile;

/// How many different `matching_rules` a rule set has.
const SNIPPETS: usize = 24;

/// How many selections a world makes; who asks for more gets everything.
const VIEWS: usize = 100;

/// Flyweight of a post: which message of the pool, in which selection, with its id and its matching rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) id: u64,
    pub(super) message: u16,
    /// 0: all of it.
    pub(super) view: u16,
    pub(crate) rules: Option<u32>,
}

impl Stamp {
    /// The same post in another view.
    pub(crate) fn seen(self, view: u16) -> Stamp {
        Stamp { view, ..self }
    }
}

/// The messages and every `matching_rules` value ever used. Shared by the world, which adds, and the ledger, which reads.
#[derive(Debug)]
pub(crate) struct Pool {
    seed: u64,
    parts: Vec<(Kind, Parts)>,
    /// What was selected, and the messages that it leaves.
    views: RwLock<Vec<(Selection, Vec<Message>)>>,
    statuses: Vec<Status>,
    snippets: RwLock<Vec<Box<[u8]>>>,
}

impl Pool {
    pub(crate) fn new(seed: u64, size: SizeProfile) -> Self {
        let mut rng = Rng::with_seed(seed);
        let posts = (0..POSTS).map(|_| (Kind::Posts, compose::parts(&mut rng, size)));
        let mut parts: Vec<_> = posts.collect();
        for (kind, template) in TEMPLATES {
            parts.extend((0..EVENTS).map(|_| (kind, compose::event(&mut rng, kind, template))));
        }
        let whole = parts
            .iter()
            .map(|(_, parts)| Message::new(&mut rng, parts.clone()));
        Pool {
            seed,
            views: RwLock::new(vec![(Selection::default(), whole.collect())]),
            statuses: (0..STATUSES).map(|_| Status::new(&mut rng)).collect(),
            snippets: RwLock::default(),
            parts,
        }
    }

    /// The number of the view that has what was selected, made if it is not there yet.
    pub(crate) fn view(&self, selection: Selection) -> u16 {
        let mut views = self.views.write();
        let mut others = views.iter().skip(1);
        if let Some(at) = others.position(|(known, _)| *known == selection) {
            return at as u16 + 1;
        }
        if views.len() > VIEWS {
            return 0;
        }
        let mut rng = Rng::with_seed(self.seed);
        let left = |(kind, parts): &(Kind, Parts)| Message::new(&mut rng, selection.of(*kind, parts));
        let messages = self.parts.iter().map(left).collect();
        views.push((selection, messages));
        views.len() as u16 - 1
    }

    /// Makes `matching_rules` values from a rule set; gives their numbers.
    pub(crate) fn add_rules(&self, rules: &[Rule], rng: &mut Rng) -> Range<u32> {
        let mut snippets = self.snippets.write();
        let first = snippets.len() as u32;
        snippets.extend((0..SNIPPETS).map(|_| matching_rules(rules, rng).into_bytes().into_boxed_slice()));
        first..snippets.len() as u32
    }

    /// Is this message in such a language?
    pub(super) fn is_in(&self, message: u16, language: &str) -> bool {
        let parts = self.parts.get(usize::from(message));
        parts.is_some_and(|(_, parts)| parts.language == language)
    }

    /// Appends the post's line, without its end.
    pub(crate) fn write(&self, stamp: Stamp, times: &mut Times, out: &mut Vec<u8>) -> Written {
        if let Some(at) = stamp.message.checked_sub(FIRST_STATUS) {
            let status = &self.statuses[usize::from(at % STATUSES)];
            return status.write(stamp.id, at >= STATUSES, out);
        }
        let views = self.views.read();
        let message = &views[usize::from(stamp.view)].1[usize::from(stamp.message)];
        let snippets = self.snippets.read();
        let rules = stamp.rules.map(|at| &*snippets[at as usize]);
        message.write(stamp.id, rules, times, out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn lines(seed: u64, size: SizeProfile) -> Vec<(Vec<u8>, Written)> {
        let pool = Pool::new(seed, size);
        let rules = pool.add_rules(&[], &mut Rng::with_seed(seed));
        let write = |message| {
            let mut line = Vec::new();
            let id = 1_900_000_000_000_000_000 + u64::from(message);
            let stamp = Stamp {
                id,
                message,
                view: 0,
                rules: Some(rules.start),
            };
            let written = pool.write(stamp, &mut Times::default(), &mut line);
            (line, written)
        };
        (0..FIRST_STATUS).map(write).collect()
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
            let id = (1_900_000_000_000_000_000 + at).to_string();
            if at < usize::from(POSTS) {
                assert_eq!(whole["data"]["id"], id);
            }
            let text = String::from_utf8(line).unwrap();
            assert!(text.contains(&id) || text.contains("news.new"), "{text}");
            assert!(
                !text.contains(compose::ID) && !text.contains("9999-01-01") && !text.contains("{{"),
                "a hole was left in {text}"
            );
        }
    }

    #[test]
    fn sizes_are_those_of_real_messages() {
        let mean = |size| {
            let mut lines = lines(1, size);
            lines.truncate(usize::from(POSTS));
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
}
