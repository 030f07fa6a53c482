//! Record of what was asked for: since a key is known because it is asked for, this is the catalogue of keys, and what each was
//! given.

use std::cell::RefCell;
use std::rc::Rc;

use super::origin::Origin;
use super::tree::{Node, Value};

/// What has been asked for so far, shared by all sections of a document.
pub(super) type Record = Rc<RefCell<Vec<Asked>>>;

/// One question for one key.
#[derive(Clone)]
pub(crate) struct Asked {
    /// The key's whole path: its parts, those of a list by their number.
    pub(crate) path: Vec<String>,
    /// What it may be; nothing if only its default was told.
    pub(crate) kind: Option<Kind>,
    /// What it is if nobody says anything, as TOML.
    pub(crate) default: Option<String>,
    /// What it was given, as TOML, and where.
    pub(crate) given: Option<(String, Origin)>,
}

/// What the value of a key may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// This one text, where others have a meaning of their own.
    Word(String),
    /// One of these texts.
    Choice(Vec<String>),
    Flag,
    /// An integer from the first to the second.
    Number(i64, i64),
    /// Texts and numbers.
    Texts,
    /// Some of these texts, each once.
    Names(Vec<String>),
    /// A table of texts with names of somebody else's.
    Entries,
}

/// A value as TOML, but that of a table.
pub(super) fn written(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Float(number) => number.clone(),
        Value::List(list) => format!("[{}]", list.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Table(_) | Value::Other => node.value.kind().to_owned(),
    }
}

/// A text as TOML.
pub(crate) fn quoted(text: &str) -> String {
    // Both escape quotes, backslashes and control characters alike.
    format!("{text:?}")
}
