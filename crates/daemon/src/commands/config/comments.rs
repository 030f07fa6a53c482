//! What the default file says of each key, behind it: the descriptions of the schema.

use std::collections::BTreeMap;

use crate::components::DEFAULT_FILE;

/// The comment of each key, by its path; a sink's by `sink`, its type and its name.
pub(super) fn comments() -> BTreeMap<String, String> {
    let mut found = BTreeMap::<String, String>::new();
    let (mut section, mut last) = (String::new(), None::<String>);
    for line in DEFAULT_FILE.lines() {
        let text = line.trim_start_matches("# ");
        if let Some(name) = text.strip_prefix('[') {
            let name = name.split(']').next().unwrap_or_default();
            section = String::from(name.trim_matches('['));
            last = None;
        } else if let Some((key, rest)) = text.split_once('=').filter(|(key, _)| is_key(key.trim())) {
            let (value, comment) = rest.split_once(" # ").unwrap_or((rest, ""));
            if key.trim() == "type" {
                section = format!("sink.{}", value.trim().trim_matches('"'));
            }
            let path = format!("{section}.{}", key.trim());
            found.insert(path.clone(), comment.trim().to_owned());
            last = Some(path);
        } else if let (Some(more), Some(path), true) =
            (line.trim_start().strip_prefix("# "), &last, line.starts_with(' '))
        {
            let comment = found.entry(path.clone()).or_default();
            *comment = String::from(format!("{comment} {more}").trim());
        }
    }
    found.retain(|_, comment| !comment.is_empty());
    found
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn a_key_has_what_stands_behind_and_below_it() {
    let comments = comments();
    assert_eq!(comments["stream.name"], "in events, headers and /status");
    assert!(comments["stream.endpoint"].ends_with("v1-sample (docs/v1.1.md)"));
    assert_eq!(
        comments["sink.kafka.name"],
        "in metrics and /status; a sink that is renamed starts anew"
    );
    assert_eq!(
        comments["lanes.tweets.keep"],
        "with drop-oldest: a time, or a size such as \"1GiB\""
    );
}
