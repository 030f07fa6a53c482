//! `[stream]`: where the stream comes from, and what is asked for.

use std::sync::Arc;
use std::time::Duration;

use source_x::credentials::Credentials;
use source_x::endpoint::{Parameter, Takes, Version};
use source_x::{CatchUp, Endpoint, Query, Settings, SettingsError, Token, XSource};
use stream_core::model::Lane;
use stream_core::pipeline::Dedupe;

use super::{account, partition, v1, wire};
use crate::config::{Environment, Origin, Section, quoted};

/// The variable that holds the bearer token when no file is named.
pub(super) const TOKEN_VARIABLE: &str = "X_BEARER_TOKEN";

/// Stream of X, as far as it can be had without connecting.
pub(super) struct Stream {
    /// Its name, in events and headers.
    pub(super) name: String,
    /// `CloudEvents`' `source`: the endpoint and the name.
    pub(super) event_source: String,
    /// Failures in a row before giving up; `None` for never.
    pub(super) max_retries: Option<u32>,
    /// What becomes of what comes again.
    pub(super) dedupe: Dedupe,
    pub(super) endpoint: Endpoint,
    /// The lane of what it is asked for.
    pub(super) lane: Lane,
    /// How often the account's usage is asked for; `None` for never.
    pub(super) usage_every: Option<Duration>,
    /// Unless something is wrong with it.
    pub(super) source: Option<Arc<XSource>>,
}

pub(super) fn build(section: &mut Section, environment: &Environment) -> Stream {
    let name = section.parsed("name", "main", name);
    let endpoint = endpoint(section);
    let max_retries = section.number_or("max_retries", "unlimited", 0..=u32::MAX);
    let (backfill_minutes, catch_up) = catch_up(section, endpoint);
    let partition = partition::build(section, endpoint, environment);
    let modes = Dedupe::ALL.map(|mode| (mode.name(), mode));
    let dedupe = section.choice("dedupe", Dedupe::Drop.name(), &modes);
    let local_dc_only = endpoint.takes(Parameter::LocalDcOnly).and_then(|_| {
        section
            .has("local_dc_only")
            .then(|| section.flag("local_dc_only", false))
    });
    let query = Query {
        backfill_minutes,
        partition,
        local_dc_only,
        ..section.section("fields", |section| query(section, endpoint))
    };
    let filter = v1::filter(section, endpoint);
    let credentials = match endpoint.version() {
        Version::V1 => v1::keys(section, environment),
        // Without a token, what else is wrong shows all the same.
        Version::V2 => {
            Credentials::from(token(section, environment).unwrap_or_else(|| Token::from_value("")))
        }
    };
    let ca_file = section.path("ca_file");
    let defaults = Settings::new(credentials);
    let settings = Settings {
        base_url: Some(section.text_or("base_url", endpoint.base_url())),
        allow_custom_host: section.flag("allow_custom_host", false),
        ca_file: ca_file.filter(|path| !section.is_elsewhere(path)),
        endpoint,
        query,
        filter,
        ghosts: account::ghosts(section, endpoint),
        catch_up,
        ..defaults
    };
    let settings = wire::build(section, environment, settings);
    Stream {
        event_source: format!("/x/{}/{name}", endpoint.name()),
        name,
        max_retries,
        dedupe,
        endpoint,
        lane: endpoint.messages().lane(),
        usage_every: account::usage_every(section, endpoint),
        source: source(section, settings),
    }
}

/// The source, or everything that is wrong with its settings: what is wrong is told, put aside, and tried again without.
fn source(section: &Section, mut settings: Settings) -> Option<Arc<XSource>> {
    let known = section.problems();
    loop {
        let error = match XSource::new(&settings) {
            Ok(source) => return (section.problems() == known).then(|| Arc::new(source)),
            Err(error) => error,
        };
        note(section, &error);
        match error {
            SettingsError::BaseUrl(_) => settings.base_url = None,
            SettingsError::Proxy(_) => settings.proxy = None,
            SettingsError::UserAgent => settings.user_agent = Settings::new(Token::from_value("")).user_agent,
            SettingsError::CaFile { .. } => settings.ca_file = None,
            _ => return None,
        }
    }
}

/// The lane of what the stream is asked for; whatever else the section says does not matter.
pub(super) fn asked_for(section: &mut Section) -> Lane {
    let endpoint = endpoint(section);
    section.pass_over();
    endpoint.messages().lane()
}

