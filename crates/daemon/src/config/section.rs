//! Schema by reading: a key is known because it was asked for. Every mistake is noted and reading goes on; keys that nobody
//! asked for are mistakes too.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{Access, access};

use super::leaves::{Leaves, leaves};
use super::origin::Origin;
use super::problem::{Problem, Problems};
use super::record::{Asked, Kind, Record, written};
use super::suggest::suggestion;
use super::tree::{Node, Table, Value};

/// Diagnostics so far, shared by all sections of a document.
pub(super) type Notes = Rc<RefCell<Vec<Problem>>>;

/// Table that is being read.
pub(crate) struct Section {
    path: String,
    origin: Origin,
    table: Table,
    /// The keys that were asked for, and where those stand that are there.
    asked: Vec<(&'static str, Option<Origin>)>,
    notes: Notes,
    record: Record,
    /// Whether the files that hold secrets must be here.
    secrets_here: bool,
}

impl Section {
    pub(super) fn root(table: Table, notes: Notes) -> Self {
        Self {
            path: String::new(),
            origin: Origin::Missing,
            table,
            asked: Vec::new(),
            notes,
            record: Record::default(),
            secrets_here: true,
        }
    }

    fn inner(&self, path: String, table: Table, origin: Origin) -> Self {
        Self {
            path,
            origin,
            table,
            asked: Vec::new(),
            notes: self.notes.clone(),
            record: self.record.clone(),
            secrets_here: self.secrets_here,
        }
    }

    /// From now on nothing is wrong with a secret for its not being here.
    pub(super) fn pass_over_secrets(&mut self) {
        self.secrets_here = false;
    }

    /// Whether `path`, a file that another machine or another user needs, may be missing here, and is.
    pub(crate) fn is_elsewhere(&self, path: &Path) -> bool {
        !self.secrets_here && access(path, Access::READ_OK).is_err()
    }

    /// Whether secrets must be here.
    pub(crate) fn needs_secrets(&self) -> bool {
        self.secrets_here
    }

    /// The name of `key` in messages.
    fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// What has been asked for, here and elsewhere.
    pub(super) fn record(&self) -> Record {
        self.record.clone()
    }

    /// Records that `key` is asked for, which may be of this `kind`.
    pub(super) fn asks(&self, key: &str, kind: Kind, default: Option<String>) {
        let given = self
            .table
            .get(key)
            .map(|node| (written(node), node.origin.clone()));
        self.put(key, Some(kind), default, given);
    }

    /// Records what `key` is if nobody says anything, where that is not known before: as TOML.
    pub(crate) fn default_of(&self, key: &str, default: impl Into<String>) {
        self.put(key, None, Some(default.into()), None);
    }

    fn put(&self, key: &str, kind: Option<Kind>, default: Option<String>, given: Option<(String, Origin)>) {
        // What is above has no dots of its own; the name of an entry may.
        let above = self.path.split('.').filter(|part| !part.is_empty());
        let path = above.chain((!key.is_empty()).then_some(key)).map(str::to_owned);
        self.record.borrow_mut().push(Asked {
            path: path.collect(),
            kind,
            default,
            given,
        });
    }

    /// Records an entry of an open table.
    pub(super) fn has_entry(&self, name: &str, node: &Node) {
        self.put(name, None, None, Some((written(node), node.origin.clone())));
    }

    /// Takes the value of `key` out.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Node> {
        let node = self.table.remove(key);
        let origin = node.as_ref().map(|node| node.origin.clone());
        self.asked.push((key, origin));
        node
    }

    /// Asks for `key`, and says whether it is there, whatever its value.
    pub(crate) fn ask(&mut self, key: &'static str) -> bool {
        self.take(key).is_some()
    }

    /// Whether `key`, which was not asked for yet, is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether `key`, which was not asked for yet, is the string `word`.
    pub(crate) fn is(&self, key: &str, word: &str) -> bool {
        self.asks(key, Kind::Word(word.to_owned()), None);
        let node = self.table.get(key);
        node.is_some_and(|node| matches!(&node.value, Value::Text(text) if text == word))
    }

    /// Where `key`, which was asked for, stands; or the table, if it does not.
    pub(crate) fn origin_of(&self, key: &str) -> Origin {
        let asked = self.asked.iter().find(|(name, _)| *name == key);
        asked
            .and_then(|(_, origin)| origin.clone())
            .unwrap_or_else(|| self.origin.clone())
    }

    /// Notes a mistake in the value of `key`, which was asked for, or that it is not there.
    pub(crate) fn note(&self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.note_at(self.origin_of(key), key, message, hint);
    }

    /// Notes a mistake that stands elsewhere than `key` itself.
    pub(crate) fn note_at(
        &self,
        origin: Origin,
        key: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let problem = Problem::new(origin, self.key(key), message).hint(hint);
        self.notes.borrow_mut().push(problem);
    }

    /// Notes what is wrong with a file of its own that a key names.
    pub(crate) fn adopt(&self, problems: Problems) {
        self.notes.borrow_mut().extend(problems.0);
    }

    /// Every key that was not asked for yet.
    pub(super) fn leaves(&self) -> Leaves {
        leaves(&self.path, &self.table)
    }

    /// How many mistakes were noted so far, here and elsewhere.
    pub(crate) fn problems(&self) -> usize {
        self.notes.borrow().len()
    }

    /// Notes that `key`, which was not asked for yet, is needed if it is not there.
    pub(crate) fn require(&self, key: &str, hint: impl Into<String>) {
        if !self.has(key) {
            self.note(key, "is missing", hint);
        }
    }

    pub(super) fn wrong_type(&self, key: &str, node: &Node, wanted: &str) {
        let got = match node.origin {
            Origin::Variable(_) => "another text",
            _ => node.value.kind(),
        };
        self.note(
            key,
            format!("wants {wanted}, not {got}"),
            format!("write {key} = {wanted}"),
        );
    }

    /// Reads a table, an empty one if it is not there.
    pub(crate) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
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
        self.inner(self.key(key), table, origin).read(read)
    }

    /// Reads each table of a list, which may be missing.
    pub(crate) fn sections<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        let Value::List(list) = node.value else {
            self.note(key, "wants a list of tables", format!("write [[{key}]]"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (at, node) in list.into_iter().enumerate() {
            match node.value {
                Value::Table(table) => {
                    let section = self.inner(format!("{key}.{at}"), table, node.origin);
                    all.push(section.read(&mut read));
                }
                _ => self.note_at(node.origin, key, "wants tables only", format!("write [[{key}]]")),
            }
        }
        all
    }

    fn read<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let value = read(&mut self);
        self.finish();
        value
    }

    /// Takes all that is left out.
    pub(super) fn take_rest(&mut self) -> Table {
        std::mem::take(&mut self.table)
    }

    /// Passes over all that is left: which keys there may be is not known, for a reason that was noted.
    pub(crate) fn pass_over(&mut self) {
        self.table.clear();
    }

    /// Notes every key that nobody asked for. Gives those that somebody did.
    pub(super) fn finish(self) -> Vec<&'static str> {
        let known: Vec<_> = self.asked.iter().map(|(key, _)| *key).collect();
        for (key, node) in &self.table {
            let hint = match suggestion(key, &known) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.note_at(node.origin.clone(), key, "is not a known key", hint);
        }
        known
    }
}
