//! Bytes to frames: lines, cut on LF (a CR before it goes too), bounded in length; or messages of lengths that were announced.
//!
//! X ends messages with CRLF and keeps quiet streams alive with empty lines; chunk boundaries mean nothing
//! (<https://docs.x.com/x-api/fundamentals/consuming-streaming-data>).
//!
//! With lengths, a line that announces none that can be believed is a message of its own. So a length that is wrong costs the
//! message that it was for, and perhaps the next: both become dead letters, and the framer is in step again at the next line.

use bytes::Bytes;
use memchr::memchr;
use sha2::{Digest, Sha256};

use crate::model::{Frame, Oversize, hex};
use crate::source::Framing;

/// The longest line that is taken whole, in bytes. X publishes no limit; posts with everything expanded were seen at 13 KB.
pub const MAX_LINE: usize = 8 * 1024 * 1024;

/// How much of a longer line is kept for its dead letter.
const OVERSIZE_HEAD: usize = 64 * 1024;

/// Framing: cuts lines or messages out of chunks. Holds at most one that is unfinished, never more than the limit.
#[derive(Debug)]
pub(super) struct Framer {
    framing: Framing,
    limit: usize,
    unfinished: Line,
    /// How much of a message is still to come whose length was announced.
    due: usize,
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
    /// A framer that takes lines and messages of up to `limit` bytes whole.
    pub(super) fn new(framing: Framing, limit: usize) -> Self {
        Self {
            framing,
            limit,
            unfinished: Line::Short(Vec::new()),
            due: 0,
        }
    }

    /// Appends the frames that `chunk` completes to `frames`.
    pub(super) fn feed(&mut self, mut chunk: &[u8], frames: &mut Vec<Frame>) {
        loop {
            let (end, next) = match (self.due, memchr(b'\n', chunk)) {
                (0, Some(lf)) => (lf, lf + 1),
                (due, _) if due > 0 && due <= chunk.len() => (due, due),
                _ => break,
            };
            let was_announced = std::mem::take(&mut self.due) > 0;
            let frame = self.finish(&chunk[..end]);
            chunk = &chunk[next..];
            match self.announced(&frame) {
                Some(length) if !was_announced => self.due = length,
                _ => frames.push(frame),
            }
        }
        self.due = self.due.saturating_sub(chunk.len());
        self.keep(chunk);
    }

    /// The length that a line announces: one that there can be.
    fn announced(&self, line: &Frame) -> Option<usize> {
        let (Framing::Lengths, Frame::Message(line)) = (self.framing, line) else {
            return None;
        };
        // A sign would be parsed, too.
        if !line.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let length = std::str::from_utf8(line).ok()?.parse().ok()?;
        (1..=self.limit).contains(&length).then_some(length)
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

/// The frame of a line, or of a message with its line end.
fn whole(line: &[u8]) -> Frame {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
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
        framed(Framing::Lines, limit, chunks)
    }

    fn framed(framing: Framing, limit: usize, chunks: &[&[u8]]) -> Vec<Frame> {
        let (mut framer, mut frames) = (Framer::new(framing, limit), Vec::new());
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
        let mut framer = Framer::new(Framing::Lines, 10);
        framer.feed(b"a\nbcd", &mut Vec::new());
        assert_eq!(framer.unfinished(), 3);
        framer.feed(b"efghijklmnop", &mut Vec::new());
        assert_eq!(framer.unfinished(), 15);
    }

    /// A message as X sends it with `delimited=length`.
    fn with_length(message: &[u8]) -> Vec<u8> {
        [format!("{}\r\n", message.len() + 2).as_bytes(), message, b"\r\n"].concat()
    }

    #[test]
    fn announced_messages_may_hold_line_feeds_and_keep_alives_stand_between_them() {
        let bytes = [
            &b"\r\n\n"[..],
            &with_length(b"{\n\r\n}"),
            b"\r\n",
            &with_length("é".as_bytes()),
            b"5\r\n{\"a",
        ]
        .concat();
        let expected = [
            Frame::KeepAlive,
            Frame::KeepAlive,
            message("{\n\r\n}"),
            Frame::KeepAlive,
            message("é"),
        ];
        for size in 1..bytes.len() {
            let chunks: Vec<_> = bytes.chunks(size).collect();
            assert_eq!(
                framed(Framing::Lengths, 100, &chunks),
                expected,
                "chunks of {size}"
            );
        }
    }

    #[test]
    fn a_wrong_length_costs_two_messages_at_most_and_nothing_is_silent() {
        let next = with_length(b"{\"next\":1}");
        let broken: [(&[u8], &[&str]); 7] = [
            // Two too few, as if the line end did not count: nothing is lost.
            (b"7\r\n{\"a\":1}\r\n", &["{\"a\":1}", ""]),
            (b"4\r\n{\"a\":1}\r\n", &["{\"a\"", ":1}"]),
            (
                b"99999999999999999999\r\n{\"a\":1}\r\n",
                &["99999999999999999999", "{\"a\":1}"],
            ),
            (b"101\r\n{\"a\":1}\r\n", &["101", "{\"a\":1}"]),
            (b"-9\r\n{\"a\":1}\r\n", &["-9", "{\"a\":1}"]),
            (b"0\r\n{\"a\":1}\r\n", &["0", "{\"a\":1}"]),
            // Lengths were asked for, and none come.
            (b"{\"a\":1}\r\n", &["{\"a\":1}"]),
        ];
        for (bytes, expected) in broken {
            let found = framed(Framing::Lengths, 100, &[bytes, &next]);
            let expected = expected.iter().map(|line| match *line {
                "" => Frame::KeepAlive,
                line => message(line),
            });
            let expected: Vec<_> = expected.chain([message("{\"next\":1}")]).collect();
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(bytes));
        }
        // Three too many take the next message's length with them.
        let long = framed(Framing::Lengths, 100, &[b"12\r\n{\"a\":1}\r\n", &next, &next]);
        assert_eq!(long.last(), Some(&message("{\"next\":1}")));
        assert!(long.len() <= 4, "{long:?}");
    }

