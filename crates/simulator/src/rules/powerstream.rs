//! Powerstream's rules, in its own form: lists under `rules`, deleted by what they say.

use serde::Deserialize;

use super::{Rule, Rules, check, post};
use crate::http::bodies::{invalid, refusal, rule_cap};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::template::{Values, fill};

/// Rules in one request.
const MOST: usize = 100;

#[derive(Deserialize)]
struct Body {
    rules: Vec<RuleBody>,
}

#[derive(Deserialize)]
struct RuleBody {
    value: String,
    tag: Option<String>,
}

impl Rules {
    /// Answers a request to Powerstream's rules.
    pub(crate) fn powerstream(&mut self, request: &Request) -> Response {
        if request.method == "GET" {
            let all: Vec<_> = self.all.iter().map(|rule| self.listed(rule)).collect();
            return nested(200, &all, &[]);
        }
        let body = serde_json::from_slice::<Body>(&request.body).ok();
        let Some(Body { rules }) = body.filter(|body| (1..=MOST).contains(&body.rules.len())) else {
            return invalid(
                "rules",
                None,
                "The request body must hold `rules`, 1 to 100 of them",
            );
        };
        match request.method.as_str() {
            "POST" => self.store(rules),
            "DELETE" => self.forget(&rules),
            _ => refusal(crate::fault::Status::NotFound),
        }
    }

    fn store(&mut self, rules: Vec<RuleBody>) -> Response {
        if self.all.len() + rules.len() > self.cap {
            return rule_cap(self.cap_status, self.cap);
        }
        let (mut stored, mut errors) = (Vec::new(), Vec::new());
        for RuleBody { value, tag } in rules {
            let mistakes = check::mistakes(&value);
            if let Some(known) = self.all.iter().find(|rule| rule.value == value) {
                errors.push(post::duplicate(known));
            } else if mistakes.is_empty() {
                let id = self.next_id();
                self.all.push(Rule { id, value, tag });
                stored.extend(self.all.last().map(|rule| self.listed(rule)));
            } else {
                errors.push(post::unprocessable(&value, &mistakes));
            }
        }
        nested(201, &stored, &errors)
    }

    fn forget(&mut self, rules: &[RuleBody]) -> Response {
        let before = self.all.len();
        self.all.retain(|rule| {
            !rules
                .iter()
                .any(|doomed| doomed.value == rule.value && doomed.tag == rule.tag)
        });
        let deleted = before - self.all.len();
        let values = Values::new()
            .with("deleted", deleted)
            .with("not_deleted", rules.len().saturating_sub(deleted));
        Response::json(
            200,
            fill(include_str!("../../data/rules/nested_deleted.tpl"), &values),
        )
    }
}

fn nested(status: u16, rules: &[String], errors: &[String]) -> Response {
    let values = Values::new()
        .with("rules", rules.join(","))
        .list("errors", errors);
    Response::json(status, fill(include_str!("../../data/rules/nested.tpl"), &values))
}
