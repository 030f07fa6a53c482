//! Every key with its default.

mod sinks;
mod stream;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use journal::Durability;
use stream_core::model::{Lane, LaneSet};
use stream_core::pipeline::WhenFull;

use crate::config::names::names;
use crate::config::problem::{Problem, Problems};
use crate::config::section::Section;
use crate::config::tree::Table;
use crate::config::{Admin, Config, Log, units};
use crate::logging::LogFormat;
use sinks::Common;

/// The longest name of a topic, in characters; queues may have longer ones.
const LONGEST_TOPIC: usize = 249;

/// Takes the configuration out of `table`. What is wrong goes to `problems`; `None` if no token or no sink is left.
pub(crate) fn config(
    table: Table,
    environment: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Option<Config> {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let mut root = Section::root(table, notes.clone());
    let (name, stream) = stream::read(root.section("stream"), environment);
    refuse_rules(root.section("rules"));
    let (prefix, lanes) = lanes(root.section("lanes"));
    let (journal, when_full) = journal(root.section("journal"));
    let common = Common {
        prefix,
        lanes: lanes.iter().collect(),
        event_source: name,
    };
    let sinks = sinks::read(root.sections("sink"), &common);
    let admin = admin(root.section("admin"));
    let log = log(root.section("log"));
    let drain = shutdown(root.section("shutdown"));
    root.finish();
    problems.append(&mut notes.borrow_mut());
    Some(Config {
        stream: stream?,
        lanes,
        journal,
        when_full,
        sinks: sinks?,
        admin,
        log,
        drain,
    })
}

/// `[admin]`, whatever else is wrong.
pub(crate) fn admin_only(table: Table) -> Result<Admin, Problems> {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let admin = admin(Section::root(table, notes.clone()).section("admin"));
    let problems = notes.take();
    if problems.is_empty() {
        Ok(admin)
    } else {
        Err(Problems(problems))
    }
}

/// Rules are not kept yet: nothing may look as if they were.
fn refuse_rules(mut section: Section) {
    let hint = "leave [rules] out, or set mode = \"off\"; add rules with X's own API";
    if let Some((_, origin)) = section.text("file") {
        section.note(origin, "file", "is not there yet", hint);
    }
    let modes = ["off", "check", "apply"].map(|mode| (mode, mode));
    if let Some(mode) = section.choice("mode", &modes).filter(|mode| *mode != "off") {
        let origin = section.origin_of("mode");
        section.note(origin, "mode", format!("{mode:?} is not there yet"), hint);
    }
    if let Some(node) = section.take("prune") {
        section.note(node.origin, "prune", "is not there yet", hint);
    }
    section.finish();
}

fn lanes(mut section: Section) -> (String, LaneSet) {
    let prefix = section.parsed("prefix", "\"x.\"", prefix);
    let known = Lane::ALL.map(Lane::name);
    let enabled = match names(&mut section, "enabled", &known) {
        Some(names) => {
            if names.is_empty() {
                let hint = format!("at least one of: {}", known.join(", "));
                section.note(section.origin_of("enabled"), "enabled", "names no lane", hint);
            }
            names.iter().filter_map(|name| Lane::from_name(name)).collect()
        }
        None => Lane::ALL.into_iter().filter(|lane| lane.is_default()).collect(),
    };
    section.finish();
    (prefix.unwrap_or_else(|| "x.".to_owned()), enabled)
}

/// What may stand before a lane's name in the name of a topic and of a queue alike.
fn prefix(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !text.chars().all(legal) {
        return Err("a topic's name has only letters, digits, '.', '_' and '-'".to_owned());
    }
    if Lane::ALL
        .iter()
        .any(|lane| text.len() + lane.name().len() > LONGEST_TOPIC)
    {
        return Err(format!("a topic's name has at most {LONGEST_TOPIC} characters"));
    }
    Ok(text.to_owned())
}

fn journal(mut section: Section) -> (journal::Settings, WhenFull) {
    let dir = section
        .path("dir")
        .map_or_else(|| "./birdfeed-data/journal".into(), |(dir, _)| dir);
    let mut settings = journal::Settings::new(dir);
    let max_bytes = section.parsed("max_bytes", "\"8GiB\"", |text| match units::bytes(text)? {
        bytes if bytes < 64 << 20 => Err("less than 64MiB".to_owned()),
        bytes => Ok(bytes),
    });
    settings.max_bytes = max_bytes.unwrap_or(settings.max_bytes);
    let modes = [
        ("process", Durability::Process),
        ("adaptive", Durability::Adaptive),
        ("strict", Durability::Strict),
    ];
    settings.durability = section
        .choice("durability", &modes)
        .unwrap_or(settings.durability);
    let policies = [("pause", WhenFull::Pause), ("drop-newest", WhenFull::DropNewest)];
    let when_full = section.choice("when_full", &policies).unwrap_or_default();
    section.finish();
    (settings, when_full)
}

fn admin(mut section: Section) -> Admin {
    let default = ([127, 0, 0, 1], 9464).into();
    let listen = section.parsed("listen", "\"127.0.0.1:9464\"", |text| match text {
        "off" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| "not an address with a port".to_owned()),
    });
    section.finish();
    Admin {
        listen: listen.unwrap_or(Some(default)),
    }
}

fn log(mut section: Section) -> Log {
    let formats = [
        ("auto", LogFormat::Auto),
        ("json", LogFormat::Json),
        ("pretty", LogFormat::Pretty),
    ];
    let format = section.choice("format", &formats).unwrap_or_default();
    let level = section.parsed("level", "\"info\"", |text| {
        let checked: Result<tracing_subscriber::EnvFilter, _> = text.parse();
        checked
            .map(|_| text.to_owned())
            .map_err(|error| error.to_string())
    });
    section.finish();
    Log {
        format,
        level: level.unwrap_or_else(|| "info".to_owned()),
    }
}

fn shutdown(mut section: Section) -> Duration {
    let drain = section.parsed("drain", "\"20s\"", units::duration);
    section.finish();
    drain.unwrap_or(Duration::from_secs(20))
}
