//! Local check of a rule's text, before X is asked: what its parser certainly refuses is an error, what it may refuse a warning.
//! Pure. The language: <https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule>.

use std::fmt;

/// The longest rule of a self-serve account, in characters.
pub const SELF_SERVE_LENGTH: usize = 1_024;
/// The longest rule of an enterprise account, in characters.
pub const ENTERPRISE_LENGTH: usize = 2_048;
/// Operators that cannot make up a rule alone.
const NEED_COMPANY: [&str; 4] = ["is:", "has:", "lang:", "sample:"];

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// X refuses it.
    Error,
    /// X may refuse it.
    Warning,
}

/// What is wrong with a rule's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How sure it is.
    pub severity: Severity,
    /// The character that it is about, counted from 1 as X does.
    pub position: usize,
    /// What is wrong, in one sentence.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at position {})", self.text, self.position)
    }
}

/// A word outside quotes, or one that holds a quoted phrase.
struct Word<'a> {
    position: usize,
    text: &'a str,
}

/// What is wrong with `value`; nothing, if X may take it.
pub fn lint(value: &str) -> Vec<Finding> {
    if value.trim().is_empty() {
        return vec![error(1, "the rule is empty")];
    }
    let mut findings: Vec<_> = length(value).into_iter().chain(balance(value)).collect();
    let words = words(value);
    findings.extend(words.iter().filter_map(keyword));
    findings.extend(positive(&words));
    findings
}

fn error(position: usize, text: impl Into<String>) -> Finding {
    let (severity, text) = (Severity::Error, text.into());
    Finding {
        severity,
        position,
        text,
    }
}

fn warning(position: usize, text: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Warning,
        ..error(position, text)
    }
}

fn length(value: &str) -> Option<Finding> {
    let length = value.chars().count();
    let said = |most| format!("the rule has {length} characters, and {most} are the most");
    if length <= SELF_SERVE_LENGTH {
        return None;
    }
    if length > ENTERPRISE_LENGTH {
        return Some(error(ENTERPRISE_LENGTH + 1, said(ENTERPRISE_LENGTH)));
    }
    let most = said(SELF_SERVE_LENGTH);
    Some(warning(
        SELF_SERVE_LENGTH + 1,
        format!("{most} unless the account is an enterprise's"),
    ))
}

/// A quote or a parenthesis that has no counterpart; within quotes, parentheses are text.
fn balance(value: &str) -> Option<Finding> {
    let (mut quote, mut open, mut escaped) = (None, Vec::new(), false);
    for (position, c) in (1..).zip(value.chars()) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quote = if quote.is_some() { None } else { Some(position) },
            _ if quote.is_some() => {}
            '(' => open.push(position),
            ')' if open.pop().is_none() => {
                return Some(error(position, "the parenthesis closes nothing"));
            }
            _ => {}
        }
    }
    match (quote, open.pop()) {
        (Some(position), _) => Some(error(position, "the quote is not closed")),
        (None, Some(position)) => Some(error(position, "the parenthesis is not closed")),
        (None, None) => None,
    }
}

/// X calls these words ambiguous.
fn keyword(word: &Word<'_>) -> Option<Finding> {
    let Word { position, text } = word;
    match *text {
        "or" => Some(error(*position, "write OR to join, or \"or\" for the word")),
        "and" => Some(error(*position, "a space joins; write \"and\" for the word")),
        _ => None,
    }
}

/// A rule needs something that posts have, and not operators alone that only narrow.
fn positive(words: &[Word<'_>]) -> Option<Finding> {
    let mut terms = words.iter().filter(|word| word.text != "OR").peekable();
    let first = terms.peek()?.position;
    if terms.clone().all(|word| word.text.starts_with('-')) {
        return Some(error(first, "the rule only says what posts must not have"));
    }
    let narrows =
        |text: &str| text.starts_with('-') || NEED_COMPANY.iter().any(|known| text.starts_with(known));
    terms.all(|word| narrows(word.text)).then(|| {
        warning(
            first,
            "operators such as has: and lang: need a word or from: beside them",
        )
    })
}

fn words(value: &str) -> Vec<Word<'_>> {
    let (mut words, mut start, mut quoted, mut escaped) = (Vec::new(), None, false, false);
    for (position, (at, c)) in (1..).zip(value.char_indices()) {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        let between = !quoted && (c.is_whitespace() || matches!(c, '(' | ')'));
        match (start, between) {
            (None, false) => start = Some((position, at)),
            (Some((position, from)), true) => {
                words.push(Word {
                    position,
                    text: &value[from..at],
                });
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|(position, from)| Word {
        position,
        text: &value[from..],
    }));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_x_takes_is_not_complained_of() {
        for rule in [
            "cats has:images",
            "(cat OR dog) -is:retweet lang:en",
            "\"to be or not to be (or so)\"",
            "\"a \\\" quote\" -b",
            "from:x",
            "point_radius:[2.355128 48.861118 16km] android",
            "context:12.*",
            "灯台 OR 🐈",
            "-a b",
            "-(a b)",
            "\"a b\"~3",
            "android",
        ] {
            assert_eq!(lint(rule), [], "{rule}");
        }
        assert_eq!(lint(&"é".repeat(SELF_SERVE_LENGTH)), []);
    }

    #[test]
    fn each_mistake_is_one_sentence_with_its_place() {
        for (rule, said) in [
            ("", "the rule is empty (at position 1)"),
            (" \t", "the rule is empty (at position 1)"),
            (
                "cats or dogs",
                "write OR to join, or \"or\" for the word (at position 6)",
            ),
            (
                "cats and dogs",
                "a space joins; write \"and\" for the word (at position 6)",
            ),
            ("(cats", "the parenthesis is not closed (at position 1)"),
            ("cats (a) )", "the parenthesis closes nothing (at position 10)"),
            ("灯 \"台", "the quote is not closed (at position 3)"),
            (
                "-a -b",
                "the rule only says what posts must not have (at position 1)",
            ),
            (
                "(-a OR -b)",
                "the rule only says what posts must not have (at position 2)",
            ),
        ] {
            let findings = lint(rule);
            assert_eq!(findings[0].severity, Severity::Error, "{rule}");
            assert_eq!(findings[0].to_string(), said);
        }
    }

    #[test]
    fn what_some_accounts_may_write_is_a_warning() {
        for rule in ["has:images", "a".repeat(SELF_SERVE_LENGTH + 1).as_str()] {
            assert_eq!(lint(rule)[0].severity, Severity::Warning, "{rule}");
        }
        assert_eq!(
            lint(&"a".repeat(ENTERPRISE_LENGTH + 1))[0].severity,
            Severity::Error
        );
    }
}
