//! `birdfeed config schema`: the configuration file as a JSON Schema, for editors and CI.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::comments::comments;
use crate::components::every_key;
use crate::config::{Asked, Kind};

/// A table, or a key, with everything that was asked of it.
#[derive(Default)]
struct Node {
    inner: BTreeMap<String, Node>,
    kinds: Vec<Kind>,
    default: Option<String>,
}

/// The schema, as text.
pub(super) fn document() -> String {
    let (whole, sinks) = every_key();
    let comments = comments();
    let mut schema = tree(&whole, 0).to_json("", &comments);
    let sinks = sinks.iter().map(|(kind, keys)| {
        // `sink` and its number.
        let mut sink = tree(keys, 2).to_json(&format!("sink.{kind}"), &comments);
        sink["properties"]["type"] = json!({ "const": kind });
        sink["required"] = json!(["type"]);
        sink
    });
    let sinks: Vec<_> = sinks.collect();
    schema["properties"]["sink"] = json!({ "type": "array", "items": { "oneOf": sinks } });
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("birdfeed's configuration");
    format!("{schema:#}")
}

/// The keys of `asked`, without so many parts of their paths.
fn tree(asked: &[Asked], above: usize) -> Node {
    let mut root = Node::default();
    for one in asked {
        let mut node = &mut root;
        for part in &one.path[above..] {
            node = node.inner.entry(part.clone()).or_default();
        }
        node.kinds.extend(one.kind.clone());
        node.default = node.default.take().or_else(|| one.default.clone());
    }
    root
}

impl Node {
    fn to_json(&self, path: &str, comments: &BTreeMap<String, String>) -> Value {
        let mut schema = if self.kinds.contains(&Kind::Entries) {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "integer", "boolean"] } })
        } else if self.inner.is_empty() {
            leaf(&self.kinds)
        } else {
            let inner = self.inner.iter().map(|(key, node)| {
                let path = format!("{path}.{key}");
                (key.clone(), node.to_json(path.trim_start_matches('.'), comments))
            });
            let properties: Map<_, _> = inner.collect();
            json!({ "type": "object", "additionalProperties": false, "properties": properties })
        };
        if let Some(comment) = comments.get(path) {
            schema["description"] = json!(comment);
        }
        if let Some(default) = self.default.as_deref().and_then(value) {
            schema["default"] = default;
        }
        schema
    }
}

/// The value that a text is in TOML.
fn value(toml: &str) -> Option<Value> {
    let table: toml::Table = format!("value = {toml}").parse().ok()?;
    serde_json::to_value(table.get("value")?).ok()
}

/// What any of `kinds` lets pass.
fn leaf(kinds: &[Kind]) -> Value {
    if kinds.contains(&Kind::Text) {
        return json!({ "type": "string" });
    }
    let mut words: Vec<&String> = Vec::new();
    let mut range = None::<(i64, i64)>;
    let mut others = Vec::new();
    for kind in kinds {
        match kind {
            Kind::Word(word) => words.push(word),
            Kind::Choice(choices) => words.extend(choices),
            Kind::Number(least, most) => {
                let (a, b) = range.unwrap_or((*least, *most));
                range = Some((a.min(*least), b.max(*most)));
            }
            Kind::Flag => others.push(json!({ "type": "boolean" })),
            Kind::Texts => others.push(json!({ "type": "array", "items": { "type": ["string", "number"] } })),
            Kind::Names(_) | Kind::Text | Kind::Entries => {}
        }
    }
    others.extend(names(kinds));
    others.extend(range.map(|(least, most)| json!({ "type": "integer", "minimum": least, "maximum": most })));
    words.sort();
    words.dedup();
    if !words.is_empty() {
        others.push(json!({ "enum": words }));
    }
    others.dedup();
    match others.len() {
        1 => others.remove(0),
        _ => json!({ "anyOf": others }),
    }
}

/// A list of names, of all that any question knows.
fn names(kinds: &[Kind]) -> Option<Value> {
    let mut known: Vec<&String> = Vec::new();
    for kind in kinds {
        if let Kind::Names(names) = kind {
            known.extend(names);
        }
    }
    known.sort();
    known.dedup();
    let list = json!({ "type": "array", "uniqueItems": true, "items": { "enum": known } });
    (!known.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.schema.json");
        let text = format!("{}\n", document());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    }

    #[test]
    fn every_key_has_a_type() {
        fn look(path: &str, schema: &Value) {
            let empty = schema == &json!({ "anyOf": [] });
            assert!(!empty, "{path} was never asked for by its type");
            if let Some(properties) = schema["properties"].as_object() {
                for (key, inner) in properties {
                    look(&format!("{path}.{key}"), inner);
                }
            }
        }
        let schema: Value = serde_json::from_str(&document()).unwrap();
        look("", &schema);
        for sink in schema["properties"]["sink"]["items"]["oneOf"].as_array().unwrap() {
            look("sink", sink);
        }
    }
}
