//! The first posts in short form, as they stand in the files: what it is all about.

use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::Deserialize;

/// How many are shown.
const SHOWN: usize = 3;
/// As much of a text, in characters.
const LONGEST: usize = 60;

#[derive(Deserialize)]
struct Post {
    id: String,
    text: String,
    #[serde(default)]
    lang: String,
}

/// The first posts below `lane`, a line each; `None` before so many are there.
pub(super) fn first(lane: &Path) -> Option<Vec<String>> {
    let file = std::fs::read_dir(lane).ok()?.next()?.ok()?.path();
    let lines = BufReader::new(std::fs::File::open(file).ok()?).lines();
    let posts = lines.map_while(|line| serde_json::from_str(&line.ok()?).ok());
    let shown: Vec<_> = posts.take(SHOWN).map(|post| short(&post)).collect();
    (shown.len() == SHOWN).then_some(shown)
}

fn short(Post { id, text, lang }: &Post) -> String {
    let line = text.replace(char::is_control, " ");
    let cut: String = line.chars().take(LONGEST).collect();
    let more = if cut.len() < line.len() { "…" } else { "" };
    format!("  {id}  {lang:<3}  {cut}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_a_line() {
        let lane = tempfile::tempdir().unwrap();
        assert_eq!(first(lane.path()), None);
        let long = "gull ".repeat(20);
        let posts = format!(
            "{{\"id\":\"7\",\"text\":\"a\\nb\\u001b[2J\",\"lang\":\"en\"}}\n{{\"id\":\"8\",\"text\":\"{long}\"}}\n{{\"id\":\"9\",\"te"
        );
        std::fs::write(lane.path().join("1.ndjson"), &posts).unwrap();
        assert_eq!(first(lane.path()), None);
        std::fs::write(lane.path().join("1.ndjson"), posts + "xt\":\"c\"}\n").unwrap();
        let shown = first(lane.path()).unwrap();
        assert_eq!(shown[0], "  7  en   a b [2J");
        assert_eq!(shown[1], format!("  8       {}…", &long[..LONGEST]));
        assert_eq!(shown[2], "  9       c");
    }
}
