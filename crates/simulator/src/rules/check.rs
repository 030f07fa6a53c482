//! Rule validation: a few of the checks of X's parser, with its words (`x-streaming.md` 1.4.3).

/// Longest rule of a pay-per-use account.
const MAX_LENGTH: usize = 1024;

/// What is wrong with a rule; nothing if it is good.
pub(super) fn mistakes(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let words = words(value);
    if !words.is_empty() && words.iter().all(|(_, word)| word.starts_with('-')) {
        found.push("Rules must contain a non-negation term (at position 1)".to_owned());
    }
    if !words.iter().any(|(_, word)| stands_alone(word)) {
        found
            .push("Rules must contain at least one positive, non-stopword clause (at position 1)".to_owned());
    }
    for (at, word) in &words {
        if matches!(*word, "or" | "and") {
            let upper = word.to_uppercase();
            found.push(format!(
                "Ambiguous use of {word} as a keyword. Use {upper} to logically join two clauses, or \"{word}\" to find occurrences of {word} in text (at position {})",
                at + 1
            ));
        }
    }
    let (open, close) = (value.matches('(').count(), value.matches(')').count());
    if open != close || value.matches('"').count() % 2 == 1 {
        found.push(format!(
            "missing closing quote or parenthesis (at position {})",
            value.chars().count()
        ));
    }
    let length = value.chars().count();
    if length > MAX_LENGTH {
        found.push(format!(
            "Rule '{value}' exceeds the maximum length of a rule. It is {length} characters while the maximum allowed is {MAX_LENGTH} (at position 1)"
        ));
    }
    found
}

/// Can a rule consist of this word? Operators such as `has:` and `lang:` need company.
fn stands_alone(word: &str) -> bool {
    const NEEDS_COMPANY: [&str; 5] = ["is:", "has:", "lang:", "sample:", "-"];
    word != "OR" && word != "-" && !NEEDS_COMPANY.iter().any(|prefix| word.starts_with(prefix))
}

/// Words outside quotes, with their character positions; a quoted phrase is one word.
fn words(value: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let (mut start, mut quoted) = (None, false);
    for (at, (byte, c)) in value.char_indices().enumerate() {
        quoted ^= c == '"';
        let between = !quoted && c != '"' && (c.is_whitespace() || matches!(c, '(' | ')'));
        match (start, between) {
            (None, false) => start = Some((at, byte)),
            (Some((first, from)), true) => {
                words.push((first, &value[from..byte]));
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|(first, from)| (first, &value[from..])));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_rules_pass() {
        for rule in [
            "puppy has:media",
            "(cat OR dog) -is:retweet",
            "\"to be or not\"",
            "from:x lang:en",
            "灯台",
            "-a b",
        ] {
            assert_eq!(mistakes(rule), Vec::<String>::new(), "{rule}");
        }
    }

    #[test]
    fn bad_rules_are_told_why() {
        for (rule, why) in [
            ("--b", "non-negation"),
            ("--b", "positive, non-stopword"),
            ("has:media", "positive, non-stopword"),
            (
                "cats or dogs",
                "or \"or\" to find occurrences of or in text (at position 6)",
            ),
            ("(cats", "parenthesis"),
        ] {
            assert!(
                mistakes(rule).iter().any(|text| text.contains(why)),
                "{rule}: {:?}",
                mistakes(rule)
            );
        }
        assert!(mistakes(&"a".repeat(1025))[0].contains("It is 1025 characters"));
    }
}
