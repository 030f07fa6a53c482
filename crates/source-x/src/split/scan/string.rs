//! Strings: passed eight bytes at a time.

use super::{NotJson, Passed, Scan, good};

const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES << 7;

impl Scan<'_> {
    /// Passes a string.
    #[inline]
    pub(super) fn string(&mut self) -> Passed {
        let start = self.at + 1;
        let (at, ascii) = self.stop(start);
        if ascii && self.text.get(at) == Some(&b'"') {
            self.at = at + 1;
            return Ok(());
        }
        self.odd_string(start, at)
    }

    /// Passes a string that is more than plain ASCII, with its first stop.
    #[inline(never)]
    fn odd_string(&mut self, start: usize, mut at: usize) -> Passed {
        while self.text.get(at) == Some(&b'\\') {
            (at, _) = self.stop(self.escape(at)?);
        }
        good(self.text.get(at) == Some(&b'"'))?;
        self.at = at + 1;
        good(std::str::from_utf8(&self.text[start..at]).is_ok())
    }

    /// Where a string stops that goes on at a place: at a quote, a backslash, a control character, or the end of the text.
    /// Whether all before that is ASCII.
    #[inline]
    fn stop(&self, mut at: usize) -> (usize, bool) {
        let mut seen = 0;
        while let Some(word) = self.text.get(at..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_le_bytes(*word);
            let stops = stops(word);
            seen |= word;
            if stops != 0 {
                return (at + stops.trailing_zeros() as usize / 8, seen & HIGH == 0);
            }
            at += size_of::<u64>();
        }
        self.last_stop(at)
    }

    /// A stop in the last bytes, which are no whole word.
    #[cold]
    fn last_stop(&self, at: usize) -> (usize, bool) {
        let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let rest = self.text.get(at..).unwrap_or_default();
        let before = rest.iter().position(stop).unwrap_or(rest.len());
        (at + before, false)
    }

    /// Where the escape at a place ends.
    fn escape(&self, at: usize) -> Passed<usize> {
        match &self.text[at + 1..] {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Ok(at + 2),
            [b'u', hex @ ..] => {
                let digits = hex.first_chunk::<4>().ok_or(NotJson)?;
                good(digits.iter().all(u8::is_ascii_hexdigit))?;
                Ok(at + 6)
            }
            _ => Err(NotJson),
        }
    }
}

/// The high bit of each byte at which a string stops: quote, backslash, control character. Only the first is to be trusted,
/// for a borrow may run on from it.
#[inline]
const fn stops(word: u64) -> u64 {
    // Flips quote (0x22) and space (0x20), so that quote and all controls are what is below 0x21.
    let below = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (below | backslash) & !word & HIGH
}
