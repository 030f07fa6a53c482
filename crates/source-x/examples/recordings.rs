//! Holds this crate against recordings of the real X, which lie beside the repository and not in it:
//!
//! ```text
//! cargo run --locked -p source-x --example recordings -- ../shared/data
//! ```
//!
//! Ends with a panic at the first difference, else says what it has compared, file by file.

#![allow(
    clippy::unwrap_used,
    reason = "a recording that cannot be read is a failure too"
)]

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Value, json};
use source_x::endpoint::{Messages, Parameter, Takes};
use source_x::rules::{Mode, NewRule, Rule, RuleProblem};
use source_x::{Endpoint, RulesClient, Settings, Token, response};
use stream_core::model::Lane;
use stream_core::source::{ConnectErrorClass, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let folder = std::env::args_os().nth(1).expect("usage: recordings FOLDER");
    let read = |name: &str| std::fs::read_to_string(Path::new(&folder).join(name)).expect(name);

    let messages = messages(&read("v2-messages.ndjson"));
    println!(
        "v2-messages.ndjson: {messages} messages split into the slices that are there, by the schemas of their lanes"
    );
    let statuses = statuses(&read("v11-messages.ndjson"));
    println!("v11-messages.ndjson: {statuses} statuses by the schema of theirs");
    let answers: Vec<Value> = serde_json::from_str(&read("recorded-responses.json")).unwrap();
    let (refusals, done): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer["status"].as_u64().unwrap() >= 300);
    check_refusals(&refusals);
    for answer in &done {
        check_rules(answer).await;
    }
    let (refusals, done) = (refusals.len(), done.len());
    println!(
        "recorded-responses.json: {refusals} refusals have their class, {done} answers about rules read"
    );
    check_parameters(&serde_json::from_str(&read("x-openapi-streams.json")).unwrap());
    println!("x-openapi-streams.json: names and ranges of every parameter are X's");
}

/// Splits every message, and judges its records by `docs/schemas`; gives how many there are.
fn messages(lines: &str) -> usize {
    for line in lines.lines() {
        let message = Bytes::copy_from_slice(line.as_bytes());
        let split = source_x::split(Messages::Posts, &message);
        assert_eq!((split.kind, &split.verdict), ("post", &Verdict::Continue));
        let json: Value = serde_json::from_str(line).unwrap();
        let id = json["data"]["id"].as_str().unwrap();
        assert_eq!(split.key.as_deref(), Some(id.as_bytes()));
        assert_eq!(
            split.value(Lane::Responses, &message).as_deref(),
            Some(line.as_bytes())
        );
        let data = member(line, "data").unwrap();
        assert_eq!(
            split.value(Lane::Tweets, &message).as_deref(),
            Some(data.as_bytes())
        );
        for lane in [Lane::Includes, Lane::Errors, Lane::MatchingRules] {
            let expected = member(line, lane.name())
                .map(|raw| format!("{{\"tweet_id\":\"{id}\",\"{}\":{raw}}}", lane.name()));
            let found = split.value(lane, &message);
            assert_eq!(
                found.as_deref(),
                expected.as_deref().map(str::as_bytes),
                "{lane} of {id}"
            );
        }
        assert_by_schemas(Messages::Posts, &message);
        let created = json["data"]["created_at"].as_str().unwrap();
        assert_eq!(split.created_at.unwrap().to_string()[..19], created[..19]);
    }
    let count = lines.lines().count();
    assert_eq!(count, 100);
    count
}

/// Splits each status, and judges it; gives how many there are.
fn statuses(lines: &str) -> usize {
    let lines = lines.lines().map(str::trim_end);
    lines
        .inspect(|line| assert_by_schemas(Messages::Statuses, &Bytes::copy_from_slice(line.as_bytes())))
        .count()
}

/// Every record that `message` makes is as the schema of its lane says.
fn assert_by_schemas(messages: Messages, message: &Bytes) {
    let split = source_x::split(messages, message);
    for lane in Lane::ALL {
        let Some(value) = split.value(lane, message) else {
            continue;
        };
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schemas/");
        let schema = std::fs::read(format!("{schema}{lane}.schema.json")).unwrap();
        let schema = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
        let value: Value = serde_json::from_slice(&value).unwrap();
        if let Err(complaint) = schema.validate(&value) {
            panic!("{lane}: {complaint}\n{value}");
        }
    }
}

/// The value of a member of the outermost object, found without a parser: by counting brackets outside strings.
fn member<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let label = format!("\"{name}\":");
    let (mut depth, mut in_string, mut escaped, mut start) = (0, false, false, None);
    for (at, byte) in message.bytes().enumerate() {
        if let Some(start) = start.filter(|start| at > *start)
            && depth == 1
            && !in_string
        {
            return Some(&message[start..at]);
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                in_string = !in_string;
                if in_string && depth == 1 && start.is_none() && message[at..].starts_with(&label) {
                    start = Some(at + label.len());
                }
            }
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    None
}

