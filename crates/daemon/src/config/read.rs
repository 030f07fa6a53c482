//! Every key with its default.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use journal::Durability;
use source_x::base_url::BaseUrl;
use source_x::fields::{self, suggestion};
use source_x::{Endpoint, Query, Settings, Token, XSource};
use stream_core::lane::{Lane, LaneSet};
use stream_core::supervisor::WhenFull;

use super::problem::{Problem, Problems};
use super::section::{Section, Word};
use super::sinks::{self, Common};
use super::tree::{Origin, Table};
use super::{Admin, Config, Log, Stream, units};
use crate::logging::Format;

/// The variable that holds the bearer token when no file is named.
const TOKEN_VARIABLE: &str = "X_BEARER_TOKEN";

/// The longest name of a topic, in characters; queues may have longer ones.
const LONGEST_TOPIC: usize = 249;

/// The lanes that are on by default: all but `responses`.
const ENABLED: [Lane; 8] = [
    Lane::Tweets,
    Lane::Includes,
    Lane::Errors,
    Lane::MatchingRules,
    Lane::Compliance,
    Lane::Unknown,
    Lane::DeadLetter,
    Lane::Events,
];

/// Endpoints that X has and that we do not speak yet.
const LATER: [&str; 13] = [
    "sample10",
    "firehose",
    "firehose-lang",
    "tweets-compliance",
    "users-compliance",
    "likes-compliance",
    "tweets-label",
    "likes-firehose",
    "likes-sample10",
    "activity",
    "powerstream",
    "v1-filter",
    "v1-sample",
];

