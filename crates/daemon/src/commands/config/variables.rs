//! `birdfeed config env`: the variables that set keys; those that are set have their values, the others are commented out.

use std::collections::BTreeSet;

use super::redaction::public;
use crate::components::{SECRETS, every_key};
use crate::config::{Asked, Environment, Kind, VARIABLES};

pub(super) fn page(environment: &Environment) -> String {
    let (whole, sinks) = every_key();
    let known = whole.iter().chain(sinks.iter().flat_map(|(_, keys)| keys));
    let mut names = Vec::new();
    let mut seen = BTreeSet::new();
    for name in known.map(variable).chain(SECRETS.map(str::to_owned)) {
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    // Further sinks, properties, mistakes.
    let others = environment
        .keys()
        .filter(|name| name.starts_with(VARIABLES) && !seen.contains(*name));
    names.extend(others.cloned());
    let lines = names.iter().map(|name| match environment.get(name) {
        Some(value) => format!("{name}={}", shown(name, value)),
        None => format!("# {name}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn variable(asked: &Asked) -> String {
    let mut name = format!("{VARIABLES}{}", asked.path.join("__").to_uppercase());
    if asked.kind == Some(Kind::Entries) {
        name.push_str("__…");
    }
    name
}

fn shown(name: &str, value: &str) -> String {
    if SECRETS.contains(&name) {
        return "(secret)".to_owned();
    }
    let path = name.trim_start_matches(VARIABLES).to_lowercase();
    let path: Vec<_> = path.split("__").map(str::to_owned).collect();
    public(&path, value)
}
