//! librdkafka's complaints, taken apart.

/// Takes a line of librdkafka apart: the broker's `host:port`, and what is wrong without times and counts, which change from
/// line to line. `None` if it is not about a broker.
pub(crate) fn complaint(line: &str) -> Option<(&str, &str)> {
    let line = match line.strip_prefix("[thrd:") {
        Some(rest) => rest.split_once("]: ")?.1,
        None => line,
    };
    let (name, words) = line.split_once(": ")?;
    let name = name.split_once("://").map_or(name, |(_, name)| name);
    let (address, _) = name.rsplit_once('/')?;
    let words = words.rfind(" (after ").map_or(words, |end| &words[..end]);
    let words = match words.strip_prefix("Connect to ") {
        Some(rest) => rest.split_once(" failed: ").map_or(words, |(_, why)| why),
        None => words,
    };
    address.contains(':').then_some((address, words.trim()))
}
