//! Chunked transfer coding, with borders where we want them.

use fastrand::Rng;

use crate::settings::Chunking;

/// The end of a body.
pub(crate) const LAST: &[u8] = b"0\r\n\r\n";

/// Room at the front of a batch for its chunk size.
const SIZE: usize = 10;

/// Bytes of a body on their way into chunks.
#[derive(Debug)]
pub(crate) struct Chunker {
    chunking: Chunking,
    rng: Rng,
    /// [`SIZE`] spare bytes, then the body.
    batch: Vec<u8>,
    /// The same in random chunks.
    cut: Vec<u8>,
    /// (coded bytes up to the end of a chunk's data, body bytes up to there), in order.
    marks: Vec<(usize, usize)>,
}

impl Chunker {
    pub(crate) fn new(chunking: Chunking, seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        Chunker {
            chunking,
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
        let length = self.len();
        match self.chunking {
            Chunking::WholeBatches => {
                let size = format!("{length:08x}\r\n");
                self.batch[..SIZE].copy_from_slice(size.as_bytes());
                self.marks.push((self.batch.len(), length));
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
                    self.marks.push((self.cut.len(), from));
                    self.cut.extend_from_slice(b"\r\n");
                }
                &self.cut
            }
        }
    }

    /// Body bytes among the first so many coded bytes, and an empty batch again.
    pub(crate) fn taken(&mut self, coded: usize) -> usize {
        self.batch.truncate(SIZE);
        let at = self.marks.partition_point(|(end, _)| *end <= coded);
        let whole = if at == 0 { 0 } else { self.marks[at - 1].1 };
        let Some((end, body)) = self.marks.get(at) else {
            return whole;
        };
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
pub(crate) fn broken(data: &[u8], sent: usize) -> Vec<u8> {
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
            let mut chunker = Chunker::new(chunking, 5);
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
}
