//! `docs/troubleshooting.md` has a row for everything that the program can complain of, and none for what it no longer says.

mod page;
mod said;

use std::collections::BTreeSet;

#[test]
fn every_complaint_has_its_row_and_every_row_its_complaint() {
    let said = said::everywhere();
    let explained = page::explained();
    let missing: BTreeSet<_> = said.difference(&explained).collect();
    let orphaned: BTreeSet<_> = explained.difference(&said).collect();
    let rows: String = missing
        .iter()
        .map(|text| format!("| `{text}` |  |  |\n"))
        .collect();
    assert!(
        missing.is_empty() && orphaned.is_empty(),
        "docs/troubleshooting.md has no row for:\n{rows}and explains what nobody says: {orphaned:#?}"
    );
}

#[test]
fn every_row_says_what_it_means_and_what_to_do() {
    for row in page::rows() {
        assert!(
            row.len() == 3 && row.iter().all(|cell| !cell.is_empty()),
            "{row:?}"
        );
    }
}