/// Takes the configuration out of `table`. What is wrong goes to `problems`; `None` if no token or no sink is left.
pub(super) fn config(
    table: Table,
    environment: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Option<Config> {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let mut root = Section::root(table, notes.clone());
    let (name, stream) = stream(root.section("stream"), environment);
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
pub(super) fn admin_only(table: Table) -> Result<Admin, Problems> {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let admin = admin(Section::root(table, notes.clone()).section("admin"));
    let problems = notes.take();
    if problems.is_empty() {
        Ok(admin)
    } else {
        Err(Problems(problems))
    }
}

/// The stream, and its name as `CloudEvents`' `source` has it, which the sinks need even if the stream is wrong.
fn stream(mut section: Section, environment: &BTreeMap<String, String>) -> (String, Option<Stream>) {
    let name = section
        .text("name")
        .map_or_else(|| "main".to_owned(), |(name, _)| name);
    let endpoint = endpoint(&mut section);
    let event_source = format!("/x/{}/{name}", endpoint.name());
    let max_retries = section.number_or("max_retries", "unlimited", 0..=i64::from(u32::MAX));
    let backfill = backfill(&mut section);
    dedupe(&mut section);
    let mut query = query(section.section("fields"));
    query.backfill_minutes = backfill;
    let token = token(&mut section, environment);
    let source = source(&mut section, token.unwrap_or_else(|| Token::from_value("")));
    section.finish();
    let max_retries = max_retries.and_then(|most| u32::try_from(most).ok());
    let source = source.map(|source| Settings {
        endpoint,
        query,
        ..source
    });
    (
        event_source,
        source.map(|source| Stream {
            name,
            max_retries,
            source,
        }),
    )
}

/// Where to connect to, checked without connecting.
fn source(section: &mut Section, token: Token) -> Option<Settings> {
    let mut settings = Settings::new(token);
    let base_url = section.text("base_url");
    settings.allow_custom_host = section.flag("allow_custom_host").unwrap_or(false);
    let ca_file = section.path("ca_file");
    if let Some((url, origin)) = base_url {
        if let Err(error) = BaseUrl::parse(&url, settings.allow_custom_host) {
            section.note(
                origin,
                "base_url",
                error.to_string(),
                "for example base_url = \"https://api.x.com\"",
            );
            return None;
        }
        settings.base_url = url;
    }
    if let Some((path, origin)) = ca_file {
        settings.ca_file = Some(path);
        if let Err(error) = XSource::new(&settings) {
            section.note(
                origin,
                "ca_file",
                error.to_string(),
                "a file with certificates in PEM form",
            );
            return None;
        }
    }
    Some(settings)
}

fn endpoint(section: &mut Section) -> Endpoint {
    let Some((name, origin)) = section.text("endpoint") else {
        return Endpoint::Search;
    };
    match name.as_str() {
        "search" => return Endpoint::Search,
        "sample" => return Endpoint::Sample,
        later if LATER.contains(&later) => {
            section.note(
                origin,
                "endpoint",
                format!("{name:?} is not there yet"),
                "for now: search or sample",
            );
        }
        _ => section.note(
            origin,
            "endpoint",
            format!("{name:?} is not known"),
            "one of: search, sample",
        ),
    }
    Endpoint::Search
}

fn backfill(section: &mut Section) -> Option<u8> {
    let hint = "write \"off\", or 1 to 5 minutes if your access has it";
    if let Some(node) = section.text_if("backfill", "auto") {
        section.note(node, "backfill", "\"auto\" is not there yet", hint);
        return None;
    }
    section
        .number_or("backfill", "off", 1..=5)
        .and_then(|minutes| u8::try_from(minutes).ok())
}

fn dedupe(section: &mut Section) {
    let Some((mode, origin)) = section.text("dedupe") else {
        return;
    };
    match mode.as_str() {
        "off" => {}
        "drop" | "mark" => {
            section.note(
                origin,
                "dedupe",
                format!("{mode:?} is not there yet"),
                "write \"off\", and drop repeats by id",
            );
        }
        _ => section.note(
            origin,
            "dedupe",
            format!("{mode:?} is not known"),
            "write \"off\"",
        ),
    }
}

fn token(section: &mut Section, environment: &BTreeMap<String, String>) -> Option<Token> {
    if let Some((path, origin)) = section.path("bearer_token_file") {
        let token = Token::from_file(path);
        if let Err(error) = token.check() {
            section.note(
                origin,
                "bearer_token_file",
                error.to_string(),
                "a file with the token and nothing else",
            );
            return None;
        }
        return Some(token);
    }
    if let Some(token) = environment.get(TOKEN_VARIABLE).filter(|token| !token.is_empty()) {
        let token = Token::from_value(token.clone());
        return match token.check() {
            Ok(()) => Some(token),
            Err(error) => {
                let origin = Origin::Variable(TOKEN_VARIABLE.to_owned());
                section.note(
                    origin,
                    "bearer_token_file",
                    error.to_string(),
                    "the token and nothing else",
                );
                None
            }
        };
    }
    section.missing(
        "bearer_token_file",
        format!("name a file with the bearer token, or set {TOKEN_VARIABLE}"),
    );
    None
}

fn query(mut section: Section) -> Query {
    let mut names = |key: &'static str, known: &'static [&'static str]| {
        let words = section.words(key).unwrap_or_default();
        check_words(&section, key, &words, known);
        words.into_iter().map(|word| word.text).collect()
    };
    let query = Query {
        tweet_fields: names("tweet", fields::TWEET),
        user_fields: names("user", fields::USER),
        media_fields: names("media", fields::MEDIA),
        poll_fields: names("poll", fields::POLL),
        place_fields: names("place", fields::PLACE),
        expansions: names("expansions", fields::EXPANSIONS),
        ..Query::default()
    };
    section.finish();
    query
}

/// Notes every word that is not known, or is there twice.
fn check_words(section: &Section, key: &str, words: &[Word], known: &[&str]) {
    for (at, word) in words.iter().enumerate() {
        if !known.contains(&word.text.as_str()) {
            let hint = match suggestion(&word.text, known) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("known: {}", known.join(", ")),
            };
            section.note(
                word.origin.clone(),
                key,
                format!("{:?} is not known", word.text),
                hint,
            );
        } else if words[..at].iter().any(|earlier| earlier.text == word.text) {
            section.note(
                word.origin.clone(),
                key,
                format!("{:?} is there twice", word.text),
                "leave one out",
            );
        }
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
    let enabled = match section.words("enabled") {
        Some(words) => {
            let names = Lane::ALL.map(Lane::name);
            check_words(&section, "enabled", &words, &names);
            if words.is_empty() {
                let hint = format!("at least one of: {}", names.join(", "));
                section.note(section.origin_of("enabled"), "enabled", "names no lane", hint);
            }
            words
                .iter()
                .filter_map(|word| Lane::from_name(&word.text))
                .collect()
        }
        None => LaneSet::from_iter(ENABLED),
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
        ("auto", Format::Auto),
        ("json", Format::Json),
        ("pretty", Format::Pretty),
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

impl Section {
    /// Where `key` stands, if it is the string `word`.
    fn text_if(&mut self, key: &'static str, word: &str) -> Option<Origin> {
        if self.is_text(key, word) {
            self.text(key).map(|(_, origin)| origin)
        } else {
            None
        }
    }
}
