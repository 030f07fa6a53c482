//! Files that settings name: secrets, properties.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// As long as such a file may be.
const MOST: u64 = 1 << 20;

/// The text of the file `path`, of at most 1 MiB, without the byte order mark that some editors put before it. Blocks. What is
/// no file is refused: reading from a pipe would wait for whoever writes to it, and find nothing the next time.
pub fn read_text_file(path: &Path) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    File::open(path)?.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_owned()),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_taken_off_and_what_is_no_short_file_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "\u{feff}a\u{feff}\n").unwrap();
        assert_eq!(read_text_file(&file).unwrap(), "a\u{feff}\n");
        std::fs::write(&file, vec![b'x'; 1 << 21]).unwrap();
        for unusable in [
            file.as_path(),
            dir.path(),
            Path::new("/dev/zero"),
            Path::new("/none"),
        ] {
            assert!(read_text_file(unusable).is_err(), "{}", unusable.display());
        }
    }
}
