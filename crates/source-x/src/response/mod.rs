//! Error classification: what an answer means that is not the stream, as a class for the supervisor and a sentence for people.
//! Pure.
//!
//! X's 429 has four meanings, told apart by the body alone: the headers of "too many connections" show rate limit left.
//! `type` URIs are compared by their last segment, since X has written two hosts in front of it.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{CONTENT_ENCODING, DATE};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use stream_core::source::{ConnectError, ConnectErrorClass};

use crate::endpoint::Endpoint;

/// X's windows last 15 minutes; a minute more for a reset that lies just behind one.
const LONGEST_RESET: u64 = 16 * 60;
/// As much of the server's own words as a log line should carry.
const MAX_WORDS: usize = 300;

/// Problem details (RFC 9457) as X writes them: the members that tell its problems apart; texts may be anything.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem<'a> {
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    detail: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    connection_issue: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    errors: Vec<Fault<'a>>,
}

/// A member of `errors`: which parameter was wrong, and why.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault<'a> {
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

/// What the answer of `endpoint` means. `body` may be cut short, empty, or not JSON.
pub fn classify(endpoint: Endpoint, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ConnectError {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let class = class(status, headers, &problem);
    let mut detail = format!("HTTP {}", status.as_u16());
    if let Some(words) = words(&problem, body) {
        detail = format!("{detail}: {words}");
    }
    if let Some(advice) = advice(endpoint, status, class, &problem) {
        detail = format!("{detail} ({advice})");
    }
    ConnectError {
        class,
        status: Some(status.as_u16()),
        detail,
    }
}

/// Whether the body is bytes that we could not read: we ask for `identity`, so a compressed answer is a broken server's.
pub fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn class(status: StatusCode, headers: &HeaderMap, problem: &Problem<'_>) -> ConnectErrorClass {
    let kind = problem.last_segment();
    match (status.as_u16(), problem.connection_issue.as_deref()) {
        // Rules that only an operator can mend, whatever the status: X does not document it.
        (400..500, Some("RulesInvalidIssue" | "RuleConfigurationIssue")) => ConnectErrorClass::Refused,
        (400..500, _) if kind == "rule-cap" => ConnectErrorClass::Refused,
        (429, Some("TooManyConnections")) => ConnectErrorClass::TooManyConnections,
        (429, _) if kind == "usage-capped" || problem.title.as_deref() == Some("UsageCapExceeded") => {
            ConnectErrorClass::UsageCapped
        }
        // Payment required: an account that pays for each post has no credits left.
        (402, _) => ConnectErrorClass::UsageCapped,
        // The rate limit is not what is short: its reset says nothing.
        (429, Some(_)) => ConnectErrorClass::RateLimited { reset_in: None },
        (429, None) => ConnectErrorClass::RateLimited {
            reset_in: reset_in(headers),
        },
        (300..400 | 400 | 401 | 403 | 404 | 409, _) => ConnectErrorClass::Refused,
        _ => ConnectErrorClass::Http,
    }
}

/// `x-rate-limit-reset` (Unix seconds) against the answer's own `Date`: this machine's clock may be wrong. A reset that is
/// not ahead says nothing about when to come back.
fn reset_in(headers: &HeaderMap) -> Option<Duration> {
    let reset: u64 = headers
        .get("x-rate-limit-reset")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let date = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let ahead = reset.checked_sub(date).filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(ahead.min(LONGEST_RESET)))
}

impl Problem<'_> {
    fn last_segment(&self) -> &str {
        let kind = self.kind.as_deref().unwrap_or_default();
        kind.rsplit('/').next().unwrap_or_default()
    }
}

/// What the server said, in one line.
fn words(problem: &Problem<'_>, body: &[u8]) -> Option<String> {
    let said: Vec<&str> = [&problem.title, &problem.detail]
        .into_iter()
        .chain(problem.errors.iter().map(|fault| &fault.message))
        .filter_map(Option::as_deref)
        .collect();
    let text = if said.is_empty() {
        String::from_utf8_lossy(&body[..body.len().min(4 * MAX_WORDS)]).into_owned()
    } else {
        said.join(": ")
    };
    let line = one_line(&text, MAX_WORDS);
    (!line.is_empty()).then_some(line)
}

/// At most `limit` characters, without what could break or forge a log line.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let printable = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = printable
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    line.chars().take(limit).collect()
}

/// What to do about it.
fn advice(
    endpoint: Endpoint,
    status: StatusCode,
    class: ConnectErrorClass,
    problem: &Problem<'_>,
) -> Option<&'static str> {
    match class {
        ConnectErrorClass::UsageCapped => {
            return Some("the account's posts or credits are used up: buy more, or wait for the next period");
        }
        ConnectErrorClass::TooManyConnections => {
            return Some(
                "the account's connections are taken: by our own last one for some seconds, or by another client",
            );
        }
        ConnectErrorClass::Refused => {}
        _ => return None,
    }
    Some(match status.as_u16() {
        300..400 => "redirect refused: the token goes to base_url only",
        _ if problem.last_segment() == "rule-cap" => "the account's rules are full: delete some",
        _ if problem.connection_issue.as_deref() == Some("RulesInvalidIssue") => {
            "a stored rule is no longer allowed: replace it"
        }
        400 => {
            "X does not accept the request: check rules, fields, expansions, and that the account may use backfill"
        }
        401 => "X does not know the bearer token: create a new one and replace it",
        403 if problem.reason.as_deref() == Some("client-not-enrolled") => {
            "attach the app to a Project whose access level includes this stream, then create a new token"
        }
        403 => "the app may not use this: an app-only bearer token and the right access level are needed",
        404 => "no such address: check base_url and endpoint",
        409 if endpoint.has_rules() => "define rules first: the filtered stream does not start without any",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
