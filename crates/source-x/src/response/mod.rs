//! Error classification: what an answer means that is not the stream, as a class for the supervisor and a sentence for people.
//! Pure.
//!
//! X's 429 has four meanings, told apart by the body alone: the headers of "too many connections" show rate limit left.
//! `type` URIs are compared by their last segment, since X has written two hosts in front of it.

mod class;
mod problem;
mod text;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use stream_core::source::{ConnectError, ConnectErrorClass, Request, ServerDisconnect};

pub(crate) use self::class::date;
use self::class::{class, retry_after};
pub(crate) use self::problem::Problem;
pub(crate) use self::text::one_line;
use self::text::{MAX_TEXT, text};
use crate::endpoint::{Endpoint, Version};

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

/// What a problem means for the connection that brought it.
pub(crate) fn disconnect(problem: &Problem<'_>) -> ServerDisconnect {
    let refusal = problem.refuses() || problem.connection_issue.get().is_some();
    ServerDisconnect {
        refusal: refusal.then(|| class(problem.status().unwrap_or(429), None, problem)),
        detail: problem
            .words()
            .unwrap_or_else(|| "errors without data".to_owned()),
    }
}

/// What GNIP's message means, which ends a stream.
pub(crate) fn forced_disconnect(problem: &Problem<'_>) -> Option<ServerDisconnect> {
    let message = problem.message()?;
    Some(ServerDisconnect {
        refusal: message
            .contains("Too many connections")
            .then_some(ConnectErrorClass::TooManyConnections),
        detail: one_line(message, MAX_TEXT),
    })
}

/// What the line means that a connection left unfinished: a refusal's body may come where a stream was to begin.
pub(crate) fn farewell(unfinished: &[u8]) -> Option<ServerDisconnect> {
    let line = unfinished.trim_ascii();
    if line.starts_with(b"{") {
        // A problem that is whole; anything else is half a message.
        let problem = Problem::of(line);
        return (problem.ends_a_stream() || problem.refuses()).then(|| disconnect(&problem));
    }
    text(line).map(|detail| ServerDisconnect {
        refusal: Some(ConnectErrorClass::Http),
        detail,
    })
}

/// How the bytes of a body are coded, as its head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As they are.
    Identity,
    /// Compressed once, with gzip.
    Gzip,
    /// In a way that nobody asked for.
    Other,
}

impl Coding {
    /// The coding of an answer with these `headers`.
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(CONTENT_ENCODING).into_iter();
        let codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let mut found = Self::Identity;
        for coding in codings.map(<[u8]>::trim_ascii) {
            let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
            found = match found {
                _ if coding.is_empty() || is(b"identity") => found,
                Self::Identity if is(b"gzip") || is(b"x-gzip") => Self::Gzip,
                _ => return Self::Other,
            };
        }
        found
    }
}

/// What to do about it.
fn advice(
    endpoint: Endpoint,
    status: StatusCode,
    class: ConnectErrorClass,
    problem: &Problem<'_>,
) -> Option<&'static str> {
    if endpoint.version() == Version::V1 {
        return v1_advice(status);
    }
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
        409 if endpoint.has_rules() => {
            "there are no rules, and the filtered stream does not start without any: birdfeed rules add \"cats has:images\""
        }
        _ => return None,
    })
}

/// v1.1 answers in plain text or HTML; the status says what to do.
fn v1_advice(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        300..=399 => "redirect refused: the token goes to base_url only",
        401 => {
            "the server does not take the keys or the signature: check all four of [stream.oauth], and this machine's clock"
        }
        403 => {
            "these keys may not use v1.1, which X itself has retired: see docs/v1.1.md, or choose an endpoint of v2"
        }
        404 => "no such address: check base_url and endpoint",
        406 => "a parameter is not as the server wants it: check [stream.filter]",
        413 => "a list of [stream.filter] is longer than these keys may have: shorten it",
        416 => "count is out of range, or not for these keys: take it away",
        420 | 429 => {
            "too many logins, or too many clients with the same keys: find the others; each further one lengthens the wait"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
