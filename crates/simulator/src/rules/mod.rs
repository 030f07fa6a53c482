//! The rules endpoints: what is stored, and X's answers (`x-streaming.md` 1.4).

mod check;
mod post;

use crate::http::bodies::invalid;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::json::{Astral, Object, array, string};
use crate::time;
use fastrand::Rng;

/// A rule of the filtered stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A decimal string, as X has it.
    pub id: String,
    /// What it matches (never evaluated: posts match at random).
    pub value: String,
    /// Its tag, if it has one.
    pub tag: Option<String>,
}

/// The stored rules.
#[derive(Debug)]
pub(crate) struct Rules {
    all: Vec<Rule>,
    cap: usize,
    last_id: u64,
    rng: Rng,
}

impl Rules {
    pub(crate) fn new(cap: usize, seed: u64) -> Self {
        Rules {
            all: Vec::new(),
            cap,
            last_id: 0,
            rng: Rng::with_seed(seed),
        }
    }

    pub(crate) fn all(&self) -> &[Rule] {
        &self.all
    }

    /// Stores a rule unchecked; gives its id.
    pub(crate) fn add(&mut self, value: &str, tag: Option<&str>) -> String {
        let id = self.next_id();
        self.all.push(Rule {
            id: id.clone(),
            value: value.to_owned(),
            tag: tag.map(str::to_owned),
        });
        id
    }

    /// Ids of one request are consecutive.
    fn next_id(&mut self) -> String {
        self.last_id = time::id_at(time::now_ms()).max(self.last_id + 1);
        self.last_id.to_string()
    }

    /// GET.
    pub(crate) fn get(&self, request: &Request) -> Response {
        let mut wanted = None;
        let mut most = 1000;
        let mut from = 0;
        for (name, value) in &request.query {
            let wrong = |message: &str| invalid(name, Some(value), message);
            match name.as_str() {
                "ids" => wanted = Some(value.split(',').collect::<Vec<_>>()),
                "max_results" => match value.parse() {
                    Ok(count @ 1..=1000) => most = count,
                    _ => {
                        return wrong(&format!(
                            "The `max_results` query parameter value [{value}] is not between 1 and 1000"
                        ));
                    }
                },
                "pagination_token" => match value.parse() {
                    Ok(at) if value.len() == 16 => from = at,
                    _ => return wrong("The `pagination_token` is not valid"),
                },
                _ => {
                    return wrong(&format!(
                        "The query parameter [{name}] is not one of those that this endpoint takes"
                    ));
                }
            }
        }
        let matching = |rule: &&Rule| wanted.as_ref().is_none_or(|ids| ids.contains(&rule.id.as_str()));
        let all: Vec<&Rule> = self.all.iter().filter(matching).collect();
        let page: Vec<String> = all
            .iter()
            .skip(from)
            .take(most)
            .map(|rule| rule_json(rule, Order::Get))
            .collect();
        let more = (from + page.len() < all.len()).then(|| format!("\"{:016}\"", from + page.len()));
        let meta = Object::new()
            .text("sent", sent())
            .json("result_count", page.len())
            .maybe("next_token", more);
        let data = (!page.is_empty()).then(|| array(&page));
        Response::json(
            200,
            Object::new()
                .maybe("data", data)
                .json("meta", meta.in_order())
                .in_order(),
        )
    }

    /// GET counts.
    pub(crate) fn counts(&self) -> Response {
        let (cap, count) = (self.cap, self.all.len());
        let app = format!(r#"{{"client_app_id":"10000001","rule_count":{count}}}"#);
        Response::json(
            200,
            format!(
                r#"{{"data":{{"cap_per_client_app":{cap},"cap_per_project":{cap},"project_rules_count":{count},"client_app_rules_count":{app},"all_project_client_apps":[{app}]}}}}"#
            ),
        )
    }
}

fn sent() -> String {
    time::rfc3339(time::now_ms())
}

/// X's order of a rule's members differs between the two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Get,
    Post,
}

fn rule_json(rule: &Rule, order: Order) -> String {
    let tag = rule.tag.as_ref().map(|tag| string(tag, Astral::Raw));
    let (id, value) = (&rule.id, &rule.value);
    match order {
        Order::Get => Object::new()
            .text("id", id)
            .text("value", value)
            .maybe("tag", tag)
            .in_order(),
        Order::Post => Object::new()
            .text("value", value)
            .maybe("tag", tag)
            .text("id", id)
            .in_order(),
    }
}
