//! Compares what a simulator sent with what stands in the files, byte for byte, without our own decoder.

use std::io;
use std::path::Path;

use simulator::Post;
use stream_core::model::Lane;

/// The comparison of one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The lane.
    pub lane: Lane,
    /// How many records the simulator's posts make.
    pub sent: u64,
    /// How many the files hold.
    pub found: u64,
    /// Whether they are the same bytes in the same order.
    pub equal: bool,
}

/// The lanes that posts fill.
const LANES: [Lane; 5] = [
    Lane::Tweets,
    Lane::Includes,
    Lane::Errors,
    Lane::MatchingRules,
    Lane::Responses,
];

/// Compares `posts` with the NDJSON below `dir`.
pub fn of_files(posts: &[Post], dir: &Path) -> io::Result<Vec<Proof>> {
    LANES
        .into_iter()
        .map(|lane| of_lane(posts, lane, &dir.join(lane.name())))
        .collect()
}

fn of_lane(posts: &[Post], lane: Lane, dir: &Path) -> io::Result<Proof> {
    let expected: Vec<Vec<u8>> = posts.iter().filter_map(|post| expected(post, lane)).collect();
    let found = lines(dir)?;
    let found: Vec<&[u8]> = found
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let equal = expected.iter().map(Vec::as_slice).eq(found.iter().copied());
    Ok(Proof {
        lane,
        sent: expected.len() as u64,
        found: found.len() as u64,
        equal,
    })
}

/// The record that `post` makes for `lane`, put together from the parts that the simulator noted.
pub fn expected(post: &Post, lane: Lane) -> Option<Vec<u8>> {
    let wrapped = |name: &str, value: &[u8]| {
        [
            format!(r#"{{"tweet_id":"{}","{name}":"#, post.id).as_bytes(),
            value,
            b"}",
        ]
        .concat()
    };
    match lane {
        Lane::Tweets => Some(post.data().to_vec()),
        Lane::Includes => post.includes().map(|value| wrapped("includes", &value)),
        Lane::Errors => post.errors().map(|value| wrapped("errors", &value)),
        Lane::MatchingRules => post
            .matching_rules()
            .map(|value| wrapped("matching_rules", &value)),
        Lane::Responses => Some(post.line.to_vec()),
        _ => None,
    }
}

/// The contents of all files in `dir`, in the order of their names.
fn lines(dir: &Path) -> io::Result<Vec<u8>> {
    let mut paths = match std::fs::read_dir(dir) {
        Ok(entries) => entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    paths.sort();
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend(std::fs::read(path)?);
    }
    Ok(bytes)
}
