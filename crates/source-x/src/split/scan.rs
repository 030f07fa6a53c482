//! Structural scan: passes over JSON once, checks all of it, and builds nothing.
//!
//! It takes and refuses what serde_json's `RawValue` does (RFC 8259; half surrogate pairs pass, nesting has no limit), which
//! the tests hold it against. What is outside strings is ASCII, or refused; so UTF-8 is checked in strings alone, and only in
//! those with a byte that is not ASCII.

use stream_core::model::Span;

/// The text is no JSON, or no UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotJson;

pub(super) type Passed<T = ()> = Result<T, NotJson>;

/// A place in a text, all of which before it has been found good.
pub(super) struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// What closes the brackets around the innermost one, in the value that is being passed.
    open: Vec<u8>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
        }
    }

    /// Whether a string spells `name`; one that holds half a surrogate pair is no text, and spells nothing.
    #[inline]
    pub(super) fn spells(&self, string: Span, name: &str) -> bool {
        let inside = string.range();
        let text = &self.text[inside.clone()];
        text == name.as_bytes() || (text.contains(&b'\\') && self.spells_escaped(string, name))
    }

    #[cold]
    fn spells_escaped(&self, string: Span, name: &str) -> bool {
        let inside = string.range();
        let quoted = &self.text[inside.start - 1..=inside.end];
        serde_json::from_slice(quoted).is_ok_and(|text: String| text == name)
    }
    /// The byte that the next token begins with; 0, with which no token begins, at the end.
    #[inline]
    pub(super) fn token(&mut self) -> u8 {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                byte => return byte.copied().unwrap_or(0),
            }
        }
    }

    /// The text ends here, but for space.
    pub(super) fn end(&mut self) -> Passed {
        self.token();
        good(self.at == self.text.len())
    }

    /// Passes an object, which begins here: `each` is given every member's name, and passes the member's value.
    #[inline]
    pub(super) fn members(&mut self, mut each: impl FnMut(&mut Self, Span) -> Passed) -> Passed<Span> {
        let start = self.at;
        self.at += 1;
        let mut token = self.token();
        while token != b'}' {
            let name = self.name()?;
            each(self, name)?;
            token = self.token();
            if token == b',' {
                self.at += 1;
                // A name follows, and not the end.
                good(self.token() == b'"')?;
            } else {
                good(token == b'}')?;
            }
        }
        self.at += 1;
        Ok(Span::at(start, self.at))
    }

    /// Passes a value of any kind and depth.
    pub(super) fn value(&mut self) -> Passed<Span> {
        let mut token = self.token();
        let start = self.at;
        // What closes the innermost bracket, 0 if none is open; whether a name is due.
        let (mut close, mut naming) = (0, false);
        loop {
            match token {
                b'"' => self.string()?,
                _ if naming => return Err(NotJson),
                b'{' | b'[' => {
                    self.at += 1;
                    self.open.push(close);
                    // In ASCII, two places on.
                    close = token + 2;
                    token = self.token();
                    if token != close {
                        naming = close == b'}';
                        continue;
                    }
                }
                _ => self.scalar(token)?,
            }
            if naming {
                self.colon()?;
                naming = false;
            } else if self.another(&mut close)? {
                naming = close == b'}';
            } else {
                return Ok(Span::at(start, self.at));
            }
            token = self.token();
        }
    }

    /// From the end of a value to what follows a comma; `false` if all is closed before one comes.
    #[inline]
    fn another(&mut self, close: &mut u8) -> Passed<bool> {
        while *close != 0 {
            let token = self.token();
            self.at += 1;
            if token == b',' {
                return Ok(true);
            }
            good(token == *close)?;
            *close = self.open.pop().unwrap_or(0);
        }
        Ok(false)
    }

    /// Passes a member's name and its colon.
    #[inline]
    fn name(&mut self) -> Passed<Span> {
        good(self.token() == b'"')?;
        let start = self.at + 1;
        self.string()?;
        let name = Span::at(start, self.at - 1);
        self.colon()?;
        Ok(name)
    }

    #[inline]
    fn colon(&mut self) -> Passed {
        good(self.token() == b':')?;
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn scalar(&mut self, first: u8) -> Passed {
        match first {
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => Err(NotJson),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Passed {
        good(self.text[self.at..].starts_with(word))?;
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Passed {
        self.skip(b"-");
        if !self.skip(b"0") {
            self.digits()?;
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Passed {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        good(self.at > start)
    }

    /// Passes one byte if it is one of these.
    #[inline]
    fn skip(&mut self, bytes: &[u8]) -> bool {
        let found = self.text.get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(found);
        found
    }

    /// Passes a string.
    #[inline]
    fn string(&mut self) -> Passed {
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

const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES << 7;

/// The high bit of each byte at which a string stops: quote, backslash, control character. Only the first is to be trusted,
/// for a borrow may run on from it.
#[inline]
const fn stops(word: u64) -> u64 {
    // Flips quote (0x22) and space (0x20), so that quote and all controls are what is below 0x21.
    let below = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (below | backslash) & !word & HIGH
}

#[inline]
fn good(so: bool) -> Passed {
    if so { Ok(()) } else { Err(NotJson) }
}
