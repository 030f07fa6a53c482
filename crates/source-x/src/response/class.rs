//! Which class an answer belongs to, and how long it asks to be left alone.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use stream_core::source::ConnectErrorClass;

use super::problem::Problem;

/// X's windows last 15 minutes; a minute more for a reset that lies just behind one.
pub(super) const LONGEST_RESET: u64 = 16 * 60;

/// The class of an answer, or of a problem in a stream, which has no headers.
pub(super) fn class(status: u16, headers: Option<&HeaderMap>, problem: &Problem<'_>) -> ConnectErrorClass {
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
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = number(headers, "retry-after").or_else(|| {
        let at = headers.get(RETRY_AFTER)?.to_str().ok()?;
        seconds(at)?.checked_sub(date(headers)?)
    });
    seconds.map(Duration::from_secs)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// When the server says that it answered, in seconds since 1970.
pub(crate) fn date(headers: &HeaderMap) -> Option<u64> {
    seconds(headers.get(DATE)?.to_str().ok()?)
}

/// An HTTP date in seconds since 1970.
fn seconds(date: &str) -> Option<u64> {
    let at = httpdate::parse_http_date(date.trim()).ok()?;
    Some(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs())
}
