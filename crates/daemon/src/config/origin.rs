//! Provenance: where a value stands, so that a mistake is shown where it was made.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Provenance of a value: file and line, or variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the file, at a line and column counted from 1.
    File {
        path: PathBuf,
        line: usize,
        column: usize,
        /// The line with a caret under the place; no values.
        excerpt: Arc<str>,
    },
    /// In the environment, in the variable of this name.
    Variable(String),
    /// Nowhere: it is missing.
    Missing,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                path, line, column, ..
            } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Missing => f.write_str("configuration"),
        }
    }
}
