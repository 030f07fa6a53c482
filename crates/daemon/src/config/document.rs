//! Parse, don't validate: a document becomes the thing that it describes, or everything that is wrong with it.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use super::leaves::Leaves;
use super::origin::Origin;
use super::problem::{Problem, Problems};
use super::record::Asked;
use super::section::{Notes, Section};
use super::tree::{self, Environment, Table};

/// Configuration document: the file, if there is one, with the environment over it.
pub(crate) struct Document<'e> {
    root: Section,
    notes: Notes,
    environment: &'e Environment,
}

impl<'e> Document<'e> {
    /// Reads `file` and lays `environment` over it. That a file cannot be read or is no TOML hides what else is wrong.
    pub(crate) fn read(file: Option<&Path>, environment: &'e Environment) -> Result<Self, Problems> {
        let table = match file {
            Some(path) => parse(path, &Self::text(path)?)?,
            None => Table::new(),
        };
        Ok(Self::of(table, environment))
    }

    /// The text of a file.
    pub(crate) fn text(path: &Path) -> Result<String, Problems> {
        std::fs::read_to_string(path).map_err(|error| {
            let origin = Origin::File {
                path: path.to_owned(),
                line: 1,
                column: 1,
                excerpt: "".into(),
            };
            let problem = Problem::new(origin, "", format!("cannot be read: {error}"));
            Problems(vec![problem])
        })
    }

    /// Reads `text`, which `path` holds, and lays `environment` over it.
    pub(crate) fn parse(path: &Path, text: &str, environment: &'e Environment) -> Result<Self, Problems> {
        Ok(Self::of(parse(path, text)?, environment))
    }

    /// Every key that is set, in a form that can be compared and tells no secret.
    pub(crate) fn leaves(&self) -> Leaves {
        self.root.leaves()
    }

    fn of(mut table: Table, environment: &'e Environment) -> Self {
        let problems = tree::overlay(&mut table, environment);
        let notes = Rc::new(RefCell::new(problems));
        Self {
            root: Section::root(table, notes.clone()),
            notes,
            environment,
        }
    }

    /// Builds something out of all of it. Keys that `build` does not ask for are mistakes; `None` is for a thing that cannot
    /// be built because of a mistake that was noted.
    pub(crate) fn build<T>(self, build: impl FnOnce(&mut Section) -> Option<T>) -> Result<T, Problems> {
        let (built, problems) = self.finish(build);
        match built {
            Some(built) if problems.is_empty() => Ok(built),
            _ => Err(Problems(problems)),
        }
    }

    /// Judges all of it as [`build`](Self::build) does, on a machine that has not got its secrets: what is built without
    /// them is of no use, and goes.
    pub(crate) fn judge<T>(self, build: impl FnOnce(&mut Section) -> Option<T>) -> Result<(), Problems> {
        self.asked(build).1
    }

    /// What `build` asks for, in the order in which it does, and everything that is wrong; secrets may be missing.
    pub(crate) fn asked<T>(
        mut self,
        build: impl FnOnce(&mut Section) -> Option<T>,
    ) -> (Vec<Asked>, Result<(), Problems>) {
        self.root.pass_over_secrets();
        let record = self.root.record();
        let (_, problems) = self.finish(build);
        let outcome = if problems.is_empty() {
            Ok(())
        } else {
            Err(Problems(problems))
        };
        (record.take(), outcome)
    }

    fn finish<T>(mut self, build: impl FnOnce(&mut Section) -> Option<T>) -> (Option<T>, Vec<Problem>) {
        let built = build(&mut self.root);
        let sections = self.root.finish();
        let mut problems = self.notes.take();
        problems.extend(tree::misspelled(self.environment, &sections));
        (built, problems)
    }

    /// Builds something out of the table `key` alone, whatever is wrong elsewhere.
    pub(crate) fn build_part<T>(
        self,
        key: &'static str,
        build: impl FnOnce(&mut Section) -> T,
    ) -> Result<T, Problems> {
        self.build_parts(|root| Some(root.section(key, build)))
    }

    /// Builds something out of those parts that `build` asks for, whatever is wrong elsewhere.
    pub(crate) fn build_parts<T>(
        mut self,
        build: impl FnOnce(&mut Section) -> Option<T>,
    ) -> Result<T, Problems> {
        self.notes.take();
        let built = build(&mut self.root);
        let problems = self.notes.take();
        match built {
            Some(built) if problems.is_empty() => Ok(built),
            _ => Err(Problems(problems)),
        }
    }
}

fn parse(path: &Path, text: &str) -> Result<Table, Problems> {
    tree::parse(path, text).map_err(Problems)
}
