//! Error classification: what an answer means that is not the stream, as a class for the supervisor and a sentence for people.
//! Pure.
//!
//! X's 429 has four meanings, told apart by the body alone: the headers of "too many connections" show rate limit left.
//! `type` URIs are compared by their last segment, since X has written two hosts in front of it.

mod problem;

use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use stream_core::source::{ConnectError, ConnectErrorClass, Request, ServerDisconnect};

pub(crate) use self::problem::Problem;
use crate::endpoint::Endpoint;

/// X's windows last 15 minutes; a minute more for a reset that lies just behind one.
const LONGEST_RESET: u64 = 16 * 60;
/// As much of a text as a log line should carry.
const MAX_TEXT: usize = 300;
/// As much of a body as its text is looked for in.
const MAX_BODY: usize = 16 * 1024;

/// What the answer of `endpoint` means. `body` may be cut short, empty, or not JSON.
pub fn classify(endpoint: Endpoint, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ConnectError {
    let problem = Problem::of(body);
    let class = class(status.as_u16(), Some(headers), &problem);
    let mut detail = format!("HTTP {}", status.as_u16());
    if let Some(words) = problem.words().or_else(|| text(body)) {
        detail = format!("{detail}: {words}");
    }
    if let Some(advice) = advice(endpoint, status, class, &problem) {
        detail = format!("{detail} ({advice})");
    }
    ConnectError {
        class,
        status: Some(status.as_u16()),
        retry_after: retry_after(headers),
        request: Request::Sent,
        detail,
    }
}

/// What it means that a page for people came where a stream was asked for.
pub(crate) fn page(headers: &HeaderMap, body: &[u8]) -> ConnectError {
    let words = text(body).unwrap_or_else(|| "an empty one".to_owned());
    ConnectError {
        class: ConnectErrorClass::Refused,
        status: Some(200),
        retry_after: retry_after(headers),
        request: Request::Sent,
        detail: format!(
            "HTTP 200 with a page instead of a stream: {words} (a proxy, a portal or another server answers: check base_url \
             and the way to it)"
        ),
    }
}

/// Whether an answer says of itself that it is a page for people. A stream need not say what it is: X has left the type out.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map_or(&[][..], |kind| kind.as_bytes());
    let is = |page: &[u8]| {
        kind.get(..page.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(page))
    };
    is(b"text/html") || is(b"application/xhtml")
}

/// What the line means that a connection left unfinished: a refusal's body may come where a stream was to begin.
pub(crate) fn farewell(unfinished: &[u8]) -> Option<ServerDisconnect> {
    let line = unfinished.trim_ascii();
    if line.starts_with(b"{") {
        // A problem that is whole; anything else is half a message.
        let problem = Problem::of(line);
        return (problem.ends_a_stream() || problem.refuses()).then(|| problem.disconnect());
    }
    text(line).map(|detail| ServerDisconnect {
        refusal: Some(ConnectErrorClass::Http),
        detail,
    })
}

/// Whether the body is bytes that we could not read: we ask for `identity`, so a compressed answer is a broken server's.
pub fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn class(status: u16, headers: Option<&HeaderMap>, problem: &Problem<'_>) -> ConnectErrorClass {
    let kind = problem.last_segment();
    let reset_in = || headers.and_then(reset_in);
    match (status, problem.connection_issue.get()) {
        // Rules that only an operator can mend, whatever the status: X does not document it.
        (400..500, Some("RulesInvalidIssue" | "RuleConfigurationIssue")) => ConnectErrorClass::Refused,
        (400..500, _) if kind == "rule-cap" => ConnectErrorClass::Refused,
        (429, Some("TooManyConnections")) => ConnectErrorClass::TooManyConnections,
        (429, _) if problem.usage_capped() => ConnectErrorClass::UsageCapped,
        // Payment required: an account that pays for each post has no credits left.
        (402, _) => ConnectErrorClass::UsageCapped,
        // The rate limit is not what is short: its reset says nothing.
        (429, Some(_)) => ConnectErrorClass::RateLimited { reset_in: None },
        // Version 1.1 said 420 for it (<https://docs.x.com/x-api/fundamentals/response-codes-and-errors>).
        (429, None) | (420, _) => ConnectErrorClass::RateLimited { reset_in: reset_in() },
        (300..400 | 400 | 401 | 403 | 404 | 406 | 409 | 410 | 413 | 416, _) => ConnectErrorClass::Refused,
        _ => ConnectErrorClass::Http,
    }
}

/// `x-rate-limit-reset` (Unix seconds) against the answer's own `Date`: this machine's clock may be wrong. A reset that is
/// over says nothing about when to come back.
fn reset_in(headers: &HeaderMap) -> Option<Duration> {
    let reset: u64 = number(headers, "x-rate-limit-reset")?;
    let ahead = reset.checked_sub(date(headers)?)?;
    Some(Duration::from_secs(ahead.min(LONGEST_RESET)))
}

/// `Retry-After` (RFC 9110, 10.2.3), in seconds or as a date, which is measured against the answer's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = number(headers, "retry-after").or_else(|| {
        let at = headers.get(RETRY_AFTER)?.to_str().ok()?;
        seconds(at)?.checked_sub(date(headers)?)
    });
    seconds.map(Duration::from_secs)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn date(headers: &HeaderMap) -> Option<u64> {
    seconds(headers.get(DATE)?.to_str().ok()?)
}

/// An HTTP date in seconds since 1970.
fn seconds(date: &str) -> Option<u64> {
    let at = httpdate::parse_http_date(date.trim()).ok()?;
    Some(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs())
}

/// What a body says that is no problem: its text in one line, without the tags of a page.
fn text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY)]);
    let text = if text.trim_start().starts_with('<') {
        without_tags(&text)
    } else {
        text.into_owned()
    };
    let line = one_line(&text, MAX_TEXT);
    (!line.is_empty()).then_some(line)
}

/// The text of a page: what stands between its tags, but for scripts and styles.
fn without_tags(page: &str) -> String {
    let mut text = String::new();
    let mut shown = true;
    for part in page.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        let tag = tag.trim_start().to_ascii_lowercase();
        if ["script", "style"].iter().any(|hidden| tag.starts_with(hidden)) {
            shown = false;
        } else if tag.starts_with("/s") {
            shown = true;
        }
        if shown {
            text.push(' ');
            text.push_str(after);
        }
    }
    text
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
        _ if problem.connection_issue.get() == Some("RulesInvalidIssue") => {
            "a stored rule is no longer allowed: replace it"
        }
        400 => {
            "X does not accept the request: check rules, fields, expansions, and that the account may use backfill"
        }
        401 => "X does not know the bearer token: create a new one and replace it",
        403 if problem.reason.get() == Some("client-not-enrolled") => {
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
