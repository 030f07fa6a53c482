//! A write-ahead log of opaque bytes on disk: one writer, many readers, named cursors.
//!
//! Entries get consecutive positions, go to segment files by `write(2)` (so they outlive the
//! process at once), are made durable in groups by a thread of their own, and go away segment by
//! segment once every cursor has passed them. The crate knows nothing of what it stores.
//!
//! The modules, in the order data flows:
//!
//! | module | what it does |
//! |---|---|
//! | `settings`, `error` | what the caller says, and what it is told |
//! | `open` | recovery: any bytes in the directory become a journal or a clear error |
//! | `inspect` | what `open` would meet with, without changing anything |
//! | `appender` | the one writer, as its user has it |
//! | `writer` | the segment being written: admission, rotation, `writev`, cutting back after a failed write |
//! | `format` | the number of the format, and the refusal of another |
//! | `frame` | the bytes of one entry (pure) |
//! | `shared` | what all ends look at: settings, `disk`, `state`, `alarm`, `pulse` |
//! | `state` | the index in memory: segments, `retention` (cursors, and what may go), `sync` (what is to be durable), `holes` (what cannot be read) (pure) |
//! | `cursor` | a consumer's place, and the bytes of the cursor file (pure) |
//! | `disk` | the directory: lock, names, creating, replacing, syncing |
//! | `alarm`, `pulse` | wake and stop the thread; tell whether it lives |
//! | `upkeep` | write cursors, trim, sync; and what happens when a sync fails |
//! | `keeper` | the thread that does so, for as long as anyone has a handle |
//! | `walk` | the readable entries of one segment file, damage skipped |
//! | `reader` | entries from a position on, across segments, and what is lost between them |
//! | `journal` | the shared handle: readers, cursors, figures |
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! use journal::{Cursor, Entry, Item, Settings};
//!
//! let (mut appender, journal) = journal::open(Settings::new(dir.path().join("journal")))?;
//! journal.set_cursor("printer", Cursor::at(journal.end()));
//! appender.append(&[Entry { head: b"1 ", body: b"hello" }])?;
//! for item in journal.read_from(0).next_batch(64 * 1024)? {
//!     match item {
//!         Item::Entry(position, bytes) => {
//!             assert_eq!(&bytes[..], b"1 hello");
//!             journal.set_cursor("printer", Cursor::at(position + 1));
//!         }
//!         Item::Lost(positions) => println!("{positions:?} cannot be read"),
//!     }
//! }
//! appender.close()?;
//! # Ok(())
//! # }
//! ```

mod alarm;
mod appender;
mod cursor;
mod disk;
mod error;
#[cfg(test)]
mod failing_disk;
mod format;
mod frame;
mod inspect;
mod journal;
mod keeper;
mod open;
#[cfg(test)]
mod power_cut;
mod pulse;
mod reader;
mod settings;
mod shared;
mod state;
mod upkeep;
mod walk;
mod writer;

pub use crate::appender::Appender;
pub use crate::cursor::Cursor;
pub use crate::disk::is_open;
pub use crate::error::{AppendError, OpenError};
pub use crate::frame::{Entry, MAX_ENTRY_BYTES};
pub use crate::inspect::{Found, inspect};
pub use crate::journal::{Journal, Stats};
pub use crate::open::open;
pub use crate::reader::{Item, Reader};
pub use crate::settings::{Durability, Observer, Settings, Timing};
