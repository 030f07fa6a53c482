//! Templates: JSON with holes, kept as data and filled as text, so that every byte is as it stands in the file.
//!
#![doc = include_str!("../data/README.md")]

/// What the holes of a template are filled with, by name.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<(&'static str, Option<String>)>);

impl Values {
    pub(crate) fn new() -> Self {
        Values::default()
    }

    pub(crate) fn with(self, name: &'static str, value: impl ToString) -> Self {
        self.maybe(name, Some(value))
    }

    /// Without a value, the members with this hole are left out.
    pub(crate) fn maybe(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.0.push((name, value.map(|value| value.to_string())));
        self
    }

    /// The items with commas between them; an empty list is no value.
    pub(crate) fn list(self, name: &'static str, items: &[String]) -> Self {
        self.maybe(name, (!items.is_empty()).then(|| items.join(",")))
    }

    /// What was given under a name, which may be that there is no value; `otherwise` if nothing was given.
    pub(crate) fn get_or_else(
        &self,
        name: &str,
        otherwise: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        match self.0.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => value.clone(),
            None => otherwise(),
        }
    }
}

/// Fills a template that leaves nothing to chance.
pub(crate) fn fill(template: &str, values: &Values) -> String {
    join(template.lines(), |hole| {
        values.get_or_else(hole, || {
            debug_assert!(false, "nobody fills {hole}");
            None
        })
    })
}

/// Fills lines and joins them to one, with commas where JSON wants them, without the lines that have an empty hole.
pub(crate) fn join<'t>(
    lines: impl IntoIterator<Item = &'t str>,
    mut hole: impl FnMut(&str) -> Option<String>,
) -> String {
    let mut out = String::new();
    for line in lines {
        let line = line.trim_start();
        let start = out.len();
        if !(start == 0 || out.ends_with(['{', '[']) || line.starts_with(['}', ']'])) {
            out.push(',');
        }
        let member = line.strip_suffix(',').unwrap_or(line);
        if fill_line(member, &mut hole, &mut out).is_none() {
            out.truncate(start);
        }
    }
    out
}

fn fill_line(mut line: &str, hole: &mut impl FnMut(&str) -> Option<String>, out: &mut String) -> Option<()> {
    while let Some((before, rest)) = line.split_once("{{") {
        out.push_str(before);
        // Of three braces, the first opens an object.
        let name = rest.trim_start_matches('{');
        out.push_str(&rest[..rest.len() - name.len()]);
        let (name, after) = name.split_once("}}")?;
        out.push_str(&hole(name)?);
        line = after;
    }
    out.push_str(line);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_without_a_value_go_with_their_commas() {
        let template = "{\n  \"a\":{{a}},\n  \"b\":{\n    \"c\":\"x{{c}}y\",\n    \"d\":[{{d}}]\n  },\n  \"e\":-71.70\n}\n";
        let values = |a, c| Values::new().maybe("a", a).maybe("c", c).list("d", &[]);
        assert_eq!(
            fill(template, &values(Some(1), Some("{"))),
            r#"{"a":1,"b":{"c":"x{y"},"e":-71.70}"#
        );
        assert_eq!(fill(template, &values(None, None)), r#"{"b":{},"e":-71.70}"#);
    }

    #[test]
    fn a_hole_may_touch_the_braces_of_json() {
        let values = Values::new().with("name", "\"n\"").with("value", 7);
        assert_eq!(fill("{\"a\":{{{name}}:{{value}}}}", &values), r#"{"a":{"n":7}}"#);
    }
}
