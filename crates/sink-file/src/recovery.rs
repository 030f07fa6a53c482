//! Crash recovery: half a line at the end of a file.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Cuts the file behind its last line end.
pub(crate) fn cut_half_line(path: &Path) -> io::Result<()> {
    const BLOCK: u64 = 64 * 1024;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let mut end = length;
    let keep = loop {
        if end == 0 {
            break 0;
        }
        let start = end.saturating_sub(BLOCK);
        let mut block = vec![0; (end - start) as usize];
        file.read_exact_at(&mut block, start)?;
        if let Some(lf) = block.iter().rposition(|byte| *byte == b'\n') {
            break start + lf as u64 + 1;
        }
        end = start;
    };
    if keep < length {
        tracing::warn!(file = %path.display(), bytes = length - keep, "cut half a line that a crash had left");
        file.set_len(keep)?;
        file.sync_data()?;
    }
    Ok(())
}
