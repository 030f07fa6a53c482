//! gzip decoder: what has come of a body is given out at once, in small portions, however much it grows to.
//!
//! A stream is one deflate stream that the server flushes after each message; whoever waits for more input, or for a full buffer,
//! holds messages back. The format itself (heads, members' checksums) is zlib's.

use bytes::{Buf as _, Bytes};
use flate2::{Decompress, FlushDecompress, Status};

/// As much as one portion holds.
const PORTION: usize = 64 * 1024;
/// The largest window that deflate has, as a power of two.
const WINDOW_BITS: u8 = 15;
/// Posts shrink to a fifth, the same post over and over to a hundredth; deflate's own limit is a thousandth.
const MOST_GROWTH: u64 = 500;
/// How much must have come out before growth is judged.
const JUDGED: u64 = 8 * 1024 * 1024;

/// The first byte of any gzip; no text begins with it.
const MAGIC: u8 = 0x1f;

/// Why a body cannot be decoded any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GunzipError {
    /// Not gzip, or damaged on the way.
    #[error("the body is no gzip, or a damaged one: {0}")]
    Corrupt(&'static str),
    /// Grows as nothing does that is worth reading.
    #[error("the body's gzip grows to more than {MOST_GROWTH} times its size: that is no stream of X's")]
    Bomb,
    /// The end came before gzip's own.
    #[error("the body ended in the middle of its gzip")]
    Truncated,
}

/// Decoder of one body, of as many members as it has.
pub(super) struct Gunzip {
    inflate: Decompress,
    input: Bytes,
    /// Whether a member has begun and not ended.
    within: bool,
    /// Whether the last portion was full: there may be more to come out without any input.
    full: bool,
    /// Bytes in and out since growth was judged.
    growth: (u64, u64),
    failed: Option<GunzipError>,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self {
            inflate: Decompress::new_gzip(WINDOW_BITS),
            input: Bytes::new(),
            within: false,
            full: false,
            growth: (0, 0),
            failed: None,
        }
    }

    /// Takes the bytes that come next. What was fed before must have been given out.
    pub(super) fn feed(&mut self, bytes: Bytes) {
        debug_assert!(self.input.is_empty(), "portions are taken until there are none");
        self.input = bytes;
    }

    /// The bytes that were fed first, if gzip does not begin so.
    pub(super) fn refuse(&mut self) -> Option<Bytes> {
        let is_first = !self.within && self.failed.is_none() && self.growth == (0, 0);
        let is_other = is_first && self.input.first().is_some_and(|byte| *byte != MAGIC);
        is_other.then(|| std::mem::take(&mut self.input))
    }

    /// What can be given out of what was fed, up to a portion; `None` when that is all. An empty portion is no end: the work for
    /// one is bounded too. What came before a fault is given out before it is told.
    pub(super) fn portion(&mut self) -> Result<Option<Bytes>, GunzipError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.input.is_empty() && !self.full {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(PORTION);
        while out.len() < PORTION && self.failed.is_none() && self.step(&mut out) {}
        self.full = self.failed.is_none() && out.len() >= PORTION;
        Ok(Some(out.into()))
    }

    /// One call of zlib; whether another makes sense within this portion.
    fn step(&mut self, out: &mut Vec<u8>) -> bool {
        let before = (self.inflate.total_in(), self.inflate.total_out());
        let outcome = self
            .inflate
            .decompress_vec(&self.input, out, FlushDecompress::None);
        let taken = self.inflate.total_in() - before.0;
        let made = self.inflate.total_out() - before.1;
        self.input.advance(taken as usize);
        self.within |= taken > 0;
        self.judge(taken, made);
        match outcome {
            Ok(Status::StreamEnd) => {
                self.inflate = Decompress::new_gzip(WINDOW_BITS);
                self.within = false;
                false
            }
            Ok(Status::Ok | Status::BufError) if self.input.is_empty() => made > 0,
            Ok(Status::Ok | Status::BufError) if taken > 0 || made > 0 => true,
            Ok(Status::Ok | Status::BufError) => {
                self.failed = Some(GunzipError::Corrupt("it leads nowhere"));
                false
            }
            Err(error) => {
                let why = reason(error.message());
                self.failed = Some(GunzipError::Corrupt(why));
                false
            }
        }
    }

    fn judge(&mut self, taken: u64, made: u64) {
        let (input, output) = (self.growth.0 + taken, self.growth.1 + made);
        if output < JUDGED {
            self.growth = (input, output);
            return;
        }
        self.growth = (0, 0);
        if output / MOST_GROWTH > input {
            self.failed = Some(GunzipError::Bomb);
        }
    }

    /// Whether the body may end here.
    pub(super) fn finish(&self) -> Result<(), GunzipError> {
        match self.failed {
            Some(error) => Err(error),
            None if self.within => Err(GunzipError::Truncated),
            None => Ok(()),
        }
    }
}

