//! Pre-rendered statuses of v1.1: as [messages](super::message) are, in the older shape and spelt as it was.

use fastrand::Rng;

use super::compose::ID;
use super::draw::Draw;
use super::message::{Times, Written, digits};
use crate::json::{ascii, string};
use crate::template::Values;

/// Stands for `created_at`, which follows from the id.
const CREATED: &str = "Fri Jan 01 00:00:00 +0000 9999";
/// Stands for `timestamp_ms`; not within [`ID`].
const TIMESTAMP: &str = "8888888888888";

/// A status with the places to patch.
#[derive(Debug)]
pub(super) struct Status {
    line: Box<[u8]>,
    ids: Vec<usize>,
    created: Vec<usize>,
    timestamps: Vec<usize>,
}

impl Status {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut draw = Draw(rng);
        let (lang, words) = draw.language();
        let json = |text: &str| ascii(&string(text));
        let values = Values::new()
            .with("id", ID)
            .with("created", CREATED)
            .with("timestamp", TIMESTAMP)
            .with("lang", lang)
            .with("author", draw.number(10_000_000..1_600_000_000_000_000_000))
            .with("text", json(&draw.sentence(&words, 16)))
            .with("name", json(&draw.sentence(&words, 3)))
            .with("description", json(&draw.sentence(&words, 12)));
        let line = draw.fill_shuffled("status", &values);
        let places = |text| line.match_indices(text).map(|(at, _)| at).collect();
        Status {
            ids: places(ID),
            created: places(CREATED),
            timestamps: places(TIMESTAMP),
            line: line.into_bytes().into_boxed_slice(),
        }
    }

    /// Appends the line of the status with this id; alone, or in a list as Powerstream sends it.
    pub(super) fn write(&self, id: u64, listed: bool, out: &mut Vec<u8>) -> Written {
        let start = out.len();
        out.extend_from_slice(if listed { b"[" } else { b"" });
        let at = out.len();
        out.extend_from_slice(&self.line);
        let mut patch = |places: &[usize], text: &[u8]| {
            for place in places {
                out[at + place..at + place + text.len()].copy_from_slice(text);
            }
        };
        let (created, timestamp) = Times::of_status(id);
        patch(&self.ids, &digits(id));
        patch(&self.created, created.as_bytes());
        patch(&self.timestamps, timestamp.as_bytes());
        let data = at - start..out.len() - start;
        out.extend_from_slice(if listed { b"]" } else { b"" });
        Written {
            data,
            includes: None,
            errors: None,
            matching_rules: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_status_is_json_in_ascii_with_its_id_and_its_time() {
        let mut rng = Rng::with_seed(3);
        for _ in 0..50 {
            let status = Status::new(&mut rng);
            for listed in [false, true] {
                let mut line = b"x".to_vec();
                let written = status.write(1_380_242_611_781_386_245, listed, &mut line);
                let line = &line[1..];
                assert!(line.is_ascii() && (line[0] == b'[') == listed);
                let data: Value = serde_json::from_slice(&line[written.data]).unwrap();
                assert_eq!(data["id"], 1_380_242_611_781_386_245_u64);
                assert_eq!(data["id_str"], "1380242611781386245");
                assert_eq!(data["created_at"], "Thu Apr 08 19:34:16 +0000 2021");
                assert_eq!(data["timestamp_ms"], "1617910456973");
            }
        }
    }
}
