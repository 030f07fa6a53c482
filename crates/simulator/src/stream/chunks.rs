//! Chunked transfer coding, with borders where we want them.

use fastrand::Rng;

use crate::http::coding::{Coding, Encoder};
use crate::settings::Chunking;

/// The end of a body.
const LAST: &[u8] = b"0\r\n\r\n";

/// Room at the front of a batch for its chunk size.
const SIZE: usize = 10;

/// Bytes of a body on their way into chunks.
#[derive(Debug)]
pub(crate) struct Chunker {
    chunking: Chunking,
    encoder: Encoder,
    rng: Rng,
    /// [`SIZE`] spare bytes, then the body.
    batch: Vec<u8>,
    /// The same, coded, in random chunks.
    cut: Vec<u8>,
    /// (coded bytes up to the end of a chunk's data, body bytes up to there), in order.
    marks: Vec<(usize, usize)>,
}

impl Chunker {
    pub(crate) fn new(chunking: Chunking, coding: Coding, seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        Chunker {
            chunking,
            encoder: Encoder::new(coding),
            rng,
            batch: vec![b'0'; SIZE],
            cut: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// The batch, to append body bytes to.
    pub(crate) fn batch(&mut self) -> &mut Vec<u8> {
        &mut self.batch
    }

    /// The length of the batch, spare bytes included.
    pub(crate) fn batch_len(&self) -> usize {
        self.batch.len()
    }

    /// Body bytes in the batch.
    pub(crate) fn len(&self) -> usize {
        self.batch.len() - SIZE
    }

    /// The batch in chunks, ready to be sent.
    pub(crate) fn encode(&mut self) -> &[u8] {
        self.marks.clear();
        let body = self.len();
        self.encoder.code(&mut self.batch, SIZE);
        let length = self.len();
        match self.chunking {
            Chunking::WholeBatches => {
                let size = format!("{length:08x}\r\n");
                self.batch[..SIZE].copy_from_slice(size.as_bytes());
                self.marks.push((self.batch.len(), body));
                self.batch.extend_from_slice(b"\r\n");
                &self.batch
            }
            Chunking::Random => {
                self.cut.clear();
                let mut from = 0;
                while from < length {
                    let size = size(&self.batch[SIZE + from..], &mut self.rng);
                    self.cut.extend_from_slice(format!("{size:x}\r\n").as_bytes());
                    self.cut
                        .extend_from_slice(&self.batch[SIZE + from..SIZE + from + size]);
                    from += size;
                    let whole = if from == length { body } else { 0 };
                    let upto = if self.encoder.is_opaque() { whole } else { from };
                    self.marks.push((self.cut.len(), upto));
                    self.cut.extend_from_slice(b"\r\n");
                }
                &self.cut
            }
        }
    }

    /// The end of the body.
    pub(crate) fn last(&mut self) -> Vec<u8> {
        let coded = self.encoder.finish();
        let mut last = Vec::new();
        if !coded.is_empty() {
            last = broken(&coded, coded.len());
            last.extend_from_slice(b"\r\n");
        }
        last.extend_from_slice(LAST);
        last
    }

    /// A chunk that ends in the middle of its data; gives it with how many body bytes it holds.
    pub(crate) fn broken(&mut self, mut data: Vec<u8>, sent: usize) -> (Vec<u8>, usize) {
        self.encoder.code(&mut data, 0);
        if self.encoder.is_opaque() {
            return (broken(&data, data.len() / 2), 0);
        }
        (broken(&data, sent), sent)
    }

    /// Body bytes among the first so many coded bytes, and an empty batch again.
    pub(crate) fn taken(&mut self, coded: usize) -> usize {
        self.batch.truncate(SIZE);
        let at = self.marks.partition_point(|(end, _)| *end <= coded);
        let whole = if at == 0 { 0 } else { self.marks[at - 1].1 };
        let Some((end, body)) = self.marks.get(at) else {
            return whole;
        };
        if self.encoder.is_opaque() {
            return whole;
        }
        // The part of a chunk's data that went: its data ends at `end`.
        whole.max(body.saturating_sub(end - coded))
    }
}

/// The size of a random chunk at the front of some data. One in four is made to end in a nasty place: between CR and LF
/// or inside a UTF-8 sequence.
fn size(data: &[u8], rng: &mut Rng) -> usize {
    let nasty = match rng.u8(0..8) {
        0 => data.iter().skip(1).position(|byte| *byte == b'\n'),
        1 => data.iter().skip(1).position(|byte| byte & 0xC0 == 0x80),
        _ => None,
    };
    let most = if rng.u8(0..3) == 0 { 8 } else { 3000 };
    nasty.map_or_else(|| rng.usize(1..=most).min(data.len()), |at| at + 1)
}

/// A chunk whose size promises all of the data, of which only the first part follows.
fn broken(data: &[u8], sent: usize) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(&data[..sent]);
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_counts_body_bytes_only() {
        for chunking in [Chunking::Random, Chunking::WholeBatches] {
            let mut chunker = Chunker::new(chunking, Coding::Identity, 5);
            let body: Vec<u8> = (0..5000_u32).map(|at| b'A' + (at % 26) as u8).collect();
            chunker.batch().extend_from_slice(&body);
            let coded = chunker.encode().to_vec();
            let mut last = 0;
            for cut in 0..=coded.len() {
                let taken = chunker.taken(cut);
                // Chunk sizes are in small letters and digits, the body in capitals.
                let seen = coded[..cut]
                    .iter()
                    .filter(|byte| byte.is_ascii_uppercase())
                    .count();
                assert_eq!(taken, seen, "{chunking:?} at {cut}");
                assert!(taken >= last);
                last = taken;
            }
            assert_eq!(last, body.len());
        }
    }

    #[test]
    fn of_gzip_only_what_is_whole_counts() {
        for chunking in [Chunking::Random, Chunking::WholeBatches] {
            let mut chunker = Chunker::new(chunking, Coding::Gzip, 5);
            chunker.batch().extend_from_slice(&b"harbour ".repeat(5_000));
            let coded = chunker.encode().len();
            assert!(coded < 40_000 && coded > 10);
            // Without the line end of the last chunk.
            assert_eq!(chunker.taken(coded - 2), 40_000);
            assert_eq!(chunker.taken(coded - 3), 0);
        }
    }
}
