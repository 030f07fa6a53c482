//! X's refusals, word for word where they were recorded (`x-streaming.md` 1.4.3 and 2.6).

use super::response::Response;
use crate::fault::{Disconnect, Status};
use crate::json::{Astral, string};

/// 400 for one bad parameter.
pub(crate) fn invalid(parameter: &str, value: Option<&str>, message: &str) -> Response {
    let values = value.map_or_else(String::new, |value| string(value, Astral::Raw));
    let (parameter, message) = (string(parameter, Astral::Raw), string(message, Astral::Raw));
    Response::json(
        400,
        format!(
            r#"{{"errors":[{{"parameters":{{{parameter}:[{values}]}},"message":{message}}}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}}"#
        ),
    )
}

/// 422 for one rule too many. The status is not known for sure.
pub(crate) fn rule_cap(cap: usize) -> Response {
    Response::json(
        422,
        format!(
            r#"{{"title":"RulesCapExceeded","detail":"Your account is limited to {cap} rules.","type":"https://api.twitter.com/2/problems/rule-cap"}}"#
        ),
    )
}

/// The body of an error status.
pub(crate) fn refusal(status: Status) -> Response {
    let json = |status, body: &str| Response::json(status, body.to_owned());
    let other = |status, content_type, body: &str| Response {
        status,
        content_type,
        location: None,
        body: body.to_owned(),
    };
    match status {
        Status::Unauthorized => json(
            401,
            r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#,
        ),
        Status::Credits => json(
            402,
            r#"{"account_id":1000000000000000001,"title":"CreditsDepleted","detail":"The account has no credits for this request.","type":"https://api.twitter.com/2/problems/credits"}"#,
        ),
        Status::Forbidden => json(403, NOT_ENROLLED),
        Status::NotFound => json(
            404,
            r#"{"title":"Not Found","type":"about:blank","status":404,"detail":"Not Found"}"#,
        ),
        Status::Conflict => json(409, NO_RULES),
        Status::TooManyConnections => json(
            429,
            r#"{"title":"ConnectionException","detail":"This stream is currently at the maximum allowed connection limit.","connection_issue":"TooManyConnections","type":"https://api.twitter.com/2/problems/streaming-connection"}"#,
        ),
        Status::RateLimited { .. } => json(
            429,
            r#"{"title":"Too Many Requests","type":"about:blank","status":429,"detail":"Too Many Requests"}"#,
        ),
        Status::RateLimitedText { .. } => other(429, "text/plain;charset=utf-8", "Rate limit exceeded\n"),
        Status::UsageCap => json(
            429,
            r#"{"account_id":1000000000000000001,"product_name":"pay-per-use","title":"UsageCapExceeded","period":"Monthly","scope":"Product","detail":"Usage cap exceeded: Monthly product cap","type":"https://api.twitter.com/2/problems/usage-capped"}"#,
        ),
        Status::Provisioning => json(
            429,
            r#"{"title":"ConnectionException","detail":"Your subscription is being provisioned.","connection_issue":"ProvisioningSubscription","type":"https://api.twitter.com/2/problems/streaming-connection"}"#,
        ),
        Status::Unavailable => json(
            503,
            r#"{"title":"Service Unavailable","detail":"Service Unavailable","type":"about:blank","status":503}"#,
        ),
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

const NOT_ENROLLED: &str = r#"{"client_id":"10000001","required_enrollment":"Standard Basic","registration_url":"https://developer.twitter.com/en/account","title":"Client Forbidden","detail":"This request must be made using an approved developer account that is enrolled in the requested endpoint. Learn more by visiting our documentation.","reason":"client-not-enrolled","type":"https://api.twitter.com/2/problems/client-forbidden"}"#;

const NO_RULES: &str = r#"{"title":"ConnectionException","detail":"You must define rules using the POST /2/tweets/search/stream/rules endpoint before connecting to filtered stream.","connection_issue":"RuleConfigurationIssue","type":"https://api.twitter.com/2/problems/streaming-connection"}"#;

/// The in-stream message of a disconnect.
pub(crate) fn disconnect(kind: Disconnect) -> String {
    let (host, name, detail) = match kind {
        Disconnect::Operational => (
            "api.twitter.com",
            "OperationalDisconnect",
            "This stream has been disconnected for operational reasons.",
        ),
        Disconnect::Upstream => (
            "api.x.com",
            "UpstreamOperationalDisconnect",
            "This stream has been disconnected upstream for operational reasons.",
        ),
        Disconnect::Force => (
            "api.x.com",
            "ForceDisconnect",
            "This stream has been disconnected by force.",
        ),
        Disconnect::SlowReader => (
            "api.x.com",
            "SlowReader",
            "This stream has been disconnected for reading too slowly.",
        ),
        Disconnect::Internal => (
            "api.x.com",
            "InternalError",
            "This stream has been disconnected by an internal error.",
        ),
    };
    format!(
        r#"{{"errors":[{{"title":"operational-disconnect","disconnect_type":"{name}","detail":"{detail}","type":"https://{host}/2/problems/operational-disconnect"}}]}}"#
    )
}
