//! Bytes to frames: lines, cut on LF (a CR before it goes too), bounded in length.
//!
//! X ends messages with CRLF and keeps quiet streams alive with empty lines; chunk boundaries mean nothing
//! (<https://docs.x.com/x-api/fundamentals/consuming-streaming-data>).

use bytes::Bytes;
use memchr::memchr;
use sha2::{Digest, Sha256};

use crate::model::{Frame, Oversize, hex};

/// The longest line that is taken whole, in bytes. X publishes no limit; posts with everything expanded were seen at 13 KB.
pub(crate) const MAX_LINE: usize = 8 * 1024 * 1024;

/// How much of a longer line is kept for its dead letter.
const OVERSIZE_HEAD: usize = 64 * 1024;

/// Framing: cuts lines out of chunks. Holds at most one unfinished line, never more than the limit.
#[derive(Debug)]
pub(super) struct Framer {
    limit: usize,
    unfinished: Line,
}

#[derive(Debug)]
enum Line {
    Short(Vec<u8>),
    Oversize {
        head: Bytes,
        length: u64,
        hash: Box<Sha256>,
        ends_in_cr: bool,
    },
}

impl Framer {
    /// A framer that takes lines of up to `limit` bytes whole.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            unfinished: Line::Short(Vec::new()),
        }
    }

    /// Appends the frames that `chunk` completes to `frames`.
    pub(super) fn feed(&mut self, mut chunk: &[u8], frames: &mut Vec<Frame>) {
        while let Some(lf) = memchr(b'\n', chunk) {
            frames.push(self.finish(&chunk[..lf]));
            chunk = &chunk[lf + 1..];
        }
        self.keep(chunk);
    }

    /// What is held of an unfinished line: all of it, or the beginning of one that is too long.
    pub(super) fn rest(&self) -> &[u8] {
        match &self.unfinished {
            Line::Short(bytes) => bytes,
            Line::Oversize { head, .. } => head,
        }
    }

    /// How many bytes of an unfinished line are held or were skipped. At a disconnect they are discarded: half a line is no
    /// message.
    pub(super) fn unfinished(&self) -> u64 {
        match &self.unfinished {
            Line::Short(bytes) => bytes.len() as u64,
            Line::Oversize { length, .. } => *length,
        }
    }

    fn finish(&mut self, rest: &[u8]) -> Frame {
        if let Line::Short(held) = &self.unfinished
            && held.is_empty()
            && rest.len() <= self.limit
        {
            return whole(rest);
        }
        self.keep(rest);
        match std::mem::replace(&mut self.unfinished, Line::Short(Vec::new())) {
            Line::Short(line) => whole(&line),
            Line::Oversize {
                head,
                length,
                hash,
                ends_in_cr,
            } => Frame::Oversize(Oversize {
                head,
                length: length - u64::from(ends_in_cr),
                sha256: hex(&hash.finalize()),
            }),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        match &mut self.unfinished {
            Line::Short(line) if line.len() + bytes.len() <= self.limit => line.extend_from_slice(bytes),
            Line::Short(line) => {
                let start = std::mem::take(line);
                self.unfinished = Line::Oversize {
                    head: Bytes::new(),
                    length: 0,
                    hash: Box::new(Sha256::new()),
                    ends_in_cr: false,
                };
                self.skip(&start);
                self.skip(bytes);
            }
            Line::Oversize { .. } => self.skip(bytes),
        }
    }

    fn skip(&mut self, bytes: &[u8]) {
        let Line::Oversize {
            head,
            length,
            hash,
            ends_in_cr,
        } = &mut self.unfinished
        else {
            return;
        };
        let Some((last, body)) = bytes.split_last() else {
            return;
        };
        if head.len() < OVERSIZE_HEAD {
            let more = &bytes[..bytes.len().min(OVERSIZE_HEAD - head.len())];
            *head = [head, more].concat().into();
        }
        *length += bytes.len() as u64;
        // A last CR may be half of the line end: it enters the hash only when something follows it.
        if *ends_in_cr {
            hash.update(b"\r");
        }
        hash.update(body);
        *ends_in_cr = *last == b'\r';
        if !*ends_in_cr {
            hash.update([*last]);
        }
    }
}

fn whole(line: &[u8]) -> Frame {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        Frame::KeepAlive
    } else {
        Frame::Message(Bytes::copy_from_slice(line))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(limit: usize, chunks: &[&[u8]]) -> Vec<Frame> {
        let (mut framer, mut frames) = (Framer::new(limit), Vec::new());
        for chunk in chunks {
            framer.feed(chunk, &mut frames);
        }
        frames
    }

    fn message(text: &'static str) -> Frame {
        Frame::Message(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn both_line_ends_and_keep_alives() {
        let expected = [
            message("{\"a\":\"é\"}"),
            Frame::KeepAlive,
            message("b"),
            Frame::KeepAlive,
            message("c\rd"),
        ];
        assert_eq!(
            frames(100, &["{\"a\":\"é\"}\r\n\r\nb\n\nc\rd\r\nhalf".as_bytes()]),
            expected
        );
    }

    #[test]
    fn every_cut_gives_the_same_frames() {
        let bytes = "{\"a\":\"é🐦\"}\r\n\r\nb\n\r\n".as_bytes();
        let whole = frames(100, &[bytes]);
        for cut in 0..bytes.len() {
            assert_eq!(
                frames(100, &[&bytes[..cut], &bytes[cut..]]),
                whole,
                "cut at {cut}"
            );
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(frames(100, &single), whole);
    }

    #[test]
    fn a_long_line_leaves_head_length_and_hash_and_the_next_line_is_whole() {
        let long = vec![b'x'; 200_000];
        for chunk_size in [7, 1_000, 500_000] {
            for end in ["\n", "\r\n"] {
                let bytes = [&long, end.as_bytes(), b"next\n"].concat();
                let chunks: Vec<&[u8]> = bytes.chunks(chunk_size).collect();
                let Frame::Oversize(over) = &frames(1_000, &chunks)[0] else {
                    panic!("not oversize")
                };
                assert_eq!((over.length, over.head.len()), (200_000, OVERSIZE_HEAD));
                assert_eq!(over.sha256, hex(&Sha256::digest(&long)));
                assert_eq!(frames(1_000, &chunks)[1..], [message("next")]);
            }
        }
    }

    #[test]
    fn what_is_unfinished_is_counted() {
        let mut framer = Framer::new(10);
        framer.feed(b"a\nbcd", &mut Vec::new());
        assert_eq!(framer.unfinished(), 3);
        framer.feed(b"efghijklmnop", &mut Vec::new());
        assert_eq!(framer.unfinished(), 15);
    }

    proptest! {
        #[test]
        fn chunking_never_matters(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..200),
            cuts in proptest::collection::vec(1_usize..9, 0..80),
            limit in 1_usize..20,
        ) {
            let mut rest = &bytes[..];
            let mut chunks = Vec::new();
            for cut in cuts {
                let (chunk, tail) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = tail;
            }
            chunks.push(rest);
            prop_assert_eq!(frames(limit, &chunks), frames(limit, &[&bytes]));
        }
    }
}
