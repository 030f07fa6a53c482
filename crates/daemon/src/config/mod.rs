//! Configuration engine: file and environment to typed values that know where they stand, every mistake at once. It knows no
//! key; `components` does.
//!
//! | module | what it does |
//! |---|---|
//! | `document` | reads file and environment; what is built out of them, or everything that is wrong |
//! | `tree` | lays the environment over the file |
//! | `section` | a table that is being read: which keys were asked for, what is wrong with them |
//! | `value` | the types that a key's value may have |
//! | `record` | what was asked for: the catalogue of keys |
//! | `leaves` | which keys differ between two configurations |
//! | `entries` | tables whose keys are not ours |
//! | `suggest` | edit distance: what was probably meant |
//! | `units` | sizes and durations as people write them |
//! | `origin`, `excerpt`, `problem` | where a value stands, how that line is shown, what is wrong with it |

mod document;
mod entries;
mod excerpt;
mod leaves;
mod origin;
mod problem;
mod record;
mod section;
mod suggest;
mod tree;
pub(crate) mod units;
mod value;

pub(crate) use document::Document;
pub(crate) use entries::Entries;
pub(crate) use leaves::{Leaves, differences};
pub(crate) use origin::Origin;
pub(crate) use problem::Problems;
pub(crate) use record::{Asked, Kind, quoted};
pub(crate) use section::Section;
pub(crate) use suggest::suggestion;
pub(crate) use tree::{Environment, VARIABLES, environment};