/// A name that fits on a line and into a header.
fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("names nothing".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("holds a line break or another control character".to_owned());
    }
    Ok(text.to_owned())
}

fn note(section: &Section, error: &SettingsError) {
    let (key, message, hint) = match error {
        SettingsError::BaseUrl(error) => {
            let hint = "for example base_url = \"https://api.x.com\"";
            ("base_url", error.to_string(), hint)
        }
        SettingsError::Query(_) => ("fields", error.to_string(), "leave them out for X's defaults"),
        // Both were seen to where they stand.
        SettingsError::Filter(_) | SettingsError::Credentials(_) => {
            ("endpoint", error.to_string(), "see docs/v1.1.md")
        }
        SettingsError::Proxy(words) => ("proxy", (*words).to_owned(), "proxy = \"off\""),
        SettingsError::UserAgent => ("user_agent", error.to_string(), "for example \"acme/1.0\""),
        SettingsError::CaFile { .. } | SettingsError::NoRoots(_) | SettingsError::Tls(_) => (
            "ca_file",
            error.to_string(),
            "a file with certificates in PEM form",
        ),
    };
    section.note(key, message, hint);
}

fn endpoint(section: &mut Section) -> Endpoint {
    let choices = Endpoint::ALL.map(|endpoint| (endpoint.name(), endpoint));
    section.choice("endpoint", Endpoint::Search.name(), &choices)
}

/// The minutes that every connection asks for, and what is asked for after a gap.
fn catch_up(section: &mut Section, endpoint: Endpoint) -> (Option<u8>, CatchUp) {
    let recovery = section.choice("recovery", "off", &[("off", false), ("on", true)]);
    if recovery && endpoint.takes(Parameter::StartTime).is_none() {
        let message = format!("the {} stream does not go back", endpoint.name());
        section.note("recovery", message, "write \"off\"");
    }
    let Some(Takes::Number { range, .. }) = endpoint.takes(Parameter::BackfillMinutes) else {
        let catch_up = CatchUp {
            recovery,
            ..CatchUp::default()
        };
        return (None, catch_up);
    };
    section.default_of("backfill", quoted("auto"));
    let backfill = !section.has("backfill") || section.is("backfill", "auto");
    let minutes = if backfill {
        section.ask("backfill");
        None
    } else {
        section.number_or("backfill", "off", 1..=*range.end())
    };
    (minutes, CatchUp { backfill, recovery })
}

/// The token, from a file or the environment.
fn token(section: &mut Section, environment: &Environment) -> Option<Token> {
    let variable = environment.get(TOKEN_VARIABLE).filter(|token| !token.is_empty());
    let (token, origin, hint) = if let Some(path) = section.path("bearer_token_file") {
        if section.is_elsewhere(&path) {
            return None;
        }
        let origin = section.origin_of("bearer_token_file");
        (
            Token::from_file(path),
            origin,
            "a file with the token and nothing else",
        )
    } else if let Some(token) = variable {
        let origin = Origin::Variable(TOKEN_VARIABLE.to_owned());
        (
            Token::from_value(token.clone()),
            origin,
            "the token and nothing else",
        )
    } else {
        if !section.needs_secrets() {
            return None;
        }
        let hint = format!("name a file with the bearer token, or set {TOKEN_VARIABLE}");
        section.note("bearer_token_file", "is missing", hint);
        return None;
    };
    match token.check() {
        Ok(()) => Some(token),
        Err(error) => {
            section.note_at(origin, "bearer_token_file", error.to_string(), hint);
            None
        }
    }
}

fn query(section: &mut Section, endpoint: Endpoint) -> Query {
    let mut names = |key, parameter| {
        let Some(Takes::Names(known)) = endpoint.takes(parameter) else {
            return Vec::new();
        };
        let names = section.names(key, known).unwrap_or_default();
        names.into_iter().map(str::to_owned).collect()
    };
    Query {
        tweet_fields: names("tweet", Parameter::TweetFields),
        user_fields: names("user", Parameter::UserFields),
        media_fields: names("media", Parameter::MediaFields),
        poll_fields: names("poll", Parameter::PollFields),
        place_fields: names("place", Parameter::PlaceFields),
        like_fields: names("like", Parameter::LikeFields),
        expansions: names("expansions", Parameter::Expansions),
        ..Query::default()
    }
}