/// zlib's words, of which it has a closed set.
fn reason(words: Option<&str>) -> &'static str {
    match words {
        Some("incorrect header check") => "it does not begin as gzip does",
        Some("incorrect data check" | "incorrect length check") => "its checksum is another",
        _ => "what it holds is not what deflate makes",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Everything that comes out of `input` in pieces of `piece`, and how it ends.
    fn gunzip(input: &[u8], piece: usize) -> (Vec<u8>, Result<(), GunzipError>) {
        let (mut gunzip, mut all) = (Gunzip::new(), Vec::new());
        for piece in input.chunks(piece) {
            gunzip.feed(Bytes::copy_from_slice(piece));
            loop {
                match gunzip.portion() {
                    Ok(Some(portion)) => {
                        assert!(portion.len() <= PORTION);
                        all.extend_from_slice(&portion);
                    }
                    Ok(None) => break,
                    Err(error) => return (all, Err(error)),
                }
            }
        }
        (all, gunzip.finish())
    }

    #[test]
    fn each_flushed_message_is_out_before_the_next_comes() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut gunzip = Gunzip::new();
        for message in ["{\"data\":1}\r\n", "\r\n", "{\"data\":1}\r\n", "{\"data\":2}\r\n"] {
            encoder.write_all(message.as_bytes()).unwrap();
            encoder.flush().unwrap();
            gunzip.feed(std::mem::take(encoder.get_mut()).into());
            assert_eq!(gunzip.portion().unwrap().unwrap(), message);
            assert_eq!(gunzip.portion(), Ok(None));
        }
        assert_eq!(gunzip.finish(), Err(GunzipError::Truncated));
    }

    #[test]
    fn members_follow_each_other_with_all_that_a_head_may_hold() {
        let full = GzBuilder::new()
            .filename("a")
            .comment("b")
            .extra(vec![1, 2])
            .write(Vec::new(), Compression::best())
            .finish()
            .unwrap();
        let body = [gzip(b"one\r\n"), full, gzip(b""), gzip(b"two\r\n")].concat();
        for piece in [1, 7, body.len()] {
            assert_eq!(gunzip(&body, piece), (b"one\r\ntwo\r\n".to_vec(), Ok(())));
        }
    }

    #[test]
    fn what_came_before_a_fault_is_given_out_and_the_fault_is_told_once_for_all() {
        let whole = gzip(b"one\r\n");
        let mut damaged = whole.clone();
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        for piece in [1, damaged.len()] {
            let (out, end) = gunzip(&damaged, piece);
            assert_eq!(out, b"one\r\n");
            let error = end.unwrap_err().to_string();
            assert_eq!(
                error,
                "the body is no gzip, or a damaged one: its checksum is another"
            );
        }
        let (out, end) = gunzip(&[&whole, &b"{\"data\":1}"[..]].concat(), 100);
        assert_eq!(out, b"one\r\n");
        assert!(
            end.unwrap_err()
                .to_string()
                .ends_with("it does not begin as gzip does")
        );
        assert_eq!(
            gunzip(&whole[..whole.len() - 1], 100).1,
            Err(GunzipError::Truncated)
        );
        assert_eq!(gunzip(b"", 1), (Vec::new(), Ok(())));
    }

    #[test]
    fn a_bomb_is_ended_after_some_megabytes_and_many_empty_members_are_many_portions() {
        let (out, end) = gunzip(&gzip(&vec![b' '; 64 << 20]), 256 << 10);
        assert_eq!(end, Err(GunzipError::Bomb));
        assert!(out.len() as u64 <= JUDGED + PORTION as u64, "{}", out.len());
        let mut gunzip = Gunzip::new();
        gunzip.feed(gzip(b"").repeat(3).into());
        for _ in 0..3 {
            assert_eq!(gunzip.portion(), Ok(Some(Bytes::new())));
        }
        assert_eq!((gunzip.portion(), gunzip.finish()), (Ok(None), Ok(())));
    }

    #[test]
    fn the_same_post_over_and_over_is_no_bomb() {
        let post = format!("{{\"data\":{{\"text\":\"{}\"}}}}\r\n", "lorem ipsum ".repeat(300));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..5_000 {
            encoder.write_all(post.as_bytes()).unwrap();
            encoder.flush().unwrap();
        }
        let (out, end) = gunzip(&encoder.finish().unwrap(), 64 << 10);
        assert_eq!((out.len(), end), (post.len() * 5_000, Ok(())));
    }

    proptest! {
        #[test]
        fn any_bytes_end_somehow(bytes in prop::collection::vec(any::<u8>(), 0..2_000), piece in 1_usize..300) {
            let _ = gunzip(&bytes, piece);
            // A head that is right leads further in.
            let head = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &bytes].concat();
            let _ = gunzip(&head, piece);
        }

        #[test]
        fn any_cut_gives_the_same(text in prop::collection::vec(any::<u8>(), 0..200_000), piece in 1_usize..50_000) {
            prop_assert_eq!(gunzip(&gzip(&text), piece), (text, Ok(())));
        }
    }
}
