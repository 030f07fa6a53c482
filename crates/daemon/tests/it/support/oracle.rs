//! The simulator's ledger against what a consumer has read.

use std::collections::{HashMap, HashSet};

use daemon::proof::expected;
use simulator::{Arrival, Post};
use stream_core::model::{Header, Lane};

/// A record as a consumer got it.
#[derive(Clone, Debug)]
pub struct Consumed {
    /// The post's id.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// The `birdfeed` header.
    pub header: String,
}

/// What a comparison found besides being whole.
#[derive(Debug, Default)]
pub struct Found {
    /// Records read.
    pub read: usize,
    /// Records that were there before.
    pub repeats: usize,
}

/// Asserts that `consumed` holds every post that certainly arrived, nothing that was never sent, each byte for byte, first
/// occurrences in order, and an unbroken chain of headers.
pub fn assert_whole(posts: &[Post], lane: Lane, consumed: &[Consumed]) -> Found {
    let sent: HashMap<&str, Vec<u8>> = posts
        .iter()
        .filter_map(|post| Some((post.id.as_str(), expected(post, lane)?)))
        .collect();
    let mut seen = HashSet::new();
    let mut first_occurrences = Vec::new();
    for record in consumed {
        let value = sent.get(record.key.as_str());
        let value = value.unwrap_or_else(|| panic!("{lane}: {} was never sent", record.key));
        assert!(*value == record.value, "{lane}: {} was changed", record.key);
        if seen.insert(record.key.as_str()) {
            first_occurrences.push(record.key.as_str());
        }
    }
    for post in posts.iter().filter(|post| post.arrival == Arrival::Written) {
        let missing = sent.contains_key(post.id.as_str()) && !seen.contains(post.id.as_str());
        assert!(
            !missing,
            "{lane}: {} is missing ({} of {} found)",
            post.id,
            seen.len(),
            sent.len()
        );
    }
    assert_chain(lane, consumed);
    Found {
        read: consumed.len(),
        repeats: consumed.len() - first_occurrences.len(),
    }
}

/// Asserts that every record's predecessor was read as well.
fn assert_chain(lane: Lane, consumed: &[Consumed]) {
    let header = |record: &Consumed| {
        let header = Header::parse(&record.header);
        header.unwrap_or_else(|| panic!("{lane}: header {:?}", record.header))
    };
    let places: HashSet<_> = consumed.iter().map(|record| header(record).place).collect();
    for record in consumed {
        let Header { previous, lanes, .. } = header(record);
        assert!(
            previous.is_none_or(|previous| places.contains(&previous)),
            "{lane}: a hole before {}",
            record.header
        );
        assert!(lanes.contains(lane), "{lane}: header {:?}", record.header);
    }
}
