//! The imports of a file stand in three groups apart by a blank line: std; other crates, ours among them; this crate.

use std::fs;
use std::path::{Path, PathBuf};

use super::source;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Std,
    Other,
    This,
}

#[test]
fn imports_stand_in_their_groups() {
    let mut found = String::new();
    for folder in source::crates() {
        for file in ["src", "tests", "examples"]
            .iter()
            .flat_map(|part| rust_files(&folder.join(part)))
        {
            let text = fs::read_to_string(&file).unwrap();
            found.extend(
                misplaced(&text)
                    .into_iter()
                    .map(|line| format!("{}:{line}\n", file.display())),
            );
        }
    }
    assert!(
        found.is_empty(),
        "imports out of their group, or groups not apart by one blank line:\n{found}"
    );
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let inside = source::sorted(folder).into_iter();
    inside
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The lines of the imports that begin in the wrong place. A re-export is no import, and may stand anywhere.
fn misplaced(text: &str) -> Vec<usize> {
    let modules: Vec<_> = text.lines().filter_map(declared).collect();
    let mut wrong = Vec::new();
    let mut before = None;
    let (mut blank, mut open) = (false, false);
    for (at, line) in text.lines().enumerate() {
        if let Some(path) = line.strip_prefix("use ") {
            let group = group(path, &modules);
            let fits = before.is_none_or(|before| before == group && !blank || before < group && blank);
            wrong.extend((!fits).then_some(at + 1));
            before = Some(group);
            open = true;
        }
        if open {
            (open, blank) = (!line.ends_with(';'), false);
        } else {
            blank |= line.is_empty();
        }
    }
    wrong
}

fn group(path: &str, modules: &[&str]) -> Group {
    let first = path.split(|c: char| !c.is_alphanumeric() && c != '_').next();
    match first.unwrap_or_default() {
        "std" | "core" | "alloc" => Group::Std,
        "self" | "super" | "crate" => Group::This,
        module if modules.contains(&module) => Group::This,
        _ => Group::Other,
    }
}

/// The module that a line declares.
fn declared(line: &str) -> Option<&str> {
    let rest = line.split_once("mod ")?.1;
    rest.strip_suffix(';').or(rest.strip_suffix(" {"))
}
