//! Typed values: what a key's text, number, flag or list must be. A value that is wrong is noted, and is then as if it were not
//! there: `None`, or the default.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::origin::Origin;
use super::record::{Kind, quoted};
use super::section::Section;
use super::suggest::suggestion;
use super::tree::{Node, Value};

impl Section {
    /// A string, as it stands there.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        self.asks(key, Kind::Text, None);
        self.taken_text(key)
    }

    /// A string, or `default`.
    pub(crate) fn text_or(&mut self, key: &'static str, default: &str) -> String {
        self.asks(key, Kind::Text, Some(quoted(default)));
        self.taken_text(key).unwrap_or_else(|| default.to_owned())
    }

    fn taken_text(&mut self, key: &'static str) -> Option<String> {
        let node = self.take(key)?;
        if let Value::Text(text) = node.value {
            return Some(text);
        }
        self.wrong_type(key, &node, "\"text\"");
        None
    }

    /// A path, relative to the working directory.
    pub(crate) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// A path, or `default`.
    pub(crate) fn path_or(&mut self, key: &'static str, default: &str) -> PathBuf {
        self.text_or(key, default).into()
    }

    /// A string that `parse` understands. The default is one too, and the example in messages.
    pub(crate) fn parsed<T>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        self.asks(key, Kind::Text, Some(quoted(default)));
        let given = self.take(key).and_then(|node| {
            let Value::Text(text) = &node.value else {
                self.wrong_type(key, &node, &format!("{default:?}"));
                return None;
            };
            let wrong = |message| {
                let hint = format!("for example {key} = {default:?}");
                self.note(key, format!("{text:?}: {message}"), hint);
            };
            parse(text).map_err(wrong).ok()
        });
        given.unwrap_or_else(|| parse(default).expect("a default is a right value"))
    }

    /// An enumeration: one of `choices`, by name; that called `default` if nobody says anything.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, default: &str, choices: &[(&str, T)]) -> T {
        let named = |name: &str| choices.iter().find(|(known, _)| *known == name);
        let (_, fallback) = named(default).expect("a default is one of the choices");
        self.default_of(key, quoted(default));
        self.named(key, choices).unwrap_or(*fallback)
    }

    /// An enumeration without a default.
    pub(crate) fn named<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let names = choices.iter().map(|(name, _)| (*name).to_owned());
        self.asks(key, Kind::Choice(names.collect()), None);
        let text = self.taken_text(key)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let hint = format!("one of: {}", names.join(", "));
        self.note(key, format!("{text:?} is not known"), hint);
        None
    }

    /// A boolean: `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.asks(key, Kind::Flag, Some(default.to_string()));
        self.taken_flag(key).unwrap_or(default)
    }

    fn taken_flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.take(key)?;
        let flag = match (&node.value, &node.origin) {
            (Value::Bool(flag), _) => Some(*flag),
            (Value::Text(text), Origin::Variable(_)) => text.parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.wrong_type(key, &node, "true or false");
        }
        flag
    }

    /// An integer within `range`; in the environment, a text that is one.
    pub(crate) fn number<N>(&mut self, key: &'static str, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
        self.asks(key, number(&range), None);
        self.number_called(key, range, "a number")
    }

    /// A number, or one word that stands for none.
    pub(crate) fn number_or<N>(
        &mut self,
        key: &'static str,
        word: &str,
        range: RangeInclusive<N>,
    ) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
        self.asks(key, number(&range), Some(quoted(word)));
        if self.is(key, word) {
            self.ask(key);
            return None;
        }
        self.number_called(key, range, &format!("a number or {word:?}"))
    }

    fn number_called<N>(&mut self, key: &'static str, range: RangeInclusive<N>, wanted: &str) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
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
        let fitting = N::try_from(number).ok().filter(|number| range.contains(number));
        if fitting.is_none() {
            let hint = format!("from {} to {}", range.start(), range.end());
            self.note(key, format!("{number} is out of range"), hint);
        }
        fitting
    }

    /// A list of strings or numbers, as texts; in the environment joined by commas. An `example` stands in messages.
    pub(crate) fn texts(&mut self, key: &'static str, example: &str) -> Vec<String> {
        self.asks(key, Kind::Texts, Some("[]".to_owned()));
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        let texts = texts(&node);
        if texts.is_none() {
            self.wrong_type(key, &node, example);
        }
        texts.unwrap_or_default()
    }

    /// A list of names of `known`, each once; in the environment joined by commas.
    pub(crate) fn names<'k>(&mut self, key: &'static str, known: &[&'k str]) -> Option<Vec<&'k str>> {
        let choices = known.iter().map(|name| (*name).to_owned());
        self.asks(key, Kind::Names(choices.collect()), None);
        let node = self.take(key)?;
        let Some(words) = words(&node) else {
            self.wrong_type(key, &node, "[\"a\", \"b\"]");
            return None;
        };
        let mut names = Vec::new();
        let count = words.len();
        for (word, origin) in words {
            match known.iter().find(|known| **known == word) {
                None => {
                    let hint = match suggestion(word, known) {
                        Some(near) => format!("did you mean {near:?}?"),
                        None => format!("known: {}", known.join(", ")),
                    };
                    self.note_at(origin, key, format!("{word:?} is not known"), hint);
                }
                Some(name) if names.contains(name) => {
                    self.note_at(origin, key, format!("{word:?} is there twice"), "leave one out");
                }
                Some(name) => names.push(*name),
            }
        }
        (names.len() == count).then_some(names)
    }
}

/// A number's kind; what is beyond an i64 is beyond every key.
fn number<N: Display>(range: &RangeInclusive<N>) -> Kind {
    let end = |end: &N| end.to_string().parse().unwrap_or(i64::MAX);
    Kind::Number(end(range.start()), end(range.end()))
}

/// The items of a list of strings and numbers, as texts.
fn texts(node: &Node) -> Option<Vec<String>> {
    match (&node.value, &node.origin) {
        (Value::Text(text), Origin::Variable(_)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(items.map(str::to_owned).collect())
        }
        (Value::List(list), _) => {
            let items = list.iter().map(|node| match &node.value {
                Value::Text(text) | Value::Float(text) => Some(text.clone()),
                Value::Integer(number) => Some(number.to_string()),
                _ => None,
            });
            items.collect()
        }
        _ => None,
    }
}

/// The words of a list, and where each stands.
fn words(node: &Node) -> Option<Vec<(&str, Origin)>> {
    match (&node.value, &node.origin) {
        (Value::Text(text), origin @ Origin::Variable(_)) => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Some(words.map(|word| (word, origin.clone())).collect())
        }
        (Value::List(list), _) => {
            let words = list.iter().map(|node| match &node.value {
                Value::Text(text) => Some((text.as_str(), node.origin.clone())),
                _ => None,
            });
            words.collect()
        }
        _ => None,
    }
}
