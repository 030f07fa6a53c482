//! Seeded randomness: draws words and lines of the data files, and fills templates with them.

use std::ops::RangeBounds;

use fastrand::Rng;

use crate::template::{Values, join};

/// Every template of `data/message/` with its name.
macro_rules! templates {
    ($($name:literal)*) => {
        const TEMPLATES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../data/message/", $name, ".tpl")))),*];
    };
}

templates! {
    "activity" "annotation" "entities" "hashtag" "hosts" "includes" "label" "like" "like_compliance" "link" "link_target"
    "media_key" "metrics" "names" "not_found"
    "old_id" "old_time" "photo" "place" "places" "poll" "post"
    "post_compliance" "referenced" "rule_id" "sources" "status" "subjects" "tagged_rule" "tags"
    "topics" "towns" "untagged_rule" "user" "user_compliance" "video"
}

const LANGUAGES: &str = include_str!("../../data/words/languages.txt");
const EMOJI: &str = include_str!("../../data/words/emoji.txt");
const ASIDES: &str = include_str!("../../data/words/asides.txt");

/// Random generator that knows the data files; what it draws follows from the seed.
#[derive(Debug)]
pub(super) struct Draw<'a>(pub(super) &'a mut Rng);

impl Draw<'_> {
    /// Fills a template, drawing what it leaves open.
    pub(super) fn fill(&mut self, template: &str, values: &Values) -> String {
        let text = text(template);
        if text.starts_with("{\n") {
            join(text.lines(), |hole| self.hole(hole, values))
        } else {
            join([self.line(text)], |hole| self.hole(hole, values))
        }
    }

    /// Fills a template that is one object, its members in any order: nobody may rely on X's.
    pub(super) fn fill_shuffled(&mut self, template: &str, values: &Values) -> String {
        let mut lines: Vec<&str> = text(template).lines().collect();
        let last = lines.len() - 1;
        self.0.shuffle(&mut lines[1..last]);
        join(lines, |hole| self.hole(hole, values))
    }

    /// Draws from a template that needs no values.
    pub(super) fn one_of(&mut self, template: &str) -> String {
        self.fill(template, &Values::new())
    }

    fn hole(&mut self, hole: &str, values: &Values) -> Option<String> {
        values.get_or_else(hole, || {
            if let Some(percent) = hole.strip_suffix('%') {
                return self.chance(percent.parse().ok()?).then(String::new);
            }
            if let Some((low, high)) = hole.split_once("..") {
                let number = self.number(low.parse::<u64>().ok()?..=high.parse().ok()?);
                return Some(format!("{number:0width$}", width = low.len()));
            }
            Some(match hole {
                "hex" => self.hex(),
                _ => self.fill(hole, values),
            })
        })
    }

    /// In so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u8) -> bool {
        self.0.u8(0..100) < percent
    }

    pub(super) fn number(&mut self, range: impl RangeBounds<u64>) -> u64 {
        self.0.u64(range)
    }

    /// How many of something.
    pub(super) fn count(&mut self, range: impl RangeBounds<usize>) -> usize {
        self.0.usize(range)
    }

    /// 16 random hexadecimal digits, as in the ids of places.
    pub(super) fn hex(&mut self) -> String {
        format!("{:016x}", self.0.u64(..))
    }

    pub(super) fn alphanumerics(&mut self, count: usize) -> String {
        std::iter::repeat_with(|| self.0.alphanumeric())
            .take(count)
            .collect()
    }

    fn line<'t>(&mut self, text: &'t str) -> &'t str {
        let at = self.0.usize(0..text.lines().count());
        text.lines().nth(at).unwrap_or_default()
    }

    /// X's code of a language, and its words.
    pub(super) fn language(&mut self) -> (&'static str, Vec<&'static str>) {
        let mut words = self.line(LANGUAGES).split(' ');
        (words.next().unwrap_or_default(), words.collect())
    }

    /// From half of `most` to `most` words, with emoji, quotes and line ends among them: not JSON yet.
    pub(super) fn sentence(&mut self, words: &[&str], most: usize) -> String {
        let mut text = String::new();
        for at in 0..self.count(most / 2..=most) {
            if at > 0 {
                text.push(if self.0.u8(0..30) == 0 { '\n' } else { ' ' });
            }
            text.push_str(match self.0.u8(0..40) {
                0 | 1 => self.line(EMOJI),
                2 | 3 => self.line(ASIDES),
                _ => words[self.count(0..words.len())],
            });
        }
        text
    }
}

fn text(name: &str) -> &'static str {
    let known = TEMPLATES.iter().find(|(known, _)| *known == name);
    known
        .expect("templates are named in code and data only, and tests fill them all")
        .1
}
