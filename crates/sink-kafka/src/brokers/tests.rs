//! The brokers through what librdkafka was seen to say.

use std::time::{Duration, Instant};

use stream_core::model::SinkErrorClass;
use stream_core::sink::SinkError;

use super::{Brokers, Trouble, complaint};
use crate::statistics::Statistics;

/// One connection: `host:port`, the broker's number, state, seconds in it, partitions led.
type Row<'a> = (&'a str, i32, &'a str, u64, usize);

struct Watch {
    brokers: Brokers,
    now: Instant,
}

impl Watch {
    fn new() -> Self {
        Self {
            brokers: Brokers::default(),
            now: Instant::now(),
        }
    }

    fn complain(&mut self, line: &str) {
        let (address, words) = complaint(line).expect("a complaint");
        self.brokers.complain(Trouble::Unreachable, address, words);
    }

    /// A second later.
    fn tick(&mut self, rows: &[Row<'_>]) -> Option<SinkError> {
        self.now += Duration::from_secs(1);
        let connection = |(address, id, state, age, leads): &Row<'_>| {
            let micros = age * 1_000_000;
            let source = if *id < 0 { "configured" } else { "learned" };
            let toppars: Vec<_> = (0..*leads).map(|n| format!("\"t-{n}\":{{}}")).collect();
            format!(
                r#""{address}/{id}":{{"nodename":"{address}","nodeid":{id},"source":"{source}","state":"{state}","stateage":{micros},"throttle":{{"max":0}},"toppars":{{{}}}}}"#,
                toppars.join(",")
            )
        };
        let rows: Vec<_> = rows.iter().map(connection).collect();
        let json = format!("{{\"brokers\":{{{}}}}}", rows.join(","));
        let statistics = Statistics::parse(json.as_bytes()).expect("statistics");
        self.brokers.look(statistics.connections(), self.now)
    }
}

const REFUSED: &str = "k:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT, 3 identical error(s) suppressed)";

#[test]
fn a_line_is_taken_apart() {
    for (line, address, words) in [
        (REFUSED, "k:9092", "Connection refused"),
        (
            "[thrd:sasl_ssl://k:9093/bootstrap]: sasl_ssl://k:9093/bootstrap: SASL authentication error: Authentication failed (after 3ms in state AUTH_REQ)",
            "k:9093",
            "SASL authentication error: Authentication failed",
        ),
        (
            "[::1]:9092/2: Disconnected (after 4000ms in state UP)",
            "[::1]:9092",
            "Disconnected",
        ),
        (
            "k:9092/bootstrap: Failed to resolve 'k:9092': Name or service not known (after 1ms in state CONNECT)",
            "k:9092",
            "Failed to resolve 'k:9092': Name or service not known",
        ),
    ] {
        assert_eq!(complaint(line), Some((address, words)));
    }
    assert_eq!(complaint("1/1 brokers are down"), None);
    assert_eq!(complaint("Configuration property x: ignored"), None);
}

#[test]
fn the_only_broker_dies_and_comes_back() {
    let mut watch = Watch::new();
    assert_eq!(watch.tick(&[("k:9092", 1, "UP", 9, 1)]), None);
    watch.complain("k:9092/1: Disconnected (after 4000ms in state UP)");
    let down = [("k:9092", 1, "INIT", 0, 1), ("k:9092", -1, "INIT", 0, 0)];
    assert_eq!(watch.tick(&down), None, "the right words may still come");
    watch.complain(REFUSED);
    watch.tick(&down);
    let error = watch.tick(&down).expect("trouble");
    assert_eq!(
        error.to_string(),
        "Kafka does not answer at k:9092: Connection refused"
    );
    assert_eq!(error.class(), SinkErrorClass::Unavailable);
    // librdkafka does not repeat what it has said for half a minute.
    assert_eq!(watch.tick(&down), Some(error));
    assert_eq!(
        watch.tick(&[("k:9092", 1, "UP", 1, 1), ("k:9092", -1, "INIT", 9, 0)]),
        None
    );
}

