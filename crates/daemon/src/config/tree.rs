//! File and environment as one tree of values, each of which knows where it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeArray, DeTable, DeValue};

use super::excerpt::excerpt;
use super::origin::Origin;
use super::problem::Problem;
use super::suggest::suggestion;

/// The prefix of every variable that sets a key; two underscores join the parts of a key.
pub(crate) const VARIABLES: &str = "BIRDFEED__";
/// That prefix as it is often mistaken.
const MISSPELLED: &str = "BIRDFEED_";

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value. What the environment says is text, whatever is wanted.
#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    /// As it is written.
    Float(String),
    /// A date, which no key wants.
    Other,
}

pub(super) type Table = BTreeMap<String, Node>;

/// Environment of a process: the variables by name.
pub(crate) type Environment = BTreeMap<String, String>;

/// This process's environment; a variable that is not UTF-8 is none of ours.
pub(crate) fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Names the kind only: a value may be a secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Value {
    /// What it is, in a message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Float(_) => "a number with a fraction",
            Self::Other => "a date",
        }
    }
}

/// Reads the text of a file, or says everywhere that it is no TOML: what its keys are worth cannot be said then.
pub(super) fn parse(path: &Path, text: &str) -> Result<Table, Vec<Problem>> {
    let at = |span: Range<usize>| place(path, text, span);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table_of(table.get_ref(), &at));
    }
    // The first of each line: what follows on it follows from it.
    let line = |span: &Range<usize>| {
        text.bytes()
            .take(span.start)
            .filter(|byte| *byte == b'\n')
            .count()
    };
    let placed = |error: &toml::de::Error| (error.span().unwrap_or_default(), error.message().to_owned());
    let mut mistakes: Vec<_> = errors.iter().map(placed).collect();
    mistakes.sort_by_key(|(span, _)| span.start);
    mistakes.dedup_by_key(|(span, _)| line(span));
    let problems = mistakes
        .into_iter()
        .map(|(span, message)| Problem::new(at(span), "", format!("not TOML: {message}")));
    Err(problems.collect())
}

/// Where the bytes `span` of `text` stand, which is what the file `path` holds.
fn place(path: &Path, text: &str, span: Range<usize>) -> Origin {
    let before = text.get(..span.start).unwrap_or(text);
    let start = before.len();
    let above = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text[above..].lines().next().unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let marked = start - above..span.end.max(start) - above;
    Origin::File {
        path: path.to_owned(),
        line: number,
        column: text[above..start].chars().count() + 1,
        excerpt: excerpt(number, line, marked).into(),
    }
}

fn table_of(table: &DeTable<'_>, at: &impl Fn(Range<usize>) -> Origin) -> Table {
    table
        .iter()
        .map(|(key, value)| {
            let node = Node {
                value: value_of(value.get_ref(), at),
                origin: at(key.span()),
            };
            (key.get_ref().to_string(), node)
        })
        .collect()
}

fn value_of(value: &DeValue<'_>, at: &impl Fn(Range<usize>) -> Origin) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other, Value::Integer)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Array(list) => Value::List(list_of(list, at)),
        DeValue::Table(table) => Value::Table(table_of(table, at)),
        DeValue::Float(number) => Value::Float(number.as_str().to_owned()),
        DeValue::Datetime(_) => Value::Other,
    }
}

fn list_of(list: &DeArray<'_>, at: &impl Fn(Range<usize>) -> Origin) -> Vec<Node> {
    list.iter()
        .map(|value| Node {
            value: value_of(value.get_ref(), at),
            origin: at(value.span()),
        })
        .collect()
}

/// Lays the environment over the tree. Variables that lead nowhere become keys that nobody knows, and are reported as such.
pub(super) fn overlay(table: &mut Table, environment: &Environment) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut variables: Vec<_> = environment
        .iter()
        .filter_map(|(name, text)| Some((parts(name.strip_prefix(VARIABLES)?), name, text)))
        .collect();
    // Lists are filled from 0 on, and as texts 10 comes before 2.
    let number = |part: &String| part.parse::<usize>().unwrap_or_default();
    variables.sort_by_key(|(parts, ..)| parts.iter().map(number).collect::<Vec<_>>());
    for (parts, name, text) in variables {
        if is_quoted(text) {
            let message = "stands in quotes, which are part of the value (docker's --env-file keeps them)";
            let problem = Problem::new(Origin::Variable(name.clone()), parts.join("."), message);
            problems.push(problem.hint("write the value without them"));
        }
        let node = Node {
            value: Value::Text(text.clone()),
            origin: Origin::Variable(name.clone()),
        };
        if let Err(message) = set(table, &parts, node) {
            problems.push(Problem::new(
                Origin::Variable(name.clone()),
                parts.join("."),
                message,
            ));
        }
    }
    problems
}

