//! librdkafka's properties: our defaults, those that nobody may change, and those that are secret.

use std::collections::BTreeMap;

/// Our defaults, under librdkafka's own names (an alias beside the name that it stands for would be settled by chance).
///
/// `queue.buffering.max.*` must hold the sum of all lanes' windows. `message.max.bytes` is far above a broker's usual 1 MiB
/// so that the broker judges and not the client. `batch.size` is as large as a broker takes unless told otherwise; the sink
/// lowers it to what all topics take, so that no record is refused for the sake of another. Two requests in flight, for
/// with more librdkafka spins while it waits for an answer: `docs/adr/0013-two-requests-in-flight.md`. `queue.buffering.max.ms` is
/// half of what a record may take to be confirmed; with less, fewer records share a request.
/// `topic.metadata.propagation.max.ms` is how long a deleted topic goes unnoticed, at most.
pub(crate) const DEFAULTS: &[(&str, &str)] = &[
    ("client.id", "birdfeed"),
    ("request.required.acks", "all"),
    ("enable.idempotence", "true"),
    ("max.in.flight.requests.per.connection", "2"),
    ("message.timeout.ms", "0"),
    ("queue.buffering.max.ms", "5"),
    ("batch.size", "1000000"),
    ("compression.codec", "lz4"),
    ("queue.buffering.max.kbytes", "65536"),
    ("queue.buffering.max.messages", "100000"),
    ("message.max.bytes", "10485760"),
    ("socket.keepalive.enable", "true"),
    ("socket.timeout.ms", "30000"),
    ("reconnect.backoff.ms", "100"),
    ("reconnect.backoff.max.ms", "1000"),
    ("topic.metadata.refresh.interval.ms", "30000"),
    ("topic.metadata.propagation.max.ms", "10000"),
    ("allow.auto.create.topics", "false"),
    ("partitioner", "murmur2_random"),
    ("socket.connection.setup.timeout.ms", "10000"),
    ("statistics.interval.ms", STATISTICS),
];

/// Those of our defaults that only a producer has.
pub(crate) fn of_producers() -> impl Iterator<Item = &'static str> {
    let of_both = |name: &&str| {
        let starts = [
            "client.",
            "socket.",
            "reconnect.",
            "topic.metadata.",
            "allow.",
            "statistics.",
        ];
        starts.iter().any(|start| name.starts_with(start))
    };
    DEFAULTS
        .iter()
        .map(|(name, _)| *name)
        .filter(move |name| !of_both(name))
}

/// How often librdkafka says how its connections are: lanes must know within 5 s.
const STATISTICS: &str = "1000";

/// How users may log in. librdkafka knows more, which need libraries that this build does not have, or somebody to fetch tokens.
const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

/// librdkafka's own name of a producer's property.
pub(crate) fn canonical(name: &str) -> &str {
    match name {
        // A variable of the environment cannot have dots, and each of its underscores is taken for one.
        "log.level" => "log_level",
        "bootstrap.servers" => "metadata.broker.list",
        "max.in.flight" => "max.in.flight.requests.per.connection",
        "sasl.mechanism" => "sasl.mechanisms",
        "sasl.oauthbearer.client.credentials.client.id" => "sasl.oauthbearer.client.id",
        "sasl.oauthbearer.client.credentials.client.secret" => "sasl.oauthbearer.client.secret",
        "linger.ms" => "queue.buffering.max.ms",
        "retries" => "message.send.max.retries",
        "compression.type" => "compression.codec",
        "acks" => "request.required.acks",
        "delivery.timeout.ms" => "message.timeout.ms",
        other => other,
    }
}

/// Why nobody may give the property (by its own name) this value, if so.
pub(crate) fn refusal(name: &str, value: &str) -> Option<&'static str> {
    match name {
        "metadata.broker.list" => Some("is set by bootstrap_servers"),
        "request.required.acks" if !matches!(value, "all" | "-1") => {
            Some("only `all` is allowed: with less, Kafka may lose what it has confirmed")
        }
        "enable.idempotence" if value != "true" => {
            Some("only `true` is allowed: without it, retries break the order")
        }
        "max.in.flight.requests.per.connection" if !matches!(value, "1" | "2" | "3" | "4" | "5") => {
            Some("only 1 to 5 are allowed: with more, retries break the order")
        }
        "message.timeout.ms" if value != "0" => {
            Some("only 0 is allowed: the journal decides how long a record lives")
        }
        "message.send.max.retries" if value != "2147483647" => {
            Some("only 2147483647 is allowed, its default: what is given up is overtaken by what comes later")
        }
        "partitioner" if value == "random" => {
            Some("`random` is not allowed: it breaks the order of records with the same key")
        }
        "sasl.mechanisms" if !MECHANISMS.contains(&value) => Some(match value {
            "GSSAPI" => "GSSAPI is not supported: this build has no Kerberos",
            "OAUTHBEARER" => "OAUTHBEARER is not supported: nothing here would fetch a token",
            _ => "wants PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
        }),
        name if name.starts_with("sasl.oauthbearer.") => {
            Some("OAUTHBEARER is not supported: nothing here would fetch a token")
        }
        name if name.starts_with("sasl.kerberos.") => {
            Some("GSSAPI is not supported: this build has no Kerberos")
        }
        "statistics.interval.ms" if value != STATISTICS => {
            Some("is the sink's own: by it the sink knows how the brokers are")
        }
        "delivery.report.only.error" if value != "false" => {
            Some("only `false` is allowed: every delivery must be reported")
        }
        "enable.gapless.guarantee" if value != "false" => {
            Some("only `false` is allowed: lanes replay by themselves")
        }
        "queuing.strategy" if value != "fifo" => {
            Some("only `fifo` is allowed: anything else breaks the order")
        }
        "transactional.id" => Some("is not allowed: the sink does not use transactions"),
        _ => None,
    }
}

/// What should be known of the property (by its own name) with this value, if anything.
pub(crate) fn warning(name: &str, value: &str) -> Option<&'static str> {
    match name {
        "enable.ssl.certificate.verification" if value == "false" => {
            Some("certificates are not verified: whoever is in between reads and changes everything")
        }
        "ssl.endpoint.identification.algorithm" if value == "none" => {
            Some("any certificate of the authority will do: it need not be the broker's")
        }
        "debug" => Some("what librdkafka then writes is for log.level = \"info,librdkafka=debug\""),
        _ => None,
    }
}

/// Whether the property's value must not be shown.
pub fn is_secret(name: &str) -> bool {
    const MARKS: [&str; 8] = [
        "password",
        "passphrase",
        "secret",
        "token",
        "username",
        ".pem",
        "private.key",
        "oauthbearer.config",
    ];
    MARKS.iter().any(|mark| name.contains(mark))
}

/// `text` without the values of the secret properties.
pub(crate) fn scrub(text: String, properties: &BTreeMap<String, String>) -> String {
    properties
        .iter()
        .filter(|(name, value)| is_secret(name) && !value.is_empty())
        .fold(text, |text, (_, value)| text.replace(value.as_str(), "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_scrubbed_from_any_text() {
        let properties = BTreeMap::from([
            ("sasl.password".to_owned(), "feed".to_owned()),
            ("client.id".to_owned(), "bird".to_owned()),
        ]);
        assert_eq!(scrub("bird:feed".to_owned(), &properties), "bird:…");
    }

    #[test]
    fn defaults_use_librdkafkas_own_names() {
        for (name, value) in DEFAULTS {
            assert_eq!(canonical(name), *name);
            assert_eq!(refusal(name, value), None);
        }
    }
}