#[test]
fn an_answer_of_one_broker_does_not_clear_the_trouble_of_another() {
    let mut watch = Watch::new();
    let rows = [
        ("boot:9092", -1, "UP", 60, 0),
        ("dead:9099", 1, "TRY_CONNECT", 0, 3),
    ];
    for _ in 0..2 {
        watch.complain("dead:9099/1: Connect to ipv4#10.0.0.9:9099 failed: Connection refused (after 0ms in state CONNECT)");
        watch.tick(&rows);
    }
    for _ in 0..60 {
        let error = watch.tick(&rows).expect("trouble without a break");
        assert_eq!(
            error.to_string(),
            "Kafka does not answer at dead:9099: Connection refused (the address that broker 1 names for itself: see its \
             advertised.listeners)"
        );
    }
}

#[test]
fn one_broker_of_many_that_is_away_is_no_outage_once_others_lead() {
    let mut watch = Watch::new();
    watch.complain(REFUSED);
    let away = |leads| [("k:9092", 1, "TRY_CONNECT", 0, leads), ("l:9092", 2, "UP", 60, 4)];
    for _ in 0..3 {
        watch.tick(&away(2));
    }
    assert!(watch.tick(&away(2)).is_some(), "it leads");
    assert_eq!(watch.tick(&away(0)), None);
}

#[test]
fn a_connection_that_nobody_needs_is_no_trouble() {
    let mut watch = Watch::new();
    watch.complain("k:9092/1: Disconnected (after 600000ms in state UP)");
    assert_eq!(watch.tick(&[("k:9092", 1, "INIT", 10, 1)]), None);
    assert_eq!(watch.tick(&[("k:9092", 1, "INIT", 11, 1)]), None);
    assert_eq!(watch.tick(&[("k:9092", 1, "INIT", 12, 1)]), None);
}

#[test]
fn while_none_is_up_the_words_stand_although_each_waits_for_its_turn() {
    let mut watch = Watch::new();
    watch.complain("b:9092/bootstrap: Connect to ipv4#10.0.0.2:9092 failed: Connection refused (after 0ms in state CONNECT)");
    let rows = |ages: [u64; 3]| {
        [
            ("a:9092", -1, "INIT", ages[0], 0),
            ("b:9092", -1, "INIT", ages[1], 0),
            ("c:9092", -1, "INIT", ages[2], 0),
        ]
    };
    watch.tick(&rows([0, 0, 0]));
    watch.tick(&rows([1, 1, 0]));
    let first = watch.tick(&rows([2, 2, 0])).expect("trouble");
    assert_eq!(
        first.to_string(),
        "Kafka does not answer at b:9092: Connection refused"
    );
    watch.complain("a:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)");
    for age in 3..60 {
        assert_eq!(watch.tick(&rows([age, age, age % 9])).as_ref(), Some(&first));
    }
    assert_eq!(watch.tick(&rows([60, 60, 60])), None, "nothing is tried at all");
}

#[test]
fn a_peer_that_accepts_and_closes_at_once_does_not_serve_in_between() {
    let mut watch = Watch::new();
    watch.complain("k:9092/1: Disconnected: verify that security.protocol is correctly configured (after 2ms in state UP)");
    for (n, state) in ["TRY_CONNECT", "UP", "INIT", "UP", "UP", "CONNECT"]
        .into_iter()
        .enumerate()
    {
        let trouble = watch.tick(&[("k:9092", 1, state, 0, 1)]);
        assert_eq!(trouble.is_some(), n >= 2, "{n}");
    }
}

#[test]
fn silence_is_trouble_too() {
    let mut watch = Watch::new();
    assert_eq!(watch.tick(&[("k:9092", -1, "CONNECT", 2, 0)]), None);
    watch.tick(&[("k:9092", -1, "CONNECT", 3, 0)]);
    watch.tick(&[("k:9092", -1, "CONNECT", 4, 0)]);
    let error = watch.tick(&[("k:9092", -1, "CONNECT", 5, 0)]).expect("trouble");
    assert!(error.to_string().contains("k:9092: no answer"), "{error}");
}

#[test]
fn a_refused_password_needs_a_person() {
    let mut watch = Watch::new();
    watch
        .brokers
        .complain(Trouble::Rejected, "k:9093", "Invalid username or password");
    watch.complain("k:9093/bootstrap: Disconnected (after 0ms in state AUTH_REQ)");
    let error = watch.brokers.explain().expect("an explanation");
    assert_eq!(error.class(), SinkErrorClass::Operator);
    assert_eq!(
        error.to_string(),
        "Kafka refuses the connection at k:9093: Invalid username or password"
    );
}
