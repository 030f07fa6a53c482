//! Comparison of two configurations, key by key, without keeping their values: some are secrets.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::tree::{Node, Table, Value};

/// Every key that is set, by its whole path, with a digest of its value.
pub(crate) type Leaves = BTreeMap<String, u64>;

/// The keys of `table`, whose own path is `path`.
pub(super) fn leaves(path: &str, table: &Table) -> Leaves {
    let mut found = Leaves::new();
    for (key, node) in table {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match &node.value {
            Value::Table(table) => found.extend(leaves(&path, table)),
            Value::List(list) if list.iter().any(is_table) => {
                for (at, node) in list.iter().enumerate() {
                    if let Value::Table(table) = &node.value {
                        found.extend(leaves(&format!("{path}.{at}"), table));
                    }
                }
            }
            value => {
                let mut digest = DefaultHasher::new();
                write(value, &mut digest);
                found.insert(path, digest.finish());
            }
        }
    }
    found
}

/// The keys that are not the same in both, or in one of them only.
pub(crate) fn differences<'l>(before: &'l Leaves, now: &'l Leaves) -> Vec<&'l str> {
    let gone = before.keys().filter(|key| !now.contains_key(*key));
    let other = now
        .iter()
        .filter(|(key, digest)| before.get(*key) != Some(digest));
    let mut keys: Vec<_> = gone
        .chain(other.map(|(key, _)| key))
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

fn is_table(node: &Node) -> bool {
    matches!(node.value, Value::Table(_))
}

fn write(value: &Value, digest: &mut DefaultHasher) {
    match value {
        Value::Text(text) | Value::Float(text) => text.hash(digest),
        Value::Integer(number) => number.hash(digest),
        Value::Bool(flag) => flag.hash(digest),
        Value::List(list) => list.iter().for_each(|node| write(&node.value, digest)),
        Value::Table(_) | Value::Other => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tree::parse;
    use super::*;

    #[test]
    fn each_key_that_differs_is_named() {
        let leaves = |text| leaves("", &parse(Path::new("a"), text).unwrap());
        let before = leaves("[a]\nb = 1\nc = [\"x\"]\nd = true\n[[sink]]\ntype = \"file\"\n");
        let now = leaves(
            "[a]\nb = 2\nc = [\"x\", \"y\"]\nd = true\n[[sink]]\ntype = \"file\"\n[[sink]]\ntype = \"amqp\"\n",
        );
        assert_eq!(differences(&before, &now), ["a.b", "a.c", "sink.1.type"]);
        assert_eq!(differences(&now, &before), ["a.b", "a.c", "sink.1.type"]);
        assert!(differences(&now, &now).is_empty());
    }
}
