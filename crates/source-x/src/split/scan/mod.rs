//! Structural scan: passes over JSON once, checks all of it, and builds nothing.
//!
//! It takes and refuses what serde_json's `RawValue` does (RFC 8259; half surrogate pairs pass, nesting has no limit), which
//! the tests hold it against. What is outside strings is ASCII, or refused; so UTF-8 is checked in strings alone, and only in
//! those with a byte that is not ASCII.

mod string;

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
            // After a comma, `token` is no end: a name must follow.
            if token == b',' {
                self.at += 1;
            } else {
                good(token == b'}')?;
            }
        }
        self.at += 1;
        Ok(Span::at(start, self.at))
    }

    /// Passes a list, which begins here: `each` is told where every item lies.
    pub(super) fn items(&mut self, mut each: impl FnMut(Span) -> Passed) -> Passed {
        self.at += 1;
        if self.skip_token(b']') {
            return Ok(());
        }
        loop {
            let item = self.value()?;
            each(item)?;
            if self.skip_token(b']') {
                return Ok(());
            }
            good(self.skip_token(b','))?;
        }
    }

    /// Passes a token of one byte if it is the next.
    fn skip_token(&mut self, token: u8) -> bool {
        let found = self.token() == token;
        self.at += usize::from(found);
        found
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
}

#[inline]
fn good(so: bool) -> Passed {
    if so { Ok(()) } else { Err(NotJson) }
}
