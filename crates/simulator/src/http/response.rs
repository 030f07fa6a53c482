//! HTTP responses with the headers that X's have (`recorded-responses.json`). Streams alone may be compressed.

use std::fmt::Write;

use super::coding::Coding;
use super::options::Options;
use crate::time;

/// Rate limit as `x-rate-limit-*` tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When the window ends, in Unix seconds.
    pub(crate) reset: u64,
}

/// A whole answer, of known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) location: Option<&'static str>,
    pub(crate) body: String,
}

pub(crate) const JSON: &str = "application/json; charset=utf-8";

impl Response {
    pub(crate) fn json(status: u16, body: String) -> Self {
        Response {
            status,
            content_type: JSON,
            location: None,
            body,
        }
    }

    /// The bytes of the answer. 401 carries no rate limit and no access level, as recorded.
    pub(crate) fn bytes(&self, rate: Option<RateLimit>) -> Vec<u8> {
        let rate = rate.filter(|_| self.status != 401);
        let mut head = head(self.status, self.content_type, rate);
        // Writing to a String cannot fail.
        let _ = write!(
            head,
            "content-disposition: attachment; filename=json.json\r\ncontent-length: {}\r\n",
            self.body.len()
        );
        if let Some(location) = self.location {
            let _ = write!(head, "location: {location}\r\n");
        }
        head.push_str("\r\n");
        head.push_str(&self.body);
        head.into_bytes()
    }
}

/// The head of a stream; Powerstream says which data centre it is, if one alone was asked for.
pub(crate) fn stream_head(rate: RateLimit, options: &Options) -> Vec<u8> {
    let mut head = head(200, JSON, Some(rate));
    if options.coding == Coding::Gzip {
        head.push_str("content-encoding: gzip\r\n");
    }
    if options.metadata {
        head.push_str("x-powerstream-datacenter: atla\r\nx-powerstream-localdconly: true\r\n");
    }
    head.push_str("transfer-encoding: chunked\r\n\r\n");
    head.into_bytes()
}

fn head(status: u16, content_type: &str, rate: Option<RateLimit>) -> String {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    let mut add = |name: &str, value: &str| {
        let _ = write!(head, "{name}: {value}\r\n");
    };
    add("cache-control", "no-cache, no-store, max-age=0");
    add("content-type", content_type);
    add("date", &time::http_date(time::now_s()));
    add("server", "tsa_b");
    add("strict-transport-security", "max-age=631138519");
    if status != 401 {
        add("x-access-level", "read");
    }
    add("x-content-type-options", "nosniff");
    add("x-frame-options", "SAMEORIGIN");
    if let Some(rate) = rate {
        add("x-rate-limit-limit", &rate.limit.to_string());
        add("x-rate-limit-remaining", &rate.remaining.to_string());
        add("x-rate-limit-reset", &rate.reset.to_string());
    }
    add("x-response-time", "12");
    add("x-xss-protection", "0");
    head
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        302 => "Found",
        400 => "Bad Request",
        // X's own wording.
        401 => "Authorization Required",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        406 => "Not Acceptable",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        416 => "Requested Range Not Satisfiable",
        420 => "Enhance Your Calm",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => "Service Unavailable",
    }
}
