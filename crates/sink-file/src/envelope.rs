//! Envelope: what a line needs so that files can be verified and joined as topics can: the record's header, key and time, and
//! its value as it came.

use std::io::Write as _;

use stream_core::model::{HEADER, Header, Record};

/// What stands before the header.
const HEAD: &[u8] = b"{\"birdfeed\":\"";
/// What stands before the value.
const VALUE: &[u8] = b",\"value\":";

/// Appends `record` to `line`; `header` is a buffer that the caller keeps.
pub(crate) fn wrap(record: &Record, header: &mut String, line: &mut Vec<u8>) {
    debug_assert_eq!(&HEAD[2..HEAD.len() - 3], HEADER.as_bytes());
    let key = record.key.as_deref().map(String::from_utf8_lossy);
    let key = serde_json::to_string(&key).expect("a text is always JSON");
    line.extend_from_slice(HEAD);
    line.extend_from_slice(record.header(header).as_bytes());
    // Into memory: it cannot fail.
    let _ = write!(
        line,
        "\",\"key\":{key},\"received_at\":\"{}\"",
        record.received_at
    );
    if record.repeat {
        line.extend_from_slice(b",\"repeat\":true");
    }
    line.extend_from_slice(VALUE);
    line.extend_from_slice(&record.value);
    line.push(b'}');
}

/// The header of a `line` in an envelope, and its value; `None` if it is none of ours.
pub(crate) fn unwrap(line: &[u8]) -> Option<(Header, &[u8])> {
    let rest = line.strip_prefix(HEAD)?;
    let end = memchr::memchr(b'"', rest)?;
    let header = Header::parse(str::from_utf8(&rest[..end]).ok()?)?;
    // A key is a text, whose quotes are escaped: what looks like the value is the value.
    let value = memchr::memmem::find(&rest[end..], VALUE)? + end + VALUE.len();
    Some((header, rest[value..].strip_suffix(b"}")?))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use stream_core::model::{Lane, Place, Timestamp};

    use super::*;

    fn record(key: Option<&'static str>, value: &'static str) -> Record {
        Record {
            lane: Lane::Tweets,
            place: Place { epoch: 1, seq: 2 },
            previous: None,
            lanes: [Lane::Tweets].into_iter().collect(),
            repeat: false,
            trace: None,
            received_at: Timestamp::from_millis(1_595_000_000_123),
            key: key.map(|key| Bytes::from_static(key.as_bytes())),
            value: Bytes::from_static(value.as_bytes()),
        }
    }

    fn line(record: &Record) -> String {
        let mut line = Vec::new();
        wrap(record, &mut String::new(), &mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn the_envelope_is_the_one_of_the_design() {
        let expected = concat!(
            r#"{"birdfeed":"1:2::tweets","key":"7","received_at":"2020-07-17T15:33:20.123Z","#,
            r#""value":{"id" : "7", "value":1.0}}"#
        );
        assert_eq!(line(&record(Some("7"), r#"{"id" : "7", "value":1.0}"#)), expected);
        assert!(line(&record(None, "{}")).contains(r#""key":null"#));
        let repeat = Record {
            repeat: true,
            trace: None,
            ..record(None, "{}")
        };
        let line = line(&repeat);
        assert!(line.ends_with(r#"Z","repeat":true,"value":{}}"#), "{line}");
        assert_eq!(unwrap(line.as_bytes()).unwrap().1, b"{}");
    }

    #[test]
    fn what_is_wrapped_is_found_again_byte_for_byte() {
        let value = r#"{"a":",\"value\":","value":[1.10]}"#;
        for key in [None, Some("7"), Some(r#"a","value":"b"#)] {
            let record = record(key, value);
            let line = line(&record);
            let (header, found) = unwrap(line.as_bytes()).unwrap();
            assert_eq!(header.to_string(), "1:2::tweets");
            assert_eq!(found, value.as_bytes());
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(read["key"].as_str(), key);
        }
        for other in [
            "",
            "{}",
            r#"{"birdfeed":"x","value":{}}"#,
            r#"{"birdfeed":"1:2::t""#,
        ] {
            assert_eq!(unwrap(other.as_bytes()), None, "{other}");
        }
    }
}
