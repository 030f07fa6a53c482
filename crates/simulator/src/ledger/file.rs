//! The ledger as a file of NDJSON, for long runs and for readers in other processes:
//!
//! ```text
//! {"connection":1,"kind":"post","line":{…the message…}}
//! {"connection":1,"kind":"keep_alive"}
//! {"connection":1,"kind":"garbage","fault":"garbage bom","hex":"efbbbf7b…"}
//! {"connection":1,"end":"Reset","unwritten":3}
//! ```
//!
//! `unwritten` counts the last lines of the connection that the kernel did not take whole.

use super::{Draft, End, LineKind, Origin};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

#[derive(Debug)]
pub(super) struct File(BufWriter<fs::File>);

impl File {
    /// Starts the file anew.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(File(BufWriter::with_capacity(1 << 18, fs::File::create(path)?)))
    }

    pub(super) fn line(&mut self, connection: u32, draft: &Draft<'_>) -> io::Result<()> {
        write!(self.0, "{{\"connection\":{connection},\"kind\":")?;
        match draft {
            Draft::Post { origin, line, .. } => {
                let kind = match origin {
                    Origin::Live => "post",
                    Origin::Backfill => "backfill",
                    Origin::Duplicate => "duplicate",
                };
                write!(self.0, "\"{kind}\",\"line\":")?;
                self.0.write_all(line)?;
                self.0.write_all(b"}\n")
            }
            Draft::KeepAlive => self.0.write_all(b"\"keep_alive\"}\n"),
            Draft::Other { kind, fault, line } => {
                let kind = match kind {
                    LineKind::Control => "control",
                    LineKind::Oversize => "oversize",
                    _ => "garbage",
                };
                write!(self.0, "\"{kind}\",\"fault\":\"{fault}\",\"hex\":\"")?;
                for byte in *line {
                    write!(self.0, "{byte:02x}")?;
                }
                self.0.write_all(b"\"}\n")
            }
        }
    }

    pub(super) fn end(&mut self, connection: u32, end: End, unwritten: usize) -> io::Result<()> {
        writeln!(
            self.0,
            "{{\"connection\":{connection},\"end\":\"{end:?}\",\"unwritten\":{unwritten}}}"
        )?;
        self.flush()
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
