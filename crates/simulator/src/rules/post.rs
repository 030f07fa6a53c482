//! POST: adding and deleting rules.

use serde::Deserialize;

use super::{Rule, Rules, check, sent};
use crate::http::bodies::{invalid, rule_cap};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::json::string;
use crate::template::{Values, fill};

/// Is a request only tried, or carried out?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Dry,
    Real,
}

#[derive(Deserialize)]
struct Add {
    value: Option<String>,
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Delete {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Rules {
    /// Answers a POST: rules to add, or rules to delete.
    pub(crate) fn post(&mut self, request: &Request) -> Response {
        // Clients write `True` as well as `true`.
        let is_set = |name| {
            request
                .parameter(name)
                .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        let run = if is_set("dry_run") { Run::Dry } else { Run::Real };
        if is_set("delete_all") {
            return self.delete(|_| true, 0, run);
        }
        let Ok(body) = serde_json::from_slice::<serde_json::Value>(&request.body) else {
            return invalid("body", None, "JSON doesn't match expected schema");
        };
        match (body.get("add"), body.get("delete")) {
            (Some(add), None) => match Vec::<Add>::deserialize(add) {
                Ok(add) if !add.is_empty() => self.add_all(add, run),
                _ => invalid("add", None, "JSON doesn't match expected schema"),
            },
            (None, Some(delete)) => match Delete::deserialize(delete) {
                Ok(delete) => self.delete_some(&delete, run),
                Err(_) => invalid("delete", None, "JSON doesn't match expected schema"),
            },
            _ => invalid("body", None, "JSON doesn't match expected schema"),
        }
    }

    fn add_all(&mut self, add: Vec<Add>, run: Run) -> Response {
        if add.iter().any(|rule| rule.value.is_none()) {
            return invalid("add.value", None, "field is required");
        }
        let (mut data, mut errors, mut invalid_rules) = (Vec::new(), Vec::new(), 0);
        let before = self.all.len();
        for Add { value, tag } in add {
            let value = value.unwrap_or_default();
            let mistakes = check::mistakes(&value);
            if let Some(known) = self.all.iter().find(|rule| rule.value == value) {
                errors.push(duplicate(known));
            } else if mistakes.is_empty() {
                let id = self.next_id();
                let rule = Rule { id, value, tag };
                data.push(
                    self.spelling
                        .json(include_str!("../../data/rules/rule_added.tpl"), &rule),
                );
                self.all.push(rule);
            } else {
                invalid_rules += 1;
                errors.push(unprocessable(&value, &mistakes));
            }
        }
        let over = self.all.len() > self.cap;
        if over || run == Run::Dry {
            self.all.truncate(before);
        }
        if over {
            return rule_cap(self.cap_status, self.cap);
        }
        // A request with nothing but invalid rules is a 200; duplicates alone are a 201.
        let status = if data.is_empty() && invalid_rules > 0 {
            200
        } else {
            201
        };
        self.rng.shuffle(&mut data);
        Response::json(status, answer(&data, &errors))
    }

    fn delete_some(&mut self, delete: &Delete, run: Run) -> Response {
        let doomed = |rule: &Rule| delete.ids.contains(&rule.id) || delete.values.contains(&rule.value);
        let unknown_id = |id: &&String| !self.all.iter().any(|rule| rule.id == **id);
        let unknown_value = |value: &&String| !self.all.iter().any(|rule| rule.value == **value);
        let unknown =
            delete.ids.iter().filter(unknown_id).count() + delete.values.iter().filter(unknown_value).count();
        self.delete(doomed, unknown, run)
    }

    fn delete(&mut self, doomed: impl Fn(&Rule) -> bool, unknown: usize, run: Run) -> Response {
        let deleted = self.all.iter().filter(|rule| doomed(rule)).count();
        if run == Run::Real {
            self.all.retain(|rule| !doomed(rule));
        }
        // The real body for an unknown id is not known for sure; it was seen to nest `errors` in `errors`.
        let missing = include_str!("../../data/rules/does_not_exist.json").trim_end();
        let values = Values::new()
            .with("sent", sent())
            .with("deleted", deleted)
            .with("not_deleted", unknown)
            .maybe("errors", (unknown > 0).then_some(missing));
        Response::json(200, fill(include_str!("../../data/rules/deleted.tpl"), &values))
    }
}

fn answer(data: &[String], errors: &[String]) -> String {
    let values = Values::new()
        .with("sent", sent())
        .with("created", data.len())
        .with("not_created", errors.len())
        .list("data", data)
        .list("errors", errors);
    fill(include_str!("../../data/rules/added.tpl"), &values)
}

pub(super) fn duplicate(known: &Rule) -> String {
    let values = Values::new()
        .with("id", &known.id)
        .with("value", string(&known.value));
    fill(include_str!("../../data/rules/duplicate.tpl"), &values)
}

pub(super) fn unprocessable(value: &str, details: &[String]) -> String {
    let details: Vec<String> = details.iter().map(|text| string(text)).collect();
    let values = Values::new()
        .with("value", string(value))
        .list("details", &details);
    fill(include_str!("../../data/rules/unprocessable.tpl"), &values)
}
