//! Scanner for the id of an object, which finds it without parsing the object a second time.

use std::borrow::Cow;

use memchr::memchr2;
use serde_json::value::RawValue;

/// The exact text of an id, without quotes.
pub(super) struct Id<'a>(pub(super) &'a str);

impl<'a> Id<'a> {
    /// The member `id` of an object, string or number: the first, should it be there twice.
    ///
    /// The text has been read once as valid JSON, so strings and brackets are all that is to be told apart.
    pub(super) fn of(object: &'a RawValue) -> Option<Self> {
        let text = object.get();
        let (mut at, mut depth) = (0, 0);
        loop {
            match text.as_bytes().get(at)? {
                b'"' => {
                    let end = string_end(text, at)?;
                    // Of the strings in an object itself, those before a colon are names.
                    if depth == 1
                        && let Some(value) = text[end..].trim_ascii_start().strip_prefix(':')
                        && name(&text[at..end]).is_some_and(|name| name == "id")
                    {
                        return Self::from_value(value.trim_ascii_start());
                    }
                    at = end;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
    }

    /// The id that `text` begins with.
    fn from_value(text: &'a str) -> Option<Self> {
        let id = match text.as_bytes().first()? {
            b'"' => &text[1..string_end(text, 0)? - 1],
            b'-' | b'0'..=b'9' => text.split([',', '}', ' ', '\t', '\r', '\n']).next()?,
            _ => return None,
        };
        (!id.is_empty()).then_some(Self(id))
    }
}

/// Where the string that begins at `start` ends, quotes and all.
fn string_end(text: &str, start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', text.as_bytes().get(at..)?)?;
        if text.as_bytes()[at] == b'"' {
            return Some(at + 1);
        }
        // Whatever is escaped, be it a quote.
        at += 2;
    }
}

/// The name that a string of JSON spells; `None` if it holds half a surrogate pair, which is no text.
pub(super) fn name(string: &str) -> Option<Cow<'_, str>> {
    if string.contains('\\') {
        return serde_json::from_str(string).ok();
    }
    string.get(1..string.len() - 1).map(Cow::Borrowed)
}
