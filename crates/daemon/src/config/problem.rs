//! Diagnostics: what is wrong with a configuration, all of it at once, each with its place and what to do.

use std::fmt;

use super::origin::Origin;

/// Diagnostic of one mistake. Never holds a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    origin: Origin,
    /// The key's whole path, its parts joined by dots.
    key: String,
    message: String,
    /// What to do about it, where that can be said.
    hint: Option<String>,
}

impl Problem {
    pub(super) fn new(origin: Origin, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            origin,
            key: key.into(),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n    {hint}")?;
        }
        if let Origin::File { excerpt, .. } = &self.origin {
            for line in excerpt.lines() {
                write!(f, "\n    {line}")?;
            }
        }
        Ok(())
    }
}

/// Diagnostics of a whole configuration; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problems(pub(super) Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        match self.0.len() {
            1 => f.write_str("1 problem in the configuration"),
            count => write!(f, "{count} problems in the configuration"),
        }
    }
}
