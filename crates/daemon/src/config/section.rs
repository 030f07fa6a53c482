//! Takes typed values out of a table. Every mistake is noted, a default stands in for it, and reading goes on; keys that
//! nobody asked for are mistakes too.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::rc::Rc;

use super::problem::Problem;
use super::suggest::suggestion;
use super::tree::{Node, Origin, Table, Value};

/// Where mistakes are noted.
pub(crate) type Notes = Rc<RefCell<Vec<Problem>>>;

/// A table that is being read.
pub(crate) struct Section {
    path: String,
    origin: Origin,
    table: Table,
    /// The keys that were asked for, and where those stand that are there.
    asked: Vec<(&'static str, Option<Origin>)>,
    notes: Notes,
}

/// A word of a list, and where it stands.
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

impl Section {
    pub(crate) fn root(table: Table, notes: Notes) -> Self {
        Self {
            path: String::new(),
            origin: Origin::Missing,
            table,
            asked: Vec::new(),
            notes,
        }
    }

    /// The name of `key` in messages.
    fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Option<Node> {
        let node = self.table.remove(key);
        let origin = node.as_ref().map(|node| node.origin.clone());
        self.asked.push((key, origin));
        node
    }

    /// Whether `key`, which was not asked for yet, is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where `key`, which was asked for, stands; or the table, if it does not.
    pub(crate) fn origin_of(&self, key: &str) -> Origin {
        let asked = self.asked.iter().find(|(name, _)| *name == key);
        asked
            .and_then(|(_, origin)| origin.clone())
            .unwrap_or_else(|| self.origin.clone())
    }

    /// Notes a mistake in the value of `key` at `origin`.
    pub(crate) fn note(
        &self,
        origin: Origin,
        key: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let problem = Problem::new(origin, self.key(key), message).hint(hint);
        self.notes.borrow_mut().push(problem);
    }

    /// Notes that `key` is needed.
    pub(crate) fn missing(&self, key: &str, hint: impl Into<String>) {
        self.note(self.origin.clone(), key, "is missing", hint);
    }

    fn wrong_type(&self, key: &str, node: &Node, wanted: &str) {
        let got = match node.origin {
            Origin::Variable(_) => "another text",
            _ => node.value.kind(),
        };
        self.note(
            node.origin.clone(),
            key,
            format!("wants {wanted}, not {got}"),
            format!("write {key} = {wanted}"),
        );
    }

    /// A string.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<(String, Origin)> {
        let node = self.take(key)?;
        if let Value::Text(text) = node.value {
            return Some((text, node.origin));
        }
        self.wrong_type(key, &node, "\"text\"");
        None
    }

