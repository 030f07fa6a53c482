//! Edit distance (Levenshtein) from what was written to what was probably meant.

/// The name among `known` that `name` was probably meant to be: at most one change, and one more for every four bytes.
pub(crate) fn suggestion<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let distances = known
        .iter()
        .map(|known| (strsim::levenshtein(name, known), *known));
    let (changes, nearest) = distances.min()?;
    (changes <= 1 + name.len() / 4).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_only() {
        let known = ["author_id", "created_at", "text"];
        assert_eq!(suggestion("created", &known), None);
        assert_eq!(suggestion("create_at", &known), Some("created_at"));
        assert_eq!(suggestion("athor_id", &known), Some("author_id"));
        assert_eq!(suggestion("colour", &known), None);
    }
}
