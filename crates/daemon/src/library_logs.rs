//! Client libraries' own log lines: what matters in them a sink says itself, once, with its lanes and in words for people. The
//! libraries say it for each connection, channel and attempt.

/// The targets of client libraries, by their beginnings.
const LIBRARIES: [&str; 7] = [
    "lapin",
    "amq_protocol",
    "async_",
    "tcp_stream",
    "rustls_connector",
    "rdkafka",
    "librdkafka",
];

/// `level` without client libraries' lines, whatever their own level, unless it shows what is for debugging or names them.
pub(crate) fn without(level: &str) -> String {
    let is_debug = |word: &str| {
        ["debug", "trace"]
            .iter()
            .any(|debug| word.trim().eq_ignore_ascii_case(debug))
    };
    if level.split(',').any(is_debug) {
        return level.to_owned();
    }
    let off = LIBRARIES.iter().map(|library| format!("{library}=off"));
    // What comes later and says the same target wins.
    off.chain([level.to_owned()]).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_heard_when_debugging_or_named() {
        assert_eq!(without("debug"), "debug");
        assert_eq!(without("info,DEBUG"), "info,DEBUG");
        assert!(without("info").starts_with("lapin=off,"));
        assert!(without("info,lapin=error").ends_with(",info,lapin=error"));
    }
}
