//! The reference of all keys for people, `docs/configuration.md`: the schema as tables. A test compares them.

use std::fmt::Write as _;

use serde_json::Value;

/// The page, of the text of the schema.
fn page(schema: &Value) -> String {
    let mut text = String::from(
        "# Configuration\n\nMade of what the program asks for (`UPDATE=1 cargo test -p daemon --lib reference` writes it). \
         `birdfeed config default` prints it as a file to begin with; `config/birdfeed.toml` is that file, and `docs/config.schema.json` the schema \
         for editors and CI (`birdfeed config schema`).\n\n\
         Each key can also be set by the environment: `stream.endpoint` is `BIRDFEED__STREAM__ENDPOINT`, the first sink's `type` is \
         `BIRDFEED__SINK__0__TYPE`; `birdfeed config env` lists them, `birdfeed config show` what is in force and where each value comes from.\n",
    );
    table(&mut text, "", &schema["properties"]);
    for sink in schema["properties"]["sink"]["items"]["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let kind = sink["properties"]["type"]["const"].as_str().unwrap_or_default();
        section(&mut text, &format!("`[[sink]]` of type `{kind}`"), sink);
    }
    text
}

/// A heading and a table for each table of `properties`, which stand below `path`.
fn table(text: &mut String, path: &str, properties: &Value) {
    for (key, inner) in properties.as_object().into_iter().flatten() {
        // All lanes have the same keys; one of them stands for all.
        let name = match (path, key.as_str()) {
            ("lanes.", "tweets") => "<lane>",
            ("lanes.", _) => continue,
            (_, key) => key,
        };
        if inner["properties"].is_object() {
            section(text, &format!("`[{path}{name}]`"), inner);
            table(text, &format!("{path}{name}."), &inner["properties"]);
        }
    }
}

fn section(text: &mut String, heading: &str, schema: &Value) {
    let rows: String = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, key)| !key["properties"].is_object())
        .map(|(key, schema)| row(key, schema))
        .collect();
    if !rows.is_empty() {
        let written = write!(
            text,
            "\n## {heading}\n\n| key | may be | default | what it does |\n|---|---|---|---|\n{rows}"
        );
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
}

fn row(key: &str, schema: &Value) -> String {
    let default = match &schema["default"] {
        Value::Null => "–".to_owned(),
        default => format!("`{default}`"),
    };
    let does = schema["description"].as_str().unwrap_or_default();
    format!(
        "| `{key}` | {} | {default} | {} |\n",
        kind(schema),
        does.replace('|', "\\|")
    )
}

/// What a key may be, in few words.
fn kind(schema: &Value) -> String {
    if let Some(of) = schema["anyOf"].as_array() {
        return of.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(word) = schema.get("const") {
        return format!("`{word}`");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match schema["type"].as_str() {
        Some("string") => "text",
        Some("boolean") => "true, false",
        Some("array") if schema["items"]["enum"].is_array() => "list of names",
        Some("array") => "list",
        Some("integer") => return format!("{} to {}", schema["minimum"], schema["maximum"]),
        _ => "table",
    }
    .to_owned()
}

#[test]
fn the_published_reference_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let schema = serde_json::from_str(&super::schema::document()).unwrap();
    let text = page(&schema);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}
