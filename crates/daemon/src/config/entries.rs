//! Open tables: keys whose names are not ours.

use std::collections::BTreeMap;

use super::origin::Origin;
use super::record::Kind;
use super::section::Section;
use super::tree::{Node, Table, Value};

/// Entries of an open table: strings by key, and where each stands.
pub(crate) type Entries = BTreeMap<String, (String, Origin)>;

impl Section {
    /// Takes all that is left. The name of a variable cannot say every key: `spelled` makes the key of it.
    pub(crate) fn entries(&mut self, spelled: impl Fn(&str) -> String) -> Entries {
        self.asks("", Kind::Entries, None);
        let (variables, file): (Vec<_>, Vec<_>) = self
            .take_rest()
            .into_iter()
            .partition(|(_, node)| matches!(node.origin, Origin::Variable(_)));
        let variables = variables.into_iter().map(|(name, node)| (spelled(&name), node));
        let mut entries = Entries::new();
        // The environment comes last: it has the last word.
        for (name, node) in file.into_iter().chain(variables) {
            self.has_entry(&name, &node);
            let Node { value, origin } = node;
            match text(&name, value) {
                Ok(text) => {
                    entries.insert(name, (text, origin));
                }
                Err((message, hint)) => self.note_at(origin, &name, message, hint),
            }
        }
        entries
    }
}

/// The value of `name` as a string, or what is wrong with it and what to do.
fn text(name: &str, value: Value) -> Result<String, (String, String)> {
    let hint = match value {
        Value::Text(text) => return Ok(text),
        Value::Integer(number) => return Ok(number.to_string()),
        Value::Bool(flag) => return Ok(flag.to_string()),
        Value::Table(ref inner) => format!("a name with dots needs quotes: {:?}", dotted(name, inner)),
        Value::List(_) | Value::Float(_) | Value::Other => format!("write {name} = \"text\""),
    };
    Err((format!("wants a string, not {}", value.kind()), hint))
}

/// The key that was meant by a name with dots, which TOML takes for tables.
fn dotted(name: &str, table: &Table) -> String {
    let inner = table.keys().next().map_or("", String::as_str);
    format!("{name}.{inner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_the_last_word_under_either_spelling() {
        let node = |text: &str, origin| Node {
            value: Value::Text(text.into()),
            origin,
        };
        let variable = |name: &str| Origin::Variable(name.into());
        let table = Table::from([
            ("linger.ms".into(), node("5", Origin::Missing)),
            ("linger_ms".into(), node("7", variable("LINGER_MS"))),
            ("acks".into(), node("all", Origin::Missing)),
        ]);
        let mut section = Section::root(table, std::rc::Rc::default());
        let entries = section.entries(|name| name.replace('_', "."));
        let expected = [
            ("acks".into(), ("all".into(), Origin::Missing)),
            ("linger.ms".into(), ("7".into(), variable("LINGER_MS"))),
        ];
        assert_eq!(entries, Entries::from(expected));
    }
}
