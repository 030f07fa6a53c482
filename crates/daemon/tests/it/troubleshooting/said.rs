//! What the program can complain of, as its source has it: every warning and error of the log, and the texts of those files whose
//! errors become the reasons of `/readyz`, `/status` and `check`. What a text is filled with at run time is `…`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::architecture::source::{is_text, sorted, tokens_and_texts};

/// The crates that are in the daemon.
const CRATES: [&str; 7] = [
    "daemon",
    "journal",
    "sink-amqp",
    "sink-file",
    "sink-kafka",
    "source-x",
    "stream-core",
];
/// Files whose longer texts are reasons, or what to do.
const REASONS: [&str; 11] = [
    "daemon/src/admin/health.rs",
    "daemon/src/commands/verify/advice.rs",
    "sink-amqp/src/error.rs",
    "sink-file/src/check.rs",
    "sink-kafka/src/brokers/mod.rs",
    "sink-kafka/src/check.rs",
    "source-x/src/api/step.rs",
    "source-x/src/ghosts.rs",
    "source-x/src/response/mod.rs",
    "source-x/src/stream.rs",
    "source-x/src/token/shape.rs",
];
/// A longer text has at least so many words.
const WORDS: usize = 4;
/// Files whose failures people see.
const FAILURES: [&str; 1] = ["daemon/src/commands/check/mod.rs"];
/// Files whose errors people see.
const ERRORS: [&str; 8] = [
    "daemon/src/admin/client.rs",
    "journal/src/error.rs",
    "sink-file/src/error.rs",
    "source-x/src/check.rs",
    "source-x/src/token/mod.rs",
    "stream-core/src/log/entry/mod.rs",
    "stream-core/src/pipeline/mod.rs",
    "stream-core/src/source.rs",
];

/// Everything.
pub(super) fn everywhere() -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut said = BTreeSet::new();
    for name in CRATES {
        each_file(&crates.join(name).join("src"), &mut |file, tokens| {
            said.extend(after(tokens, &["tracing", "::", "warn", "!", "("], message));
            said.extend(after(tokens, &["tracing", "::", "error", "!", "("], message));
            said.extend(after(tokens, &["Operator", "("], first));
            said.extend(after(tokens, &["Unavailable", "("], first));
            if ERRORS.iter().any(|known| file.ends_with(known)) {
                said.extend(after(tokens, &["#", "[", "error", "("], first));
            }
            if FAILURES.iter().any(|known| file.ends_with(known)) {
                said.extend(after(tokens, &["Err", "("], first));
            }
            if REASONS.iter().any(|known| file.ends_with(known)) {
                let texts = tokens.iter().filter(|token| is_text(token));
                said.extend(
                    texts
                        .filter(|text| text.split_whitespace().count() >= WORDS)
                        .cloned(),
                );
            }
        });
    }
    let templates = said.iter().map(|text| template(text));
    templates
        .filter(|text| text.chars().any(char::is_alphabetic))
        .collect()
}

fn each_file(path: &Path, look: &mut impl FnMut(&Path, &[String])) {
    if path.is_dir() {
        for inner in sorted(path) {
            each_file(&inner, look);
        }
    } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
        look(path, &tokens_and_texts(&fs::read_to_string(path).unwrap()));
    }
}

/// The texts that `find` finds in the parentheses that each `start` opens.
fn after(tokens: &[String], start: &[&str], find: fn(&[String]) -> Option<&String>) -> Vec<String> {
    let mut texts = Vec::new();
    for at in 0..tokens.len() {
        let rest = &tokens[at..];
        if rest.len() > start.len() && rest.iter().zip(start).all(|(token, wanted)| token == wanted) {
            texts.extend(find(inside(&rest[start.len()..])).cloned());
        }
    }
    texts
}

/// What stands before the parenthesis that closes the one before it.
fn inside(tokens: &[String]) -> &[String] {
    let mut depth = 1;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &tokens[..at];
        }
    }
    tokens
}

/// The first text there is.
fn first(tokens: &[String]) -> Option<&String> {
    tokens.iter().find(|token| is_text(token))
}

/// The message of an event: a text that is no field's value.
fn message(tokens: &[String]) -> Option<&String> {
    let is_value = |at: usize| at > 0 && matches!(tokens[at - 1].as_str(), "=" | ":" | "(");
    let texts = tokens.iter().enumerate().filter(|(_, token)| is_text(token));
    texts
        .filter(|(at, _)| !is_value(*at))
        .map(|(_, text)| text)
        .next()
}

/// A text as the page has it.
fn template(text: &str) -> String {
    let mut template = String::new();
    let mut chars = text[1..text.len() - 1].chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next_if_eq(&'\n').is_some() => {
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
            }
            '\\' => template.extend(chars.next()),
            '{' if chars.next_if_eq(&'{').is_some() => template.push('{'),
            '{' => {
                while chars.next().is_some_and(|c| c != '}') {}
                template.push('…');
            }
            '`' => {}
            c => template.push(c),
        }
    }
    template.trim().to_owned()
}

#[test]
fn texts_are_found_where_they_are_said() {
    let source = r#"
        tracing::warn!(target: "a", kind = "b", %error, "the {} is \
            {gone:?}, \"quite\"");
        return Err(SinkError::Operator(format!("topic {topic}: {}", text(code))));
        #[cfg(test)]
        mod tests { fn a() { tracing::warn!("in a test"); } }
    "#;
    let tokens = tokens_and_texts(source);
    let found = |start: &[&str], find| -> Vec<_> {
        after(&tokens, start, find)
            .iter()
            .map(|text| template(text))
            .collect()
    };
    let warned = found(&["tracing", "::", "warn", "!", "("], message);
    assert_eq!(warned, ["the … is …, \"quite\""]);
    assert_eq!(found(&["Operator", "("], first), ["topic …: …"]);
}
