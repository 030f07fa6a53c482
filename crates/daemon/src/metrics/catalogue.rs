//! Catalogue: every family that is served. `docs/metrics.md` is this list, and a test compares them.

use std::fmt::Write as _;

use super::account::AccountMetrics;
use super::collector;
use super::family::Family;
use super::journal::JournalMetrics;
use super::lane::LaneMetrics;
use super::machine::MachineMetrics;
use super::program::ProgramMetrics;
use super::rules::RulesMetrics;
use super::stream::StreamMetrics;
use super::verify::VerifyMetrics;

/// Every family, in the order of the page `/metrics`.
pub fn catalogue() -> Vec<Family> {
    let counted = [
        StreamMetrics::FAMILIES,
        LaneMetrics::FAMILIES,
        JournalMetrics::FAMILIES,
        RulesMetrics::FAMILIES,
        AccountMetrics::FAMILIES,
        MachineMetrics::FAMILIES,
        ProgramMetrics::FAMILIES,
    ];
    let mut all: Vec<_> = counted.concat();
    all.extend(collector::families());
    all.sort_by_key(|family| family.name);
    all
}

/// What stands before the families of a process of its own.
const VERIFY: &str = "\n`birdfeed verify --follow` serves these at an address of its own (`--metrics`, 127.0.0.1:9465 unless set):\n\n\
                      | name | type | labels | what it says |\n|---|---|---|---|\n";

/// The text of `docs/metrics.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Metrics\n\nAll are served at `/metrics` of the admin address. This page is made from the tables of the owners in\n\
         `crates/daemon/src/metrics/`; a test compares them (`UPDATE=1 cargo test -p daemon metrics` writes it).\n\n\
         | name | type | labels | what it says |\n|---|---|---|---|\n",
    );
    table(&mut text, &catalogue());
    text.push_str(VERIFY);
    table(&mut text, VerifyMetrics::FAMILIES);
    text
}

fn table(text: &mut String, families: &[Family]) {
    for family in families {
        let written = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            family.full_name(),
            family.kind.name(),
            family.labels.join(", "),
            family.help
        );
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::super::family::FamilyKind;
    use super::*;

    #[test]
    fn the_document_is_this_catalogue() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), document());
    }

    #[test]
    fn names_keep_to_the_conventions() {
        for Family { name, kind, help, .. } in catalogue() {
            assert_eq!(name.ends_with("_total"), kind == FamilyKind::Counter, "{name}");
            assert!(
                kind != FamilyKind::Histogram || name.ends_with("_seconds"),
                "{name}"
            );
            assert!(help.ends_with('.'), "{name}");
        }
    }
}
