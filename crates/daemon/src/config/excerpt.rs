//! Excerpt: a line of the file with a caret under the place of a mistake. Keys, flags and short numbers are shown; other values
//! are not, for each may be a secret.

use std::ops::Range;

/// In place of a text.
const BLOT: char = '…';
/// What is longer is no key: the inside of a certificate, say.
const LONGEST_KEY: usize = 64;
/// A longer number may be a password.
const LONGEST_NUMBER: usize = 5;

/// Line `number`, which is `line`, with carets under its bytes `marked`.
pub(super) fn excerpt(number: usize, line: &str, marked: Range<usize>) -> String {
    let (shown, columns) = blotted(line);
    let column = |byte: usize| columns.get(byte).copied().unwrap_or(shown.chars().count());
    let (start, end) = (column(marked.start), column(marked.end));
    let number = number.to_string();
    let (margin, before) = (" ".repeat(number.len()), " ".repeat(start));
    let carets = "^".repeat(end.saturating_sub(start).max(1));
    format!("{number} | {shown}\n{margin} | {before}{carets}")
}

/// The line without its texts and its comment, and for each of its bytes the column where that is now.
fn blotted(line: &str) -> (String, Vec<usize>) {
    let mut shown = String::new();
    let mut columns = Vec::with_capacity(line.len());
    let (mut width, mut rest) = (0, line);
    let mut is_key = names_keys(line);
    while let Some((piece, what)) = next(rest) {
        rest = &rest[piece.len()..];
        is_key &= piece != "=";
        let text = match what {
            Piece::Comment => break,
            Piece::Text | Piece::Word if !is_key => BLOT.to_string(),
            _ if piece.chars().any(char::is_control) => " ".to_owned(),
            _ => piece.to_owned(),
        };
        let wide = text.chars().count();
        let place = |byte| {
            let before = piece.char_indices().take_while(|(at, _)| *at < byte).count();
            width + before.min(wide.saturating_sub(1))
        };
        columns.extend((0..piece.len()).map(place));
        width += wide;
        shown += &text;
    }
    (shown, columns)
}

/// Whether the line begins with a key or the head of a table.
fn names_keys(line: &str) -> bool {
    let key = match line.split_once('=') {
        Some((key, _)) => key,
        None if line.trim_start().starts_with('[') => line,
        None => return false,
    };
    key.len() <= LONGEST_KEY
}

enum Piece {
    /// In quotes, up to its end or that of the line.
    Text,
    /// A bare word that is neither a short number nor a flag.
    Word,
    Comment,
    Other,
}

/// The first piece of what is left of a line.
fn next(rest: &str) -> Option<(&str, Piece)> {
    let first = rest.chars().next()?;
    let is_word = |c: char| c.is_alphanumeric() || "_-+.:/@".contains(c);
    Some(match first {
        '"' | '\'' => (&rest[..end_of_text(rest, first)], Piece::Text),
        '#' => (rest, Piece::Comment),
        c if is_word(c) => {
            let word = rest.split_once(|c| !is_word(c)).map_or(rest, |(word, _)| word);
            let is_number = word.len() <= LONGEST_NUMBER && word.parse::<f64>().is_ok();
            let plain = is_number || matches!(word, "true" | "false");
            (word, if plain { Piece::Other } else { Piece::Word })
        }
        c => (&rest[..c.len_utf8()], Piece::Other),
    })
}

fn end_of_text(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let mut inside = rest.char_indices().skip(1);
    let end = inside.find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && quote == '"' && !escaped;
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_short_numbers_and_flags_are_shown_and_nothing_else_is() {
        for (line, shown) in [
            ("endpont = \"search\" # why", "endpont = … "),
            ("port = 94 64", "port = 94 64"),
            ("max_retries = true", "max_retries = true"),
            ("password = hunter2", "password = …"),
            ("url = \"amqp://bird:s3c\\\"ret@a\", x = 'y", "url = …, … = …"),
            ("password = 20261128", "password = …"),
            ("[sink.\"a\"]", "[sink.\"a\"]"),
            ("tweet = [\"create_at\", \"text\"]", "tweet = […, …]"),
            ("hunter2", "…"),
            ("  \"s3cret\",", "  …,"),
            ("\u{1b}[2J = 1", " [2J = 1"),
            (&format!("{}==", "A".repeat(70)), "…=="),
        ] {
            assert_eq!(blotted(line).0, shown);
        }
    }

    #[test]
    fn the_carets_stand_under_the_place() {
        assert_eq!(excerpt(12, "endpont = 1", 0..7), "12 | endpont = 1\n   | ^^^^^^^");
        assert_eq!(
            excerpt(3, "a = [\"secret\", \"b\"]", 15..18),
            "3 | a = […, …]\n  |         ^"
        );
        assert_eq!(excerpt(1, "ü = \"ü", 5..5), "1 | ü = …\n  |     ^");
        assert_eq!(excerpt(1, "", 0..9), "1 | \n  | ^");
    }
}
