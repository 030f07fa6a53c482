//! What is published: the schemas of `docs/schemas` and the AsyncAPI document against the code, and against real runs.

mod asyncapi;
mod brokers;
mod ours;
mod run;

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;
use stream_core::model::Lane;

/// A file or folder of the repository.
fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The schema called `name`: a lane's, or `envelope`.
fn document(name: &str) -> Value {
    let text = std::fs::read_to_string(at(&format!("docs/schemas/{name}.schema.json")));
    serde_json::from_str(&text.unwrap_or_else(|error| panic!("docs/schemas has none for {name}: {error}")))
        .unwrap()
}

/// A schema as a judge.
struct Schema(Validator);

impl Schema {
    fn of(name: &str) -> Self {
        Self::from(&document(name))
    }

    fn from(document: &Value) -> Self {
        Self(jsonschema::validator_for(document).unwrap())
    }

    /// Why `value` is not by the schema; nothing if it is.
    fn complaint(&self, value: &Value) -> Option<String> {
        let errors = self.0.iter_errors(value).map(|error| error.to_string());
        let errors: Vec<_> = errors.collect();
        (!errors.is_empty()).then(|| errors.join("\n"))
    }

    fn assert_takes(&self, about: &str, value: &Value) {
        if let Some(complaint) = self.complaint(value) {
            panic!("{about}: {complaint}\n{value}");
        }
    }

    fn assert_refuses(&self, about: &str, value: &Value) {
        assert!(self.complaint(value).is_some(), "{about} takes {value}");
    }
}

#[test]
fn each_lane_has_a_schema_and_nothing_else_has() {
    let mut found: Vec<_> = std::fs::read_dir(at("docs/schemas"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let lanes = Lane::ALL.map(Lane::name).into_iter();
    let mut expected: Vec<_> = lanes
        .chain(["envelope"])
        .map(|name| format!("{name}.schema.json"))
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    for lane in Lane::ALL {
        let (schema, document) = (Schema::of(lane.name()), document(lane.name()));
        assert_eq!(document["title"], lane.name());
        assert!(document["description"].is_string(), "{lane}");
        for wrong in ["null", "7", "\"text\"", "[]"] {
            schema.assert_refuses(lane.name(), &serde_json::from_str(wrong).unwrap());
        }
    }
}

#[test]
fn each_lane_has_an_example_that_is_by_its_schema() {
    let page = std::fs::read_to_string(at("docs/records.md")).unwrap();
    let mut sections = page
        .split("\n## `")
        .skip(1)
        .map(|section| section.split_once('`').unwrap());
    for lane in Lane::ALL {
        let mut of_lane = sections.clone().filter(|(name, _)| *name == lane.name());
        let (_, text) = of_lane
            .next()
            .unwrap_or_else(|| panic!("docs/records.md has no {lane}"));
        let (_, example) = text.split_once("```json\n").unwrap();
        let example = serde_json::from_str(example.split("```").next().unwrap()).unwrap();
        Schema::of(lane.name()).assert_takes("docs/records.md", &example);
    }
    assert_eq!(sections.by_ref().count(), Lane::ALL.len());
}
