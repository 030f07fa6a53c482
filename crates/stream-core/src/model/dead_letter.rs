//! What is published of bytes that cannot be published themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::closed_set::DeadLetterReason;
use super::frame::{Oversize, hex};
use super::timestamp::Timestamp;

/// How many of the bytes a dead letter carries. In base64 they stay below Kafka's default limit of 1 MiB for a record.
const BYTES_KEPT: usize = 512 * 1024;

/// Dead letter: the value of a record of the lane `dead_letter`.
#[derive(Debug, Serialize)]
pub struct DeadLetter<'a> {
    /// Why they could not be published.
    reason: DeadLetterReason,
    /// When the bytes were received, RFC 3339.
    received_at: String,
    /// How many there were.
    length: u64,
    /// SHA-256 of all of them, in hex.
    sha256: String,
    /// The first of them, in base64.
    bytes: String,
    /// The record that a broker refused, `epoch:sequence:lane`, and what the broker said.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused<'a>>,
}

/// A record that a sink refused even when it came alone.
#[derive(Debug, Serialize)]
pub struct Refused<'a> {
    /// The name of the sink that refused it.
    pub sink: &'a str,
    /// Which record, `epoch:sequence:lane`.
    pub record: String,
    /// Why, in the broker's words.
    pub detail: &'a str,
}

impl<'a> DeadLetter<'a> {
    /// For bytes that were received whole.
    pub fn whole(reason: DeadLetterReason, received_at: Timestamp, bytes: &[u8]) -> Self {
        Self {
            reason,
            received_at: received_at.to_string(),
            length: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
            bytes: STANDARD.encode(&bytes[..bytes.len().min(BYTES_KEPT)]),
            refused: None,
        }
    }

    /// For a line over the limit.
    pub fn oversize(received_at: Timestamp, line: Oversize) -> Self {
        Self {
            reason: DeadLetterReason::Oversize,
            received_at: received_at.to_string(),
            length: line.length,
            sha256: line.sha256,
            bytes: STANDARD.encode(&line.head),
            refused: None,
        }
    }

    /// For a record that a sink refused.
    pub fn refused(received_at: Timestamp, value: &[u8], refused: Refused<'a>) -> Self {
        Self {
            refused: Some(refused),
            ..Self::whole(DeadLetterReason::Refused, received_at, value)
        }
    }

    /// The letter as the JSON text that is journaled and published.
    pub fn to_json(&self) -> Bytes {
        serde_json::to_vec(self)
            .expect("a struct of strings and numbers is always JSON")
            .into()
    }
}

/// A shorter cut is not worth a try.
const LEAST_KEPT: usize = 64;
/// What stands before the bytes; nothing before it can look like it.
const BYTES: &[u8] = br#","bytes":""#;

/// `letter` as JSON, cut for a topic that refuses it: each time half of the bytes, at last none of them and no more than
/// reason, time, length and digest. `length` still says how many there were. `None` if it cannot be cut so often.
pub(crate) fn cut_letter(letter: &Bytes, times: u32) -> Option<Bytes> {
    let start = memchr::memmem::find(letter, BYTES)? + BYTES.len();
    let length = memchr::memchr(b'"', &letter[start..])?;
    // Four letters of base64 are three bytes.
    let kept = |times| (length.checked_shr(times).unwrap_or(0) / 4) * 4;
    if kept(times) >= LEAST_KEPT {
        let (kept, rest) = (start + kept(times), start + length);
        return Some([&letter[..kept], &letter[rest..]].concat().into());
    }
    let bare = [&letter[..start], br#""}"#].concat();
    let is_first = times <= 1 || kept(times - 1) >= LEAST_KEPT;
    (is_first && bare.len() < letter.len()).then(|| bare.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_the_one_of_the_design() {
        let letter =
            DeadLetter::whole(DeadLetterReason::NotJson, Timestamp::from_millis(0), b"abc").to_json();
        let expected = concat!(
            r#"{"reason":"not_json","received_at":"1970-01-01T00:00:00.000Z","length":3,"#,
            r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","bytes":"YWJj"}"#
        );
        assert_eq!(letter, expected);
    }

    #[test]
    fn it_stays_below_a_brokers_limit() {
        let letter = DeadLetter::whole(
            DeadLetterReason::Refused,
            Timestamp::default(),
            &vec![0; 3_000_000],
        )
        .to_json();
        assert!(letter.len() < 1_000_000);
    }

    #[test]
    fn it_is_cut_down_to_reason_length_and_digest() {
        let refused = Refused {
            sink: "kafka",
            record: "1:2:tweets".to_owned(),
            detail: "too large",
        };
        let letter = DeadLetter::refused(Timestamp::default(), &vec![7; 60_000], refused).to_json();
        let mut shortest = letter.clone();
        let mut cuts = 0;
        while let Some(cut) = cut_letter(&letter, cuts + 1) {
            assert!(cut.len() < shortest.len());
            let read: serde_json::Value = serde_json::from_slice(&cut).unwrap();
            let bytes = STANDARD.decode(read["bytes"].as_str().unwrap()).unwrap();
            assert!(bytes.iter().all(|byte| *byte == 7));
            assert_eq!(
                (&read["length"], &read["reason"]),
                (&60_000.into(), &"refused".into())
            );
            shortest = cut;
            cuts += 1;
        }
        assert!((8..16).contains(&cuts), "{cuts} cuts");
        let bare: serde_json::Value = serde_json::from_slice(&shortest).unwrap();
        assert_eq!((&bare["bytes"], bare.as_object().unwrap().len()), (&"".into(), 5));
        assert_eq!(cut_letter(&shortest, 1), None);
        assert_eq!(cut_letter(&Bytes::from_static(b"{}"), 1), None);
    }
}
