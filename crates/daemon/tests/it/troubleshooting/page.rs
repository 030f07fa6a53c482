//! The tables of `docs/troubleshooting.md`.

use std::collections::BTreeSet;

/// The cells of every row: what one sees, what it means, what to do.
pub(super) fn rows() -> Vec<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/troubleshooting.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|row| {
        row.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
    });
    let rows = cells
        .map(Iterator::collect)
        .filter(|row: &Vec<String>| row[0] != "what one sees");
    rows.collect()
}

/// Every text that a row explains: the code in its first cell.
pub(super) fn explained() -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for row in rows() {
        let in_code = row[0].split('`').skip(1).step_by(2);
        for text in in_code {
            assert!(texts.insert(text.to_owned()), "two rows for {text}");
        }
    }
    texts
}
