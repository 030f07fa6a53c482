//! Serialisation of requests about rules, as values that somebody else sends. Pure.

use http::Method;
use serde::Serialize;

use super::model::{Mode, NewRule};
use crate::api::Call;

const PATH: &str = "/2/tweets/search/stream/rules";

#[derive(Serialize)]
struct NewRuleBody<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
}

/// By which member the rules to delete are named.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Doomed<'a> {
    Ids(&'a [String]),
    Values(&'a [String]),
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Change<'a> {
    Add(Vec<NewRuleBody<'a>>),
    Delete(Doomed<'a>),
}

/// The request for a page; `next` is the token that the page before gave.
pub(super) fn list(next: Option<&str>) -> Call {
    let path = match next {
        None => PATH.to_owned(),
        Some(token) => format!("{PATH}?pagination_token={token}"),
    };
    Call {
        method: Method::GET,
        path,
        body: bytes::Bytes::new(),
    }
}

/// The request that adds `rules`.
pub(super) fn add(rules: &[NewRule], mode: Mode) -> Call {
    let bodies = rules.iter().map(|rule| NewRuleBody {
        value: &rule.value,
        tag: rule.tag.as_deref(),
    });
    change(&Change::Add(bodies.collect()), mode)
}

/// The request that deletes by `ids`: a POST, v2 has no DELETE here.
pub(super) fn delete(ids: &[String], mode: Mode) -> Call {
    change(&Change::Delete(Doomed::Ids(ids)), mode)
}

/// The request that deletes by `values`.
pub(super) fn delete_values(values: &[String], mode: Mode) -> Call {
    change(&Change::Delete(Doomed::Values(values)), mode)
}

/// The request that deletes everything; it has no dry run.
pub(super) fn delete_all() -> Call {
    Call {
        method: Method::POST,
        path: format!("{PATH}?delete_all=true"),
        body: bytes::Bytes::new(),
    }
}

/// The request for how many rules there are.
pub(super) fn counts() -> Call {
    Call {
        method: Method::GET,
        path: format!("{PATH}/counts"),
        body: bytes::Bytes::new(),
    }
}

fn change(change: &Change<'_>, mode: Mode) -> Call {
    let query = match mode {
        Mode::Apply => "",
        Mode::DryRun => "?dry_run=true",
    };
    Call {
        method: Method::POST,
        path: format!("{PATH}{query}"),
        body: serde_json::to_vec(change).expect("strings in lists").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_of_x() {
        assert_eq!((list(None).method, list(None).path.as_str()), (Method::GET, PATH));
        assert_eq!(list(Some("ab12")).path, format!("{PATH}?pagination_token=ab12"));
        let rules = [
            NewRule {
                value: "a \"b\"".to_owned(),
                tag: Some("t".to_owned()),
            },
            NewRule {
                value: "c".to_owned(),
                tag: None,
            },
        ];
        let call = add(&rules, Mode::DryRun);
        assert_eq!(
            (call.method, call.path),
            (Method::POST, format!("{PATH}?dry_run=true"))
        );
        assert_eq!(
            call.body,
            r#"{"add":[{"value":"a \"b\"","tag":"t"},{"value":"c"}]}"#
        );
        let call = delete(&["1".to_owned(), "2".to_owned()], Mode::Apply);
        assert_eq!((call.method, call.path.as_str()), (Method::POST, PATH));
        assert_eq!(call.body, r#"{"delete":{"ids":["1","2"]}}"#);
        let call = delete_values(&["a b".to_owned()], Mode::Apply);
        assert_eq!(call.body, r#"{"delete":{"values":["a b"]}}"#);
        assert_eq!(delete_all().path, format!("{PATH}?delete_all=true"));
        assert_eq!(counts().path, format!("{PATH}/counts"));
    }
}
