//! Syntax colouring of one line of JSON, for a terminal.

const KEY: &str = "\x1b[36m";
const TEXT: &str = "\x1b[32m";
const VALUE: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// The line with names, texts and other values in colours of their own, and without anything that a terminal would obey: JSON has
/// no control characters but those above ASCII.
pub(super) fn coloured(json: &str) -> String {
    let mut shown = String::with_capacity(json.len() * 2);
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let (length, colour) = match first {
            '"' => {
                let length = text_length(rest);
                let is_key = rest[length..].trim_start().starts_with(':');
                (length, if is_key { KEY } else { TEXT })
            }
            _ if first.is_alphanumeric() || first == '-' => (value_length(rest), VALUE),
            _ => (first.len_utf8(), ""),
        };
        let plain = if colour.is_empty() { "" } else { PLAIN };
        shown.push_str(colour);
        put(&rest[..length], &mut shown);
        shown.push_str(plain);
        rest = &rest[length..];
    }
    shown
}

fn put(text: &str, shown: &mut String) {
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
}

/// `"…"` with its escapes.
fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A number, `true`, `false`, `null`.
fn value_length(rest: &str) -> usize {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '+' | '.');
    rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_texts_and_values_differ_and_nothing_else_changes() {
        let json = r#"{"a":"b:\"c\"","d" : [1.5e-3,null, true],"e":{}}"#;
        let shown = coloured(json);
        for part in [
            format!(r#"{KEY}"a"{PLAIN}:{TEXT}"b:\"c\""{PLAIN}"#),
            format!(r#"{KEY}"d"{PLAIN} : [{VALUE}1.5e-3{PLAIN},{VALUE}null{PLAIN}"#),
        ] {
            assert!(shown.contains(&part), "{shown}");
        }
        let plain = [KEY, TEXT, VALUE, PLAIN]
            .iter()
            .fold(shown, |shown, colour| shown.replace(colour, ""));
        assert_eq!(plain, json);
    }

    #[test]
    fn a_terminal_is_told_nothing_by_what_passes() {
        let shown = coloured("{\"a\":\"\u{9b}31m\u{1b}[2Jé\"}");
        assert!(shown.contains(r"\u{9b}31m\u{1b}[2Jé"), "{shown:?}");
    }

    #[test]
    fn half_a_line_is_shown_as_far_as_it_goes() {
        for half in ["\"a", "{\"a\":1", "\"\\", "-", ""] {
            assert!(coloured(half).len() >= half.len());
        }
    }
}
