//! Errors in the place of data: which of them end the stream.

use stream_core::source::ConnectErrorClass;

use super::*;

/// What X says at the end of a stream, the schedule that it asks for, and its words.
const GOODBYES: &[(&str, Option<ConnectErrorClass>, &str)] = &[
    (
        r#"{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","detail":"Off."}]}"#,
        None,
        "UpstreamOperationalDisconnect: operational-disconnect: Off.",
    ),
    (
        r#"{"title":"operational-disconnect","disconnect_type":"OperationalDisconnect","type":"https://api.x.com/2/problems/operational-disconnect"}"#,
        None,
        "OperationalDisconnect: operational-disconnect",
    ),
    (
        r#"{"data":null,"errors":[{"title":"Not\nFound"},{"type":"https://api.twitter.com/2/problems/client-disconnected"}]}"#,
        None,
        "errors without data",
    ),
    (
        r#"{"errors":[{"title":"ConnectionException","connection_issue":"TooManyConnections"}]}"#,
        TOO_MANY,
        "ConnectionException",
    ),
    (
        r#"{"errors":{"disconnect_type":"SlowReader","detail":"\ud83d"}}"#,
        None,
        "SlowReader",
    ),
    (
        r#"{"title":"ConnectionException","detail":"max","connection_issue":"TooManyConnections","type":"https://api.x.com/2/problems/streaming-connection"}"#,
        TOO_MANY,
        "ConnectionException: max",
    ),
    (
        r#"{"title":"Service Unavailable","detail":"Busy","type":"about:blank","status":503}"#,
        Some(ConnectErrorClass::Http),
        "Service Unavailable: Busy",
    ),
    (
        r#"{"title":"UsageCapExceeded","period":"Monthly","type":"https://api.x.com/2/problems/usage-capped"}"#,
        Some(ConnectErrorClass::UsageCapped),
        "UsageCapExceeded",
    ),
    (
        r#"{"error":{"message":"Forced Disconnect: Too many connections. (Allowed Connections = 2)","sent":"x"}}"#,
        TOO_MANY,
        "Forced Disconnect: Too many connections. (Allowed Connections = 2)",
    ),
];

const TOO_MANY: Option<ConnectErrorClass> = Some(ConnectErrorClass::TooManyConnections);

#[test]
fn what_ends_a_stream_is_a_goodbye_in_whatever_shape_it_comes() {
    for &(message, refusal, words) in GOODBYES {
        let split = split_text(message);
        assert_eq!(
            (split.kind, lanes(&split).as_str()),
            ("error", "errors"),
            "{message}"
        );
        assert_eq!(text(&split, Lane::Errors), message);
        let detail = words.to_owned();
        assert_eq!(
            split.verdict,
            Verdict::Disconnect(ServerDisconnect { refusal, detail }),
            "{message}"
        );
    }
}

#[test]
fn other_errors_go_to_their_lane_and_the_stream_stays() {
    for message in [
        r#"{"errors":[{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found","value":"1"}]}"#,
        r#"{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found","value":"1"}"#,
        r#"{"data":null,"errors":[{"title":"Not\nFound"},{"title":"x"}]}"#,
        r#"{"errors":[1]}"#,
        r#"{"errors":"text"}"#,
        r#"{"errors":{"message":"one"}}"#,
        r#"{"errors":[{"title":"\ud83d"}]}"#,
        r#"{"error":"text"}"#,
    ] {
        let split = split_text(message);
        assert_eq!(
            (split.kind, lanes(&split).as_str()),
            ("error", "errors"),
            "{message}"
        );
        assert_eq!(split.verdict, Verdict::Continue, "{message}");
    }
}
