//! Just enough JSON writing: objects with their fields in a chosen or a shuffled order, and strings with optional
//! surrogate-pair escapes. Written by hand so that nothing here can hide a fault of the JSON library under test.

use fastrand::Rng;
use std::fmt::{Display, Write};

/// How characters beyond the basic plane are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Astral {
    /// As UTF-8, as v2 does.
    Raw,
    /// As a pair of `\u` escapes, as v1.1 did.
    Escaped,
}

/// A JSON string.
pub(crate) fn string(text: &str, astral: Astral) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => escape(&mut out, u32::from(c) as u16),
            c if u32::from(c) > 0xFFFF && astral == Astral::Escaped => {
                let mut pair = [0; 2];
                c.encode_utf16(&mut pair)
                    .iter()
                    .for_each(|unit| escape(&mut out, *unit));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, unit: u16) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{unit:04x}");
}

/// A JSON array of values that are JSON already.
pub(crate) fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

/// A JSON array of strings.
pub(crate) fn strings<S: AsRef<str>>(items: &[S]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| string(item.as_ref(), Astral::Raw))
        .collect();
    array(&items)
}

/// An object under construction.
#[derive(Debug, Default)]
pub(crate) struct Object(Vec<(&'static str, String)>);

impl Object {
    pub(crate) fn new() -> Self {
        Object::default()
    }

    /// A value that is JSON already.
    pub(crate) fn json(mut self, key: &'static str, value: impl Display) -> Self {
        self.0.push((key, value.to_string()));
        self
    }

    pub(crate) fn text(self, key: &'static str, value: impl AsRef<str>) -> Self {
        self.json(key, string(value.as_ref(), Astral::Raw))
    }

    pub(crate) fn maybe(self, key: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.json(key, value),
            None => self,
        }
    }

    pub(crate) fn in_order(self) -> String {
        let fields: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    pub(crate) fn shuffled(mut self, rng: &mut Rng) -> String {
        rng.shuffle(&mut self.0);
        self.in_order()
    }
}
