//! The keys of `[stream]`.

use std::collections::BTreeMap;

use source_x::base_url::BaseUrl;
use source_x::endpoint::{Parameter, Takes};
use source_x::{Endpoint, Query, Settings, Token, XSource};

use crate::config::Stream;
use crate::config::names::names;
use crate::config::section::Section;
use crate::config::tree::Origin;

/// The variable that holds the bearer token when no file is named.
const TOKEN_VARIABLE: &str = "X_BEARER_TOKEN";

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

/// The stream, and its name as `CloudEvents`' `source` has it, which the sinks need even if the stream is wrong.
pub(super) fn read(mut section: Section, environment: &BTreeMap<String, String>) -> (String, Option<Stream>) {
    let name = section
        .text("name")
        .map_or_else(|| "main".to_owned(), |(name, _)| name);
    let endpoint = endpoint(&mut section);
    let event_source = format!("/x/{}/{name}", endpoint.name());
    let max_retries = section.number_or("max_retries", "unlimited", 0..=i64::from(u32::MAX));
    let backfill = backfill(&mut section, endpoint);
    dedupe(&mut section);
    let mut query = query(section.section("fields"), endpoint);
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
        settings.base_url = Some(url);
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
    Endpoint::from_name(&name).unwrap_or_else(|| {
        let wrong = if LATER.contains(&name.as_str()) {
            "is not there yet"
        } else {
            "is not known"
        };
        let known = Endpoint::ALL.map(Endpoint::name).join(", ");
        section.note(
            origin,
            "endpoint",
            format!("{name:?} {wrong}"),
            format!("one of: {known}"),
        );
        Endpoint::Search
    })
}

fn backfill(section: &mut Section, endpoint: Endpoint) -> Option<u8> {
    let Some(Takes::Number { range, .. }) = endpoint.takes(Parameter::BackfillMinutes) else {
        return None;
    };
    let most = range.end();
    let hint = format!("write \"off\", or 1 to {most} minutes if your access has it");
    if let Some(node) = section.text_if("backfill", "auto") {
        section.note(node, "backfill", "\"auto\" is not there yet", hint);
        return None;
    }
    section
        .number_or("backfill", "off", 1..=i64::from(*most))
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

fn query(mut section: Section, endpoint: Endpoint) -> Query {
    let mut names = |key, parameter| match endpoint.takes(parameter) {
        Some(Takes::Names(known)) => names(&mut section, key, known).unwrap_or_default(),
        _ => Vec::new(),
    };
    let query = Query {
        tweet_fields: names("tweet", Parameter::TweetFields),
        user_fields: names("user", Parameter::UserFields),
        media_fields: names("media", Parameter::MediaFields),
        poll_fields: names("poll", Parameter::PollFields),
        place_fields: names("place", Parameter::PlaceFields),
        expansions: names("expansions", Parameter::Expansions),
        ..Query::default()
    };
    section.finish();
    query
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