/// Whether the same quotes stand around all of it.
fn is_quoted(text: &str) -> bool {
    let within = |quote| text.strip_prefix(quote).is_some_and(|rest| rest.ends_with(quote));
    within('"') || within('\'')
}

/// Variables that were meant to set a key below one of `sections` and have one underscore where two belong. Others that begin
/// like ours are somebody else's: Kubernetes sets some for a service that is called birdfeed.
pub(super) fn misspelled(environment: &Environment, sections: &[&str]) -> Vec<Problem> {
    let misspelled = environment.keys().filter_map(|name| {
        let rest = name
            .strip_prefix(MISSPELLED)
            .filter(|rest| !rest.starts_with('_'))?;
        let (word, key) = rest.split_once('_').unwrap_or((rest, ""));
        let section = suggestion(&word.to_lowercase(), sections)?;
        let key = key.trim_start_matches('_');
        // The entries of a list have numbers.
        let key = match key.split_once('_') {
            Some((number, key)) if number.parse::<usize>().is_ok() => {
                format!("{number}__{}", key.trim_start_matches('_'))
            }
            _ => key.to_owned(),
        };
        let meant = format!("{VARIABLES}{}__{key}", section.to_uppercase());
        let origin = Origin::Variable(name.clone());
        let problem = Problem::new(
            origin,
            "",
            "sets nothing: two underscores join the parts of a name",
        );
        Some(problem.hint(format!("did you mean {}?", meant.trim_end_matches('_'))))
    });
    misspelled.collect()
}

fn parts(key: &str) -> Vec<String> {
    key.split("__").map(str::to_lowercase).collect()
}

fn set(table: &mut Table, parts: &[String], node: Node) -> Result<(), &'static str> {
    let [key, rest @ ..] = parts else {
        return Err("names no key");
    };
    let origin = node.origin.clone();
    let Some(next) = rest.first() else {
        table.insert(key.clone(), node);
        return Ok(());
    };
    let empty = if next.parse::<usize>().is_ok() {
        Value::List(Vec::new())
    } else {
        Value::Table(Table::new())
    };
    let inner = table.entry(key.clone()).or_insert_with(|| Node {
        value: empty,
        origin: origin.clone(),
    });
    match &mut inner.value {
        Value::Table(inner) => set(inner, rest, node),
        Value::List(list) => {
            let at: usize = next
                .parse()
                .map_err(|_| "a number must follow the name of a list")?;
            if at == list.len() {
                list.push(Node {
                    value: Value::Table(Table::new()),
                    origin,
                });
            }
            let entry = list
                .get_mut(at)
                .ok_or("the entries of a list are numbered from 0 on, without a gap")?;
            match &mut entry.value {
                Value::Table(inner) => set(inner, &rest[1..], node),
                _ => Err("leads into a value that is no table"),
            }
        }
        _ => Err("leads into a value that is no table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_underscore_too_few_is_pointed_out() {
        let names = [
            "BIRDFEED_STREAM__ENDPOINT",
            "BIRDFEED_STREAM_BASE_URL",
            "BIRDFEED_STREM_NAME",
            "BIRDFEED_SINK_0_TYPE",
            "BIRDFEED_LOG",
            "BIRDFEED__STREAM__NAME",
            "BIRDFEED_SERVICE_HOST",
            "BIRDFEED_PORT_9464_TCP",
            "BIRDFEED_TEST_KAFKA",
            "BIRDFEEDS_STREAM_NAME",
        ];
        let environment = names.map(|name| (name.to_owned(), "a".to_owned())).into();
        let problems = misspelled(&environment, &["stream", "sink", "log", "admin"]);
        let hints: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let meant: Vec<_> = hints
            .iter()
            .map(|hint| hint.rsplit_once("mean ").unwrap().1)
            .collect();
        assert_eq!(
            meant,
            [
                "BIRDFEED__LOG?",
                "BIRDFEED__SINK__0__TYPE?",
                "BIRDFEED__STREAM__BASE_URL?",
                "BIRDFEED__STREAM__ENDPOINT?",
                "BIRDFEED__STREAM__NAME?",
            ]
        );
    }
}
