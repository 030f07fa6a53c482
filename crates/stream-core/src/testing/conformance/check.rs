//! What was sent, and whether what was read back is right.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::bench::{Bench, ReadBack};
use crate::model::{Header, Lane, Timestamp};
use crate::testing::scripted::field;

/// How many keys the records are spread over.
const KEYS: usize = 20;

/// The records of one part of the suite: known by a tag that no other run has.
pub(super) struct Batch {
    tag: String,
}

impl Batch {
    pub(super) fn new(part: &str) -> Self {
        let tag = format!("{part}-{:x}-{:x}", Timestamp::now().micros(), fastrand::u32(..));
        Self { tag }
    }

    pub(super) fn key(n: usize) -> Bytes {
        format!("k{}", n % KEYS).into()
    }

    /// The `n`th value, `size` bytes long or a little more.
    pub(super) fn value(&self, n: usize, size: usize) -> Bytes {
        let key = n % KEYS;
        let head = format!(
            "{{\"key\":\"k{key}\",\"tag\":\"{}\",\"n\":\"{n}\",\"é\":\"",
            self.tag
        );
        let pad = size.saturating_sub(head.len() + 2);
        format!("{head}{}\"}}", "x".repeat(pad)).into()
    }

    /// Whether `record` is of this batch.
    pub(super) fn owns(&self, record: &ReadBack) -> bool {
        field(&record.value, "tag") == Some(&self.tag)
    }

    /// Those of `records` that are of this batch, with their numbers.
    fn ours<'r>(&self, records: &'r [ReadBack]) -> Vec<(usize, &'r ReadBack)> {
        let ours = |record: &&ReadBack| self.owns(record);
        let numbered = |record: &'r ReadBack| {
            let n = field(&record.value, "n").and_then(|n| n.parse().ok());
            (n.expect("a record of ours has a number"), record)
        };
        records.iter().filter(ours).map(numbered).collect()
    }

    /// Reads `lane` back until it holds every value up to `count`, and checks bytes, keys and order: of each key, first
    /// occurrences come in the order sent. `before` records of the lane are older than the batch. Gives the number of
    /// repeats.
    pub(super) async fn check(
        &self,
        bench: &dyn Bench,
        lane: Lane,
        before: usize,
        count: usize,
        size: usize,
    ) -> usize {
        let kind = bench.sink().kind();
        let records = bench.read_back(lane, before + count).await;
        let ours = self.ours(&records);
        let mut newest = HashMap::new();
        let mut seen = HashSet::new();
        for (n, record) in &ours {
            assert_eq!(
                record.value,
                self.value(*n, size),
                "{kind}: value {n} was changed"
            );
            if let Some(key) = &record.key {
                assert_eq!(*key, Self::key(*n), "{kind}: the key of {n}");
            }
            if seen.insert(*n) {
                let last = newest.insert(n % KEYS, *n);
                assert!(last < Some(*n), "{kind}: {n} came after {last:?} of the same key");
            }
        }
        let lost: Vec<_> = (0..count).filter(|n| !seen.contains(n)).collect();
        assert!(
            lost.is_empty(),
            "{kind}: {} of {count} lost, such as {:?}",
            lost.len(),
            &lost[..lost.len().min(5)]
        );
        ours.len() - count
    }

    /// Checks the chain: every `previous` names a record that is there, and one record alone has none.
    /// Other parts' records have journals of their own, whose epochs may be the same.
    pub(super) fn check_chain(&self, records: &[ReadBack], kind: &str) {
        let headers: Vec<_> = records
            .iter()
            .filter(|record| self.owns(record))
            .filter_map(|record| record.header.as_deref())
            .map(|text| Header::parse(text).unwrap_or_else(|| panic!("{kind}: header {text:?}")))
            .collect();
        let there: HashSet<_> = headers.iter().map(|header| header.place).collect();
        let mut firsts = HashSet::new();
        for header in headers {
            match header.previous {
                Some(previous) => assert!(there.contains(&previous), "{kind}: nothing before {header}"),
                None => drop(firsts.insert(header.place)),
            }
        }
        assert!(
            firsts.len() <= 1,
            "{kind}: more than one record comes first: {firsts:?}"
        );
    }
}
