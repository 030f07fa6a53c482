use std::time::Duration;

use http::HeaderValue;

use super::ConnectErrorClass::{Http, Refused, TooManyConnections, UsageCapped};
use super::class::LONGEST_RESET;
use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| ((*name).try_into().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn meaning(status: u16, body: &str) -> ConnectError {
    classify(
        Endpoint::Search,
        StatusCode::from_u16(status).unwrap(),
        &HeaderMap::new(),
        body.as_bytes(),
    )
}

const WAIT: ConnectErrorClass = ConnectErrorClass::RateLimited { reset_in: None };

const FORBIDDEN: &str = r#"{"client_id":"1","required_enrollment":"Appropriate Level of API Access","title":"Client Forbidden","detail":"d","reason":"client-not-enrolled","type":"https://api.twitter.com/2/problems/client-forbidden"}"#;

/// Status, body, class, and words of the detail.
const CASES: &[(u16, &str, ConnectErrorClass, &str)] = &[
    (
        400,
        r#"{"errors":[{"parameters":{"backfill_minutes":["5"]},"message":"not entitled"}],"title":"Invalid Request","detail":"One or more.","type":"x/invalid-request"}"#,
        Refused,
        "not entitled (X does not accept",
    ),
    (
        401,
        r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#,
        Refused,
        "bearer token",
    ),
    (403, FORBIDDEN, Refused, "attach the app to a Project"),
    (
        403,
        r#"{"title":"Unsupported Authentication","type":"x/unsupported-authentication"}"#,
        Refused,
        "app-only",
    ),
    (404, "no such page", Refused, "no such page (no such address"),
    (
        409,
        r#"{"title":"ConnectionException","detail":"You must define rules","connection_issue":"RuleConfigurationIssue","type":"https://api.twitter.com/2/problems/streaming-connection"}"#,
        Refused,
        "there are no rules",
    ),
    (
        429,
        r#"{"title":"ConnectionException","detail":"max","connection_issue":"TooManyConnections","type":"https://api.x.com/2/problems/streaming-connection"}"#,
        TooManyConnections,
        "our own last one",
    ),
    (
        429,
        r#"{"title":"Too Many Requests","type":"about:blank","status":429,"detail":"Too Many Requests"}"#,
        WAIT,
        "Too Many Requests",
    ),
    (429, "Rate limit exceeded\n", WAIT, "429: Rate limit exceeded"),
    (
        429,
        r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#,
        WAIT,
        "Rate limit exceeded",
    ),
    (429, "", WAIT, "HTTP 429"),
    (
        429,
        r#"{"account_id":1,"product_name":"p","title":"UsageCapExceeded","period":"Monthly","scope":"Product","detail":"cap","type":"https://api.twitter.com/2/problems/usage-capped"}"#,
        UsageCapped,
        "used up",
    ),
    (
        402,
        r#"{"account_id":1,"title":"CreditsDepleted","detail":"no credits","type":"https://api.twitter.com/2/problems/credits"}"#,
        UsageCapped,
        "CreditsDepleted: no credits (the account's posts or credits are used up",
    ),
    (402, "", UsageCapped, "HTTP 402 (the account's posts or credits"),
    (
        429,
        r#"{"title":"ConnectionException","connection_issue":"ProvisioningSubscription","type":"x/streaming-connection"}"#,
        WAIT,
        "ConnectionException",
    ),
    (
        403,
        r#"{"title":"ConnectionException","connection_issue":"RulesInvalidIssue"}"#,
        Refused,
        "no longer allowed",
    ),
    (
        422,
        r#"{"title":"RulesCapExceeded","type":"https://api.twitter.com/2/problems/rule-cap"}"#,
        Refused,
        "rules are full",
    ),
    (
        429,
        r#"{"title":"RulesCapExceeded","type":"https://api.x.com/2/problems/rule-cap"}"#,
        Refused,
        "rules are full",
    ),
    (302, "moved", Refused, "redirect refused"),
    (304, "", Refused, "redirect refused"),
    (204, "", Http, "HTTP 204"),
    (418, "", Http, "HTTP 418"),
    (500, "<html><body>\r\n<h1>Oops</h1>", Http, ": Oops"),
    (502, "", Http, "HTTP 502"),
    (
        503,
        r#"{"title":"Service Unavailable","detail":"Service Unavailable","type":"about:blank","status":503}"#,
        Http,
        "Service Unavailable",
    ),
    (
        503,
        "upstream connect error or disconnect/reset before headers",
        Http,
        "upstream connect",
    ),
    (504, "\u{1b}[31m\u{7}", Http, "HTTP 504: [31m"),
];

#[test]
fn each_answer_has_its_class_and_its_advice() {
    for (status, body, class, said) in CASES.iter().copied() {
        let error = meaning(status, body);
        assert_eq!(error.class, class, "{status} {body}");
        assert_eq!(error.status, Some(status));
        assert!(error.detail.contains(said), "{}", error.detail);
        assert!(!error.detail.contains(char::is_control), "{}", error.detail);
    }
}

#[test]
fn the_reset_is_measured_against_the_answers_own_date() {
    // 2020-07-09T15:57:37Z is 1594310257.
    let date = "Thu, 09 Jul 2020 15:57:37 GMT";
    for (date, reset, expected) in [
        (Some(date), Some("1594310686"), Some(429)),
        (Some(date), Some("1594310258"), Some(1)),
        (Some(date), Some("1594310257"), Some(0)),
        (Some(date), Some("1"), None),
        (Some(date), Some("99999999999"), Some(LONGEST_RESET)),
        (Some(date), Some("soon"), None),
        (Some(date), Some("-5"), None),
        (Some("yesterday"), Some("1594310686"), None),
        (None, Some("1594310686"), None),
        (Some(date), None, None),
    ] {
        let mut pairs = Vec::new();
        pairs.extend(date.map(|date| ("date", date)));
        pairs.extend(reset.map(|reset| ("x-rate-limit-reset", reset)));
        let error = classify(
            Endpoint::Search,
            StatusCode::TOO_MANY_REQUESTS,
            &headers(&pairs),
            b"",
        );
        let reset_in = expected.map(Duration::from_secs);
        assert_eq!(
            error.class,
            ConnectErrorClass::RateLimited { reset_in },
            "{pairs:?}"
        );
    }
}

#[test]
fn a_long_body_is_cut_short() {
    let error = meaning(500, &"é ".repeat(40_000));
    assert!(error.detail.chars().count() < 400);
}

#[test]
fn a_body_is_coded_as_its_head_says() {
    assert_eq!(Coding::of(&HeaderMap::new()), Coding::Identity);
    for (value, coding) in [
        ("Identity", Coding::Identity),
        ("", Coding::Identity),
        ("gzip", Coding::Gzip),
        ("X-GZIP", Coding::Gzip),
        ("identity, gzip", Coding::Gzip),
        ("gzip, gzip", Coding::Other),
        ("br", Coding::Other),
        ("deflate", Coding::Other),
    ] {
        let headers = headers(&[("content-encoding", value)]);
        assert_eq!(Coding::of(&headers), coding, "{value:?}");
    }
}

#[test]
fn rules_are_advised_only_where_there_are_any() {
    let advice = |endpoint| classify(endpoint, StatusCode::CONFLICT, &HeaderMap::new(), b"").detail;
    assert!(advice(Endpoint::Search).starts_with("HTTP 409 (there are no rules"));
    assert_eq!(advice(Endpoint::Sample), "HTTP 409");
}

#[test]
fn a_server_says_how_long_it_wants_to_be_left_alone() {
    const DATE: &str = "Tue, 25 Nov 2025 12:00:00 GMT";
    for (said, expected) in [
        ("7", Some(7)),
        (" 120 ", Some(120)),
        ("Tue, 25 Nov 2025 12:01:30 GMT", Some(90)),
        ("Tue, 25 Nov 2025 11:59:00 GMT", None),
        ("-1", None),
        ("soon", None),
    ] {
        for status in [401, 404, 429, 500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            let headers = headers(&[("date", DATE), ("retry-after", said)]);
            let error = classify(Endpoint::Search, status, &headers, b"");
            assert_eq!(
                error.retry_after,
                expected.map(Duration::from_secs),
                "{status} {said}"
            );
        }
    }
}

#[test]
fn a_page_is_told_by_its_text() {
    let page = "<!DOCTYPE html><html><head><style>p { color: red }</style><title>Log in</title>\n<script>go()</script></head>\
                <body><p>Welcome to the <b>hotel</b></p></body></html>";
    let error = super::page(&HeaderMap::new(), page.as_bytes());
    assert!(
        error.detail.contains("stream: Log in Welcome to the hotel ("),
        "{error}"
    );
    for (kind, is) in [
        ("text/html", true),
        ("Text/HTML; charset=utf-8", true),
        ("application/xhtml+xml", true),
        ("application/json", false),
        ("text/plain", false),
    ] {
        assert_eq!(is_page(&headers(&[("content-type", kind)])), is, "{kind}");
    }
    assert!(!is_page(&HeaderMap::new()));
}

#[test]
fn what_is_left_unfinished_is_a_refusal_if_it_says_so() {
    let refusal = |text: &str| farewell(text.as_bytes()).map(|said| (said.refusal, said.detail));
    let (class, words) =
        refusal(r#"{"title":"Too Many Requests","status":429,"type":"about:blank"} "#).unwrap();
    assert_eq!((class, words.as_str()), (Some(WAIT), "Too Many Requests"));
    let (class, words) =
        refusal(r#"{"title":"operational-disconnect","disconnect_type":"ForceDisconnect"}"#).unwrap();
    assert_eq!(
        (class, words.as_str()),
        (None, "ForceDisconnect: operational-disconnect")
    );
    let (class, words) = refusal("upstream connect error or disconnect/reset before headers").unwrap();
    assert_eq!(class, Some(Http));
    assert!(words.starts_with("upstream connect error"));
    // Half a message, or nothing.
    for rest in [
        "",
        " \r",
        r#"{"data":{"id":"1","text":"title"#,
        r#"{"title":"Too Many Requests","sta"#,
        r#"{"data":{"id":"1"}}"#,
    ] {
        assert_eq!(refusal(rest), None, "{rest}");
    }
}

#[test]
fn v1_s_texts_and_pages_are_shown_with_what_to_do() {
    for (status, body, class, said) in [
        (
            401,
            "Timestamp out of bounds.",
            Refused,
            "Timestamp out of bounds. (the server does not take the keys",
        ),
        (401, "", Refused, "this machine's clock"),
        (
            403,
            "<html>\n<title>Error 403</title><pre>Please use V2</pre></html>",
            Refused,
            "Error 403 Please use V2 (these keys",
        ),
        (
            406,
            "Parameter track item index 69 too long: x\r\n",
            Refused,
            "item index 69 too long: x (a parameter",
        ),
        (413, "", Refused, "longer than"),
        (416, "", Refused, "count is out of range"),
        (
            420,
            "Easy there, Turbo. Too many requests recently. Enhance your calm.\r\n",
            WAIT,
            "Enhance your calm. (too many logins",
        ),
        (503, "busy", Http, "HTTP 503: busy"),
    ] {
        let status_code = StatusCode::from_u16(status).unwrap();
        let error = classify(
            Endpoint::V1Filter,
            status_code,
            &HeaderMap::new(),
            body.as_bytes(),
        );
        assert_eq!((error.class, error.status), (class, Some(status)), "{error}");
        assert!(error.detail.contains(said), "{error}");
    }
}
