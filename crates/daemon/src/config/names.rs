//! Lists of names that are known beforehand.

use super::section::Section;
use super::suggest::suggestion;

/// Takes the list `key`, if it is there. Notes every name that is not known, or is there twice.
pub(crate) fn names(section: &mut Section, key: &'static str, known: &[&str]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for word in section.words(key)? {
        if !known.contains(&word.text.as_str()) {
            let hint = match suggestion(&word.text, known) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("known: {}", known.join(", ")),
            };
            let message = format!("{:?} is not known", word.text);
            section.note(word.origin, key, message, hint);
        } else if names.contains(&word.text) {
            let message = format!("{:?} is there twice", word.text);
            section.note(word.origin, key, message, "leave one out");
        }
        names.push(word.text);
    }
    Some(names)
}
