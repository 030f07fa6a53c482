//! Escaping of JSON strings, by hand, so that nothing here can hide a fault of the JSON library under test.

use std::fmt::Write;

/// The text as a JSON string, quotes included; characters beyond ASCII stay UTF-8, as in v2.
pub(crate) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => escape(&mut out, u32::from(c) as u16),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The same JSON with surrogate pairs: characters beyond the basic plane as two `\u` escapes, as v1.1 wrote them.
pub(crate) fn with_surrogates(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if u32::from(c) > 0xFFFF {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escape(&mut out, *unit);
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The same JSON in ASCII, slashes escaped, too: as v1.1 wrote it.
pub(crate) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    escape(&mut out, *unit);
                }
            }
        }
    }
    out
}

fn escape(out: &mut String, unit: u16) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{unit:04x}");
}
