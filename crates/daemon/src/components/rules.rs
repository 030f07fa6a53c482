//! `[rules]`: which rules X is to have, and what is done about it; and the file that holds them, `[[rule]] value, tag`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use source_x::Endpoint;
use source_x::rules::lint::{Severity, lint};
use source_x::rules::{NewRule, Ownership};

use crate::config::units;
use crate::config::{Document, Environment, Problems, Section};

/// What the tags of our rules begin with.
const PREFIX: &str = "birdfeed:";
/// X allows 450 looks at the rules in 15 minutes: one every 2 s, with room for commands.
const MOST_OFTEN: Duration = Duration::from_secs(3);

/// What a running daemon does about the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RulesMode {
    /// Nothing.
    Off,
    /// It tells differences.
    Check,
    /// It makes X's rules those of the file.
    Apply,
}

/// Rules as code, as configured.
#[derive(Clone, Debug)]
pub(crate) struct RulesConfig {
    /// Where the rules stand.
    pub(crate) path: Option<PathBuf>,
    /// What stands there; nothing if nobody is to look.
    pub(crate) file: RulesFile,
    pub(crate) mode: RulesMode,
    pub(crate) ownership: Ownership,
    /// How often X's rules are looked at.
    pub(crate) every: Duration,
}

impl RulesConfig {
    /// Whether `run` will see to it that there are rules.
    pub(crate) fn creates_some(&self) -> bool {
        self.mode == RulesMode::Apply && !self.file.rules.is_empty()
    }
}

/// Contents of a rules file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RulesFile {
    pub(crate) rules: Vec<NewRule>,
    /// Its text, by which a change is noticed.
    pub(crate) text: String,
    /// What X may refuse.
    pub(crate) warnings: Vec<String>,
}

/// Whether the file itself is read, where the mode needs it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Now,
    Never,
}

pub(super) fn build(section: &mut Section, endpoint: Endpoint, reading: Reading) -> RulesConfig {
    let path = section.path("file");
    let modes = [
        ("off", RulesMode::Off),
        ("check", RulesMode::Check),
        ("apply", RulesMode::Apply),
    ];
    let mode = section.choice("mode", "off", &modes);
    let ownership = Ownership {
        prune: section.flag("prune", false),
        prefix: section.parsed("tag_prefix", PREFIX, |prefix| Ok(prefix.to_owned())),
    };
    let every = section.parsed("every", "5min", every);
    let mut file = RulesFile::default();
    if mode != RulesMode::Off && reading == Reading::Now {
        if !endpoint.has_rules() {
            let message = format!("the stream {} has no rules that run could keep", endpoint.name());
            section.note("mode", message, "leave [rules] out, or set mode = \"off\"");
        }
        file = contents(section, path.as_deref()).unwrap_or_default();
    }
    RulesConfig {
        path,
        file,
        mode,
        ownership,
        every,
    }
}

fn every(text: &str) -> Result<Duration, String> {
    match units::duration(text)? {
        every if every < MOST_OFTEN => Err(format!(
            "must be {MOST_OFTEN:?} at least: X allows 450 looks in 15 minutes"
        )),
        every => Ok(every),
    }
}

fn contents(section: &Section, path: Option<&Path>) -> Option<RulesFile> {
    let Some(path) = path else {
        section.note(
            "file",
            "is missing",
            "name the file with the rules, for example file = \"rules.toml\"",
        );
        return None;
    };
    if section.is_elsewhere(path) {
        return None;
    }
    read(path).map_err(|problems| section.adopt(problems)).ok()
}

/// Reads a rules file, or says everything that is wrong with it.
pub(crate) fn read(path: &Path) -> Result<RulesFile, Problems> {
    let text = Document::text(path)?;
    let (mut seen, mut warnings) = (HashMap::new(), Vec::new());
    let rules = Document::parse(path, &text, &Environment::new())?
        .build(|root| Some(root.sections("rule", |section| rule(section, &mut seen, &mut warnings))))?;
    Ok(RulesFile {
        rules,
        text,
        warnings,
    })
}

/// One `[[rule]]`; `seen` is where each value stands.
fn rule(section: &mut Section, seen: &mut HashMap<String, String>, warnings: &mut Vec<String>) -> NewRule {
    section.require("value", "write value = \"cats has:images\"");
    let value = section.text("value");
    let place = section.origin_of("value").to_string();
    let value = value.map(|value| {
        for finding in lint(&value) {
            match finding.severity {
                Severity::Error => section.note(
                    "value",
                    finding.to_string(),
                    "docs/rules.md has the language in brief",
                ),
                Severity::Warning => warnings.push(format!("{place}: {finding}")),
            }
        }
        // X does not tell ends apart, and a plan must.
        let value = value.trim().to_owned();
        if let Some(first) = seen.insert(value.clone(), place) {
            section.note(
                "value",
                format!("the same rule stands at {first}"),
                "leave one of them out",
            );
        }
        value
    });
    NewRule {
        value: value.unwrap_or_default(),
        tag: section.text("tag").filter(|tag| !tag.is_empty()),
    }
}