fn check_refusals(answers: &[&Value]) {
    use ConnectErrorClass::{Refused, TooManyConnections};
    for answer in answers {
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let headers = answer["headers"].as_object().unwrap().iter();
        let headers: HeaderMap = headers
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, value.as_str().unwrap().parse().unwrap())
            })
            .collect();
        let body = answer["response"].as_str().unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let error = response::classify(Endpoint::Search, status, &headers, body.as_bytes());
        let expected = match status.as_u16() {
            400 | 401 | 403 => Refused,
            429 => TooManyConnections,
            _ => panic!("no expectation for {answer}"),
        };
        assert_eq!(error.class, expected, "{answer}");
    }
}

/// Lets the rules client ask, and answers as X did.
async fn check_rules(recorded: &Value) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = Settings::new(Token::from_value("token"));
    settings.base_url = Some(format!("http://{}", listener.local_addr().unwrap()));
    let client = RulesClient::new(&settings).unwrap();
    tokio::join!(ask(&client, recorded), answer(&listener, recorded));
}

async fn ask(client: &RulesClient, recorded: &Value) {
    let answer: Value = serde_json::from_str(recorded["response"].as_str().unwrap()).unwrap();
    if recorded["method"] == "GET" {
        assert_eq!(client.list().await.unwrap(), rules(&answer));
    } else if recorded["body"].as_str().unwrap().contains("\"add\"") {
        let rule = NewRule {
            value: "x".to_owned(),
            tag: None,
        };
        let added = client.add(&[rule], Mode::Apply).await.unwrap();
        assert_eq!(added.created, rules(&answer));
        assert_eq!(
            added.errors.len(),
            answer["errors"].as_array().map_or(0, Vec::len)
        );
        for error in &added.errors {
            let explained = matches!(&error.problem, RuleProblem::Invalid { details } if !details.is_empty());
            assert!(explained, "{error:?}");
        }
    } else {
        let gone = client.delete(&["1".to_owned()], Mode::Apply).await.unwrap();
        let summary = json!({"deleted": gone.deleted, "not_deleted": gone.not_deleted});
        assert_eq!(summary, answer["meta"]["summary"]);
    }
}

async fn answer(listener: &TcpListener, recorded: &Value) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let (status, body) = (&recorded["status"], recorded["response"].as_str().unwrap());
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} Recorded\r\ncontent-length: {length}\r\n\r\n{body}");
    // hyper takes no answer before it has asked.
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        assert_ne!(socket.read_buf(&mut request).await.unwrap(), 0, "no request");
    }
    socket.write_all(answer.as_bytes()).await.unwrap();
    // The rest of it, until the client has the answer and goes, however.
    let _ = socket.read_to_end(&mut request).await;
}

/// The rules in `data`, read without our client.
fn rules(answer: &Value) -> Vec<Rule> {
    let rules = answer["data"].as_array().map_or(&[][..], Vec::as_slice).iter();
    rules
        .map(|rule| Rule {
            id: rule["id"].as_str().unwrap().to_owned(),
            value: rule["value"].as_str().unwrap().to_owned(),
            tag: rule["tag"].as_str().map(str::to_owned),
        })
        .collect()
}

/// Each row of the catalogue against X's description of it: the same parameters with the same values, and no others.
fn check_parameters(api: &Value) {
    for endpoint in Endpoint::ALL {
        let operation = &api["operations"][format!("{} {}", endpoint.method(), endpoint.path())];
        let Some(described) = operation["parameters"].as_array() else {
            let undescribed = [Endpoint::Powerstream, Endpoint::V1Filter, Endpoint::V1Sample];
            assert!(undescribed.contains(&endpoint), "{endpoint:?} is not described");
            continue;
        };
        let taken = Parameter::ALL.map(|parameter| (parameter, endpoint.takes(parameter)));
        for (parameter, takes) in taken {
            let name = parameter.name();
            let described = described.iter().find(|described| described["name"] == name);
            assert_eq!(described.map(values), takes.map(of_ours), "{endpoint:?}: {name}");
        }
        let taken = taken.iter().filter(|(_, takes)| takes.is_some()).count();
        assert_eq!(taken, described.len(), "{endpoint:?}: X has more parameters");
    }
}

/// What X says that a parameter takes.
fn values(described: &Value) -> Value {
    let of = |name: &str| described[name].clone();
    match described["type"].as_str().unwrap() {
        "array" => json!([of("items"), of("required")]),
        "integer" => json!([[of("minimum"), of("maximum")], of("required")]),
        _ => json!([of("format"), of("required")]),
    }
}

/// What we say, in the same form.
fn of_ours(takes: &Takes) -> Value {
    match takes {
        Takes::Names(known) => json!([known, false]),
        Takes::Number { range, required } => json!([[range.start(), range.end()], required]),
        Takes::Time => json!(["date-time", false]),
        Takes::Flag => json!(["boolean", false]),
    }
}
