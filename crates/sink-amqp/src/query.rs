//! Connection URL's query: which parameters there are, and which values can work.

use lapin::uri::SASLMechanism;

/// What lapin reads from a URL's query. It passes over everything else, so that a `verify` or a `cacertfile`, which other
/// clients know, would be obeyed by nobody: we refuse them.
const PARAMETERS: [&str; 5] = [
    "frame_max",
    "channel_max",
    "heartbeat",
    "connection_timeout",
    "auth_mechanism",
];

/// The smallest frame that AMQP 0-9-1 allows, in bytes.
const SMALLEST_FRAME: u32 = 4_096;
/// The shortest time in which a handshake may be expected to end, in milliseconds.
const SHORTEST_TIMEOUT: u64 = 100;

/// Every mistake in the query of a URL without its scheme. `channels` are needed at the same time.
pub(crate) fn mistakes(rest: &str, channels: usize) -> Vec<String> {
    let Some((_, query)) = rest.split_once('?') else {
        return Vec::new();
    };
    let mut seen = Vec::new();
    let mut mistakes = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let wrong = if !PARAMETERS.contains(&name) {
            Some(format!(
                "has a parameter that is not known: {name:?}: there are {}",
                PARAMETERS.join(", ")
            ))
        } else if seen.contains(&name) {
            Some(format!("has {name} twice: leave one of them out"))
        } else {
            wrong(name, value, channels)
        };
        mistakes.extend(wrong);
        seen.push(name);
    }
    mistakes
}

/// Why `value` cannot work. No value is repeated: in a URL with a slip it may be anything.
fn wrong(name: &str, value: &str, channels: usize) -> Option<String> {
    match name {
        "heartbeat" => match value.parse::<u16>() {
            Ok(1..) => None,
            Ok(0) => Some(
                "has heartbeat=0, with which a broker that is gone is not noticed: leave it out for 10 seconds".into(),
            ),
            Err(_) => Some(format!("has a heartbeat that is no number of seconds from 1 to {}", u16::MAX)),
        },
        "connection_timeout" => match value.parse::<u64>() {
            Ok(SHORTEST_TIMEOUT..) => None,
            _ => Some(format!(
                "has a connection_timeout that is no number of milliseconds from {SHORTEST_TIMEOUT} on: leave it out for 10000"
            )),
        },
        "frame_max" => match value.parse::<u32>() {
            Ok(0 | SMALLEST_FRAME..) => None,
            _ => Some(format!(
                "has a frame_max that is no number of bytes from {SMALLEST_FRAME} on, the least that AMQP allows (8192 from \
                 RabbitMQ 4.1 on): leave it out for the broker's own"
            )),
        },
        "channel_max" => match value.parse::<u16>() {
            Ok(0) => None,
            Ok(max) if usize::from(max) >= channels => None,
            _ => Some(format!(
                "has a channel_max that is no number from {channels} to {}, and so many channels the lanes need: leave it out",
                u16::MAX
            )),
        },
        _ => match value.parse::<SASLMechanism>() {
            Ok(_) => None,
            Err(_) => Some("has an auth_mechanism that is not known: plain, amqplain, external, anonymous".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_work_is_taken() {
        for query in [
            "",
            "?heartbeat=1&connection_timeout=100&frame_max=4096&channel_max=4&auth_mechanism=EXTERNAL",
            "?heartbeat=65535&frame_max=0&channel_max=0&auth_mechanism=plain",
        ] {
            assert_eq!(
                mistakes(&format!("localhost/%2f{query}"), 4),
                Vec::<String>::new()
            );
        }
    }

    #[test]
    fn what_can_never_work_is_told_all_at_once() {
        let found = mistakes(
            "localhost/%2f?heartbeat=0&connection_timeout=0&frame_max=100&channel_max=3&auth_mechanism=x&verify=no",
            4,
        );
        let words = [
            "heartbeat=0",
            "milliseconds from 100",
            "from 4096",
            "from 4 to",
            "external",
            "verify",
        ];
        assert_eq!(found.len(), words.len(), "{found:?}");
        for (found, word) in found.iter().zip(words) {
            assert!(found.contains(word), "{found}");
        }
        for query in [
            "heartbeat=10s",
            "heartbeat=65536",
            "connection_timeout=10",
            "frame_max=-1",
            "channel_max",
        ] {
            let found = mistakes(&format!("localhost?{query}"), 4);
            assert_eq!(found.len(), 1, "{query}: {found:?}");
        }
        assert_eq!(mistakes("localhost?heartbeat=5&heartbeat=6", 4).len(), 1);
    }
}