    fn cut<'b>(mut bytes: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
        let mut chunks = Vec::new();
        for cut in cuts {
            let (chunk, tail) = bytes.split_at((*cut).min(bytes.len()));
            chunks.push(chunk);
            bytes = tail;
        }
        chunks.push(bytes);
        chunks
    }

    fn marks(bytes: &[u8]) -> u64 {
        bytes.iter().map(|byte| u64::from(*byte == b'x')).sum()
    }

    proptest! {
        #[test]
        fn chunking_never_matters(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x'), b'0'..=b'9'], 0..200),
            cuts in proptest::collection::vec(1_usize..9, 0..80),
            limit in 1_usize..20,
            framing in prop_oneof![Just(Framing::Lines), Just(Framing::Lengths)],
        ) {
            prop_assert_eq!(framed(framing, limit, &cut(&bytes, &cuts)), framed(framing, limit, &[&bytes]));
        }

        #[test]
        fn what_was_announced_comes_out_as_it_went_in(
            messages in proptest::collection::vec("[a-z\\n\\r]{0,20}[a-z}]", 1..20),
            cuts in proptest::collection::vec(1_usize..30, 0..80),
        ) {
            let bytes: Vec<u8> = messages.iter().flat_map(|message| with_length(message.as_bytes())).collect();
            let expected: Vec<_> = messages.into_iter().map(|text| Frame::Message(text.into())).collect();
            prop_assert_eq!(framed(Framing::Lengths, 100, &cut(&bytes, &cuts)), expected);
        }

        #[test]
        fn what_is_held_is_bounded_and_every_byte_is_told_of(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), b'0'..=b'3'], 0..300),
            limit in 1_usize..40,
        ) {
            let (mut framer, mut frames) = (Framer::new(Framing::Lengths, limit), Vec::new());
            let mut letters = 0;
            for byte in bytes.chunks(1) {
                framer.feed(byte, &mut frames);
                prop_assert!(framer.due <= limit);
                let skipped = matches!(&framer.unfinished, Line::Oversize { .. });
                prop_assert!(skipped || framer.unfinished() <= limit as u64);
                letters += u64::from(byte == b"x");
            }
            let told: u64 = frames.iter().map(|frame| match frame {
                Frame::Message(text) => marks(text),
                Frame::Oversize(over) => marks(&over.head),
                Frame::KeepAlive => 0,
            }).sum();
            let held = marks(framer.rest());
            prop_assert_eq!(told + held, letters);
        }
    }
}
