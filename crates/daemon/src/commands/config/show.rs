//! `birdfeed config show`: what is in force, and where each value comes from.

use super::redaction::public;
use crate::cli::ConfigArgs;
use crate::commands::say;
use crate::components::{self, SECRETS};
use crate::config::{Asked, Environment, Kind, environment};
use crate::exit::CommandError;

/// Shows it. What is wrong is told afterwards, secrets that are not here aside.
pub(super) fn run(args: &ConfigArgs) -> Result<(), CommandError> {
    let environment = environment();
    let (asked, outcome) = components::asked(args.config.as_deref(), &environment)?;
    say(&page(&asked, &environment));
    Ok(outcome?)
}

fn page(asked: &[Asked], environment: &Environment) -> String {
    let mut unset = Vec::new();
    let mut lines = Vec::new();
    for row in rows(asked) {
        let name = row.path.join(".");
        let (value, origin) = match (&row.given, &row.default) {
            (Some((value, origin)), _) => (public(&row.path, value), origin.to_string()),
            (None, Some(default)) => (default.clone(), "default".to_owned()),
            (None, None) => {
                unset.push(name);
                continue;
            }
        };
        lines.push(line(&name, &value, &origin));
    }
    let secrets = SECRETS
        .iter()
        .filter(|name| environment.get(**name).is_some_and(|value| !value.is_empty()));
    lines.extend(secrets.map(|name| line(name, "(secret)", "environment")));
    if !unset.is_empty() {
        lines.push(format!("not set: {}", unset.join(", ")));
    }
    lines.join("\n")
}

fn line(name: &str, value: &str, origin: &str) -> String {
    format!("{:<60} # {origin}", format!("{name} = {value}"))
}

/// One row a key, in the order in which they are asked for.
fn rows(asked: &[Asked]) -> Vec<Asked> {
    let mut rows: Vec<Asked> = Vec::new();
    for one in asked.iter().filter(|one| one.kind != Some(Kind::Entries)) {
        match rows.iter_mut().find(|row| row.path == one.path) {
            Some(row) => {
                row.given = row.given.take().or_else(|| one.given.clone());
                row.default = row.default.take().or_else(|| one.default.clone());
            }
            None => rows.push(one.clone()),
        }
    }
    rows
}