    /// A string that `parse` understands; `wanted` is an example of one.
    pub(crate) fn parsed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.take(key)?;
        let Value::Text(text) = &node.value else {
            self.wrong_type(key, &node, wanted);
            return None;
        };
        match parse(text) {
            Ok(value) => Some(value),
            Err(message) => {
                let hint = format!("for example {key} = {wanted}");
                self.note(node.origin, key, format!("{text:?}: {message}"), hint);
                None
            }
        }
    }

    /// A path.
    pub(crate) fn path(&mut self, key: &'static str) -> Option<(PathBuf, Origin)> {
        self.text(key).map(|(text, origin)| (text.into(), origin))
    }

    /// One of `choices`.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let (text, origin) = self.text(key)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        self.note(
            origin,
            key,
            format!("{text:?} is not known"),
            format!("one of: {}", names.join(", ")),
        );
        None
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.take(key)?;
        match (&node.value, &node.origin) {
            (Value::Bool(flag), _) => return Some(*flag),
            (Value::Text(text), Origin::Variable(_)) => {
                if let Ok(flag) = text.parse() {
                    return Some(flag);
                }
            }
            _ => {}
        }
        self.wrong_type(key, &node, "true or false");
        None
    }

    /// A number within `range`.
    pub(crate) fn number(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        self.number_called(key, range, "a number")
    }

    fn number_called(&mut self, key: &'static str, range: RangeInclusive<i64>, wanted: &str) -> Option<i64> {
        let node = self.take(key)?;
        let number = match (&node.value, &node.origin) {
            (Value::Integer(number), _) => Some(*number),
            (Value::Text(text), Origin::Variable(_)) => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            self.wrong_type(key, &node, wanted);
            return None;
        };
        if range.contains(&number) {
            return Some(number);
        }
        let hint = format!("from {} to {}", range.start(), range.end());
        self.note(node.origin, key, format!("{number} is out of range"), hint);
        None
    }

    /// A number, or one word that stands for something else.
    pub(crate) fn number_or(
        &mut self,
        key: &'static str,
        word: &str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        if self.is_text(key, word) {
            self.take(key);
            return None;
        }
        self.number_called(key, range, &format!("a number or {word:?}"))
    }

    /// A list of strings; in the environment joined by commas.
    pub(crate) fn words(&mut self, key: &'static str) -> Option<Vec<Word>> {
        let node = self.take(key)?;
        match (&node.value, &node.origin) {
            (Value::Text(text), origin @ Origin::Variable(_)) => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                return Some(
                    words
                        .map(|word| Word {
                            text: word.to_owned(),
                            origin: origin.clone(),
                        })
                        .collect(),
                );
            }
            (Value::List(list), _) => {
                let words = list.iter().map(|node| match &node.value {
                    Value::Text(text) => Some(Word {
                        text: text.clone(),
                        origin: node.origin.clone(),
                    }),
                    _ => None,
                });
                if let Some(words) = words.collect() {
                    return Some(words);
                }
            }
            _ => {}
        }
        self.wrong_type(key, &node, "[\"a\", \"b\"]");
        None
    }

    /// A table; an empty one if it is not there.
    pub(crate) fn section(&mut self, key: &'static str) -> Self {
        let (table, origin) = match self.take(key) {
            Some(Node {
                value: Value::Table(table),
                origin,
            }) => (table, origin),
            Some(node) => {
                self.wrong_type(key, &node, "a table");
                (Table::new(), Origin::Missing)
            }
            None => (Table::new(), Origin::Missing),
        };
        self.inner(self.key(key), table, origin)
    }

    /// A list of tables.
    pub(crate) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        let Value::List(list) = node.value else {
            self.note(
                node.origin,
                key,
                "wants a list of tables",
                format!("write [[{key}]]"),
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (at, node) in list.into_iter().enumerate() {
            match node.value {
                Value::Table(table) => sections.push(self.inner(format!("{key}.{at}"), table, node.origin)),
                _ => self.note(node.origin, key, "wants tables only", format!("write [[{key}]]")),
            }
        }
        sections
    }

    fn inner(&self, path: String, table: Table, origin: Origin) -> Self {
        Self {
            path,
            origin,
            table,
            asked: Vec::new(),
            notes: self.notes.clone(),
        }
    }

    /// All that is left, as names and strings, and where they stand.
    pub(crate) fn rest(mut self) -> Vec<(String, String, Origin)> {
        let mut all = Vec::new();
        for (name, node) in std::mem::take(&mut self.table) {
            match node.value {
                Value::Text(text) => all.push((name, text, node.origin)),
                Value::Integer(number) => all.push((name, number.to_string(), node.origin)),
                Value::Bool(flag) => all.push((name, flag.to_string(), node.origin)),
                value => {
                    let message = format!("wants a string, not {}", value.kind());
                    self.note(
                        node.origin,
                        &name,
                        message,
                        "a name with dots needs quotes: \"compression.type\"",
                    );
                }
            }
        }
        all
    }

    /// Whether `key` is the string `word`.
    pub(crate) fn is_text(&self, key: &str, word: &str) -> bool {
        self.table
            .get(key)
            .is_some_and(|node| matches!(&node.value, Value::Text(text) if text == word))
    }

    /// Notes every key that nobody asked for.
    pub(crate) fn finish(self) {
        for (key, node) in &self.table {
            let known: Vec<_> = self.asked.iter().map(|(key, _)| *key).collect();
            let hint = match suggestion(key, &known) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.note(node.origin.clone(), key, "is not a known key", hint);
        }
    }
}
