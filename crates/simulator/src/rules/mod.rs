//! REST endpoints of the rules: what is stored, and X's answers (`x-streaming.md` 1.4).

mod check;
mod post;
mod powerstream;

use fastrand::Rng;

use crate::http::bodies::invalid;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::json::string;
use crate::settings::{RuleIds, Settings, Untagged};
use crate::template::{Values, fill};
use crate::time;

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

/// The stored rules, at most `cap`.
#[derive(Debug)]
pub(crate) struct Rules {
    all: Vec<Rule>,
    cap: usize,
    cap_status: u16,
    spelling: Spelling,
    last_id: u64,
    rng: Rng,
}

/// How rules are written where X's answers differ.
#[derive(Debug, Clone, Copy)]
struct Spelling {
    untagged: Untagged,
    ids: RuleIds,
}

impl Rules {
    pub(crate) fn new(settings: &Settings) -> Self {
        Rules {
            all: Vec::new(),
            cap: settings.rule_cap,
            cap_status: settings.rule_cap_status,
            spelling: Spelling {
                untagged: settings.untagged,
                ids: settings.rule_ids,
            },
            last_id: 0,
            rng: Rng::with_seed(settings.seed),
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

    /// Answers a GET: all rules or some, in pages.
    pub(crate) fn get(&self, request: &Request) -> Response {
        let page = match Page::asked(request) {
            Ok(page) => page,
            Err(refusal) => return refusal,
        };
        let all: Vec<&Rule> = self.all.iter().filter(|rule| page.wants(rule)).collect();
        let data: Vec<String> = all
            .iter()
            .skip(page.from)
            .take(page.most)
            .map(|rule| self.listed(rule))
            .collect();
        let next = page.from + data.len();
        let values = Values::new()
            .list("data", &data)
            .with("sent", sent())
            .with("count", data.len())
            .maybe("next", (next < all.len()).then(|| format!("{next:016}")));
        Response::json(200, fill(include_str!("../../data/rules/listed.tpl"), &values))
    }

    fn listed(&self, rule: &Rule) -> String {
        self.spelling
            .json(include_str!("../../data/rules/rule_listed.tpl"), rule)
    }

    /// Answers a GET of the counts.
    pub(crate) fn counts(&self) -> Response {
        let values = Values::new().with("cap", self.cap).with("count", self.all.len());
        Response::json(200, fill(include_str!("../../data/rules/counts.tpl"), &values))
    }
}

/// Pagination: which rules a GET asks for.
struct Page<'r> {
    ids: Option<Vec<&'r str>>,
    most: usize,
    from: usize,
}

impl<'r> Page<'r> {
    fn asked(request: &'r Request) -> Result<Self, Response> {
        let mut page = Page {
            ids: None,
            most: 1000,
            from: 0,
        };
        for (name, value) in &request.query {
            let wrong = |message: &str| Err(invalid(name, Some(value), message));
            match (name.as_str(), value.parse()) {
                ("ids", _) => page.ids = Some(value.split(',').collect()),
                ("max_results", Ok(most @ 1..=1000)) => page.most = most,
                ("max_results", _) => {
                    return wrong(&format!(
                        "The `max_results` query parameter value [{value}] is not between 1 and 1000"
                    ));
                }
                ("pagination_token", Ok(from)) if value.len() == 16 => page.from = from,
                ("pagination_token", _) => return wrong("The `pagination_token` is not valid"),
                _ => {
                    return wrong(&format!(
                        "The query parameter [{name}] is not one of those that this endpoint takes"
                    ));
                }
            }
        }
        Ok(page)
    }

    fn wants(&self, rule: &Rule) -> bool {
        self.ids
            .as_ref()
            .is_none_or(|ids| ids.contains(&rule.id.as_str()))
    }
}

fn sent() -> String {
    time::rfc3339(time::now_ms())
}

impl Spelling {
    /// X's order of a rule's members differs from answer to answer, so each has a template.
    fn json(self, template: &str, rule: &Rule) -> String {
        let untagged = match self.untagged {
            Untagged::Absent => None,
            Untagged::Null => Some("null".to_owned()),
            Untagged::Empty => Some("\"\"".to_owned()),
        };
        let id = match self.ids {
            RuleIds::Text => string(&rule.id),
            RuleIds::Number => rule.id.clone(),
        };
        let values = Values::new()
            .with("id", id)
            .with("value", string(&rule.value))
            .maybe("tag", rule.tag.as_deref().map(string).or(untagged));
        fill(template, &values)
    }
}
