//! `[stream.oauth]` and `[stream.filter]`: what v1.1 wants in the place of a bearer token and of rules.

use source_x::credentials::Credentials;
use source_x::endpoint::Version;
use source_x::filter::FilterLevel;
use source_x::oauth::Keys;
use source_x::{Endpoint, Filter, Token};
use stream_core::source::Framing;

use crate::config::{Environment, Origin, Section};

/// A key: its file's key, the variable that holds it when no file is named, what messages call it.
pub(super) type Part = (&'static str, &'static str, &'static str);

pub(super) const CONSUMER_KEY: Part = ("consumer_key_file", "X_CONSUMER_KEY", "the consumer key");
pub(super) const CONSUMER_SECRET: Part = ("consumer_secret_file", "X_CONSUMER_SECRET", "the consumer secret");
pub(super) const ACCESS_TOKEN: Part = ("access_token_file", "X_ACCESS_TOKEN", "the access token");
pub(super) const ACCESS_TOKEN_SECRET: Part = (
    "access_token_secret_file",
    "X_ACCESS_TOKEN_SECRET",
    "the access token's secret",
);

/// The keys that a stream of v1.1 is asked for with; without them, what else is wrong shows all the same.
pub(super) fn keys(section: &mut Section, environment: &Environment) -> Credentials {
    if section.ask("bearer_token_file") {
        let hint = "name v1.1's four keys in [stream.oauth]";
        section.note("bearer_token_file", "is for v2: v1.1 takes no bearer token", hint);
    }
    let keys = section.section("oauth", |section| Keys {
        consumer_key: key(section, environment, CONSUMER_KEY),
        consumer_secret: key(section, environment, CONSUMER_SECRET),
        access_token: key(section, environment, ACCESS_TOKEN),
        access_token_secret: key(section, environment, ACCESS_TOKEN_SECRET),
    });
    keys.into()
}

fn key(section: &mut Section, environment: &Environment, (file, variable, name): Part) -> Token {
    let missing = || Token::from_value("").called(name);
    let value = environment.get(variable).filter(|value| !value.is_empty());
    let (token, origin) = if let Some(path) = section.path(file) {
        if section.is_elsewhere(&path) {
            return missing();
        }
        (Token::from_file(path), section.origin_of(file))
    } else if let Some(value) = value {
        let origin = Origin::Variable(variable.to_owned());
        (Token::from_value(value.clone()).called(name), origin)
    } else {
        if section.needs_secrets() {
            let hint = format!("name a file with {name}, or set {variable}; v1.1 takes no bearer token");
            section.note(file, "is missing", hint);
        }
        return missing();
    };
    match token.check() {
        Ok(()) => token,
        Err(error) => {
            section.note_at(
                origin,
                file,
                error.to_string(),
                format!("{name} and nothing else"),
            );
            missing()
        }
    }
}

/// What a stream of v1.1 is asked for. Mistakes are noted; one that can be used is given in any case.
pub(super) fn filter(section: &mut Section, endpoint: Endpoint) -> Filter {
    if endpoint.version() == Version::V2 {
        for (key, hint) in [
            (
                "filter",
                "add rules at X instead, or choose v1-filter or v1-sample",
            ),
            (
                "oauth",
                "name a bearer token instead: bearer_token_file, or X_BEARER_TOKEN",
            ),
        ] {
            if section.has(key) {
                section.ask(key);
                section.note(key, format!("is for v1.1, not for {}", endpoint.name()), hint);
            }
        }
        return Filter::default();
    }
    section.section("filter", |section| {
        let before = section.problems();
        let filter = asked(section);
        // One that could not be read would be judged for what it lacks.
        if section.problems() > before {
            return usable(endpoint);
        }
        let errors = filter.check(endpoint);
        for error in &errors {
            section.note(
                error.parameter.name(),
                &*error.problem,
                "docs/v1.1.md has the limits",
            );
        }
        if errors.is_empty() {
            filter
        } else {
            usable(endpoint)
        }
    })
}

/// A filter that there is nothing to say against.
fn usable(endpoint: Endpoint) -> Filter {
    let track = if endpoint.takes_predicates() {
        vec!["x".to_owned()]
    } else {
        Vec::new()
    };
    Filter {
        track,
        ..Filter::default()
    }
}

fn asked(section: &mut Section) -> Filter {
    let locations = section.texts("locations", "[-122.75, 36.8, -121.75, 37.8]");
    let degrees: Option<Vec<f64>> = locations
        .iter()
        .map(|number| number.trim().parse().ok())
        .collect();
    if degrees.is_none() {
        section.note(
            "locations",
            "wants numbers",
            "for example [-122.75, 36.8, -121.75, 37.8]",
        );
    }
    let levels = FilterLevel::ALL.map(|level| (level.name(), level));
    let framings = [("off", Framing::Lines), ("length", Framing::Lengths)];
    Filter {
        follow: section.texts("follow", "[12, 13]"),
        track: section.texts("track", "[\"cats\", \"big dogs\"]"),
        locations: degrees.unwrap_or_default(),
        language: section.texts("language", "[\"en\"]"),
        filter_level: section.choice("filter_level", FilterLevel::default().name(), &levels),
        stall_warnings: section.flag("stall_warnings", false),
        count: section.number_or("count", "off", i32::MIN..=i32::MAX),
        framing: section.choice("delimited", "off", &framings),
    }
}
