//! Append-only file of NDJSON, for long runs and for readers in other processes:
//!
//! ```text
//! {"connection":1,"kind":"post","line":{…the message…}}
//! {"connection":1,"kind":"keep_alive"}
//! {"connection":1,"kind":"garbage","fault":"garbage bom","hex":"efbbbf7b…"}
//! {"connection":1,"end":"Reset","unwritten":3}
//! ```
//!
//! `unwritten` counts the last lines of the connection that the kernel did not take whole.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::draft::Draft;
use super::entries::End;

#[derive(Debug)]
pub(super) struct File(BufWriter<fs::File>);

impl File {
    /// Starts the file anew.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(File(BufWriter::with_capacity(1 << 18, fs::File::create(path)?)))
    }

    pub(super) fn line(&mut self, connection: u32, draft: &Draft<'_>) -> io::Result<()> {
        let kind = draft.kind().name();
        write!(self.0, "{{\"connection\":{connection},\"kind\":\"{kind}\"")?;
        match draft {
            Draft::Post { line, .. } => {
                self.0.write_all(b",\"line\":")?;
                self.0.write_all(line)?;
                self.0.write_all(b"}\n")
            }
            Draft::KeepAlive => self.0.write_all(b"}\n"),
            Draft::Other { fault, line, .. } => {
                write!(self.0, ",\"fault\":\"{fault}\",\"hex\":\"")?;
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
            "{{\"connection\":{connection},\"end\":\"{}\",\"unwritten\":{unwritten}}}",
            end.name()
        )?;
        self.flush()
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
