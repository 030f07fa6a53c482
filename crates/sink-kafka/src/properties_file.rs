//! Properties as `name=value` lines in a file: for secrets, which may not stand in the configuration.

use std::collections::BTreeMap;
use std::path::Path;

use stream_core::sink::{Mistake, SettingsError, read_text_file};

/// Reads the file, or says what is wrong with it.
pub(crate) fn read(path: &Path) -> Result<BTreeMap<String, String>, SettingsError> {
    let text = read_text_file(path)
        .map_err(|error| mistake(format!("{} cannot be read: {error}", path.display())))?;
    let mut properties = BTreeMap::new();
    let mut mistakes = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let (line, at) = (line.trim(), at + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            mistakes.push(mistake(format!(
                "{}: line {at} is not name=value",
                path.display()
            )));
            continue;
        };
        let name = name.trim();
        if properties
            .insert(name.to_owned(), value.trim().to_owned())
            .is_some()
        {
            mistakes.push(mistake(format!(
                "{}: line {at} sets {name} again",
                path.display()
            )));
        }
    }
    SettingsError::check(mistakes)?;
    Ok(properties)
}

fn mistake(reason: String) -> Mistake {
    Mistake::new("properties_file", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<BTreeMap<String, String>, SettingsError> {
        let name = format!("birdfeed-properties-{}-{:p}", std::process::id(), text);
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let read = read(&path);
        std::fs::remove_file(&path).unwrap();
        read
    }

    #[test]
    fn lines_are_properties() {
        let read = read_text("\u{feff}sasl.username = bird\r\n\n# a secret\nsasl.password=a=b\n").unwrap();
        assert_eq!(read["sasl.username"], "bird");
        assert_eq!((read["sasl.password"].as_str(), read.len()), ("a=b", 2));
    }

    #[test]
    fn mistakes_name_the_line_and_never_its_value() {
        let text = read_text("sasl.password hunter2\na=1\na=2\n")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("line 1 is not name=value") && text.contains("line 3 sets a again"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
        let missing = read(Path::new("/does/not/exist")).unwrap_err().to_string();
        assert!(missing.contains("/does/not/exist cannot be read"), "{missing}");
    }
}
