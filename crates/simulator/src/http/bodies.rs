//! Error bodies: X's refusals, word for word where they were recorded (`x-streaming.md` 1.4.3 and 2.6).

use super::response::Response;
use crate::fault::{Disconnect, Status};
use crate::json::string;
use crate::template::{Values, fill};

/// 400 for one bad parameter.
pub(crate) fn invalid(parameter: &str, value: Option<&str>, message: &str) -> Response {
    let values = Values::new()
        .with("parameter", string(parameter))
        .with("values", value.map(string).unwrap_or_default())
        .with("message", string(message));
    Response::json(
        400,
        fill(include_str!("../../data/refusals/invalid.tpl"), &values),
    )
}

/// 422 for one rule too many. The status is not known for sure.
pub(crate) fn rule_cap(status: u16, cap: usize) -> Response {
    let values = Values::new().with("cap", cap);
    Response::json(
        status,
        fill(include_str!("../../data/refusals/rule_cap.tpl"), &values),
    )
}

/// A file of `data/`, without the line end that editors put at its end.
macro_rules! recorded {
    ($file:literal) => {
        include_str!(concat!("../../data/", $file)).trim_end()
    };
}

/// The answer of an error status.
pub(crate) fn refusal(status: Status) -> Response {
    let json = |status, body: &str| Response::json(status, body.to_owned());
    let other = |status, content_type, body: &str| Response {
        status,
        content_type,
        location: None,
        body: body.to_owned(),
    };
    match status {
        Status::Unauthorized => json(401, recorded!("refusals/401.json")),
        Status::Credits => json(402, recorded!("refusals/402-credits.json")),
        Status::Forbidden => json(403, recorded!("refusals/403.json")),
        Status::NotFound => json(404, recorded!("refusals/404.json")),
        Status::Conflict => json(409, recorded!("refusals/409.json")),
        Status::TooManyConnections => json(429, recorded!("refusals/429-slots.json")),
        Status::RateLimited { .. } => json(429, recorded!("refusals/429-rate.json")),
        Status::RateLimitedText { .. } => other(429, "text/plain;charset=utf-8", "Rate limit exceeded\n"),
        Status::UsageCap => json(429, recorded!("refusals/429-usage.json")),
        Status::Provisioning => json(429, recorded!("refusals/429-provisioning.json")),
        Status::Unavailable => json(503, recorded!("refusals/503.json")),
        Status::Envoy => other(
            503,
            "text/plain",
            "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
        ),
        Status::Html => other(
            500,
            "text/html",
            "<!DOCTYPE html><html><head><title>500</title></head><body>Something broke</body></html>",
        ),
        Status::Redirect => Response {
            location: Some("https://elsewhere.example/"),
            ..other(302, "text/html", "")
        },
    }
}

/// The in-stream message of a disconnect.
pub(crate) fn disconnect(kind: Disconnect) -> &'static str {
    match kind {
        Disconnect::Operational => recorded!("disconnects/operational.json"),
        Disconnect::Upstream => recorded!("disconnects/upstream.json"),
        Disconnect::Force => recorded!("disconnects/force.json"),
        Disconnect::SlowReader => recorded!("disconnects/slow-reader.json"),
        Disconnect::Internal => recorded!("disconnects/internal.json"),
    }
}
