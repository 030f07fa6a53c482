use super::*;

fn rule(id: &str, value: &str, tag: Option<&str>) -> Rule {
    Rule {
        id: id.to_owned(),
        value: value.to_owned(),
        tag: tag.map(str::to_owned),
    }
}

#[test]
fn answers_of_xs_shape_are_understood() {
    let cats = rule("11", "cat has:images", None);
    let dogs = rule("12", "dog has:media", Some("dogs with media"));
    let page = listed(
        br#"{"data":[{"id":"11","value":"cat has:images"},{"id":"12","value":"dog has:media","tag":"dogs with media"}],"meta":{"sent":"t","result_count":2}}"#,
    )
    .unwrap();
    assert_eq!((page.rules, page.next), (vec![cats.clone(), dogs.clone()], None));
    let done = added(
        br#"{"data":[{"value":"dog has:media","tag":"dogs with media","id":"12"},{"value":"cat has:images","id":"11"}],"meta":{"sent":"t","summary":{"created":2,"not_created":0,"valid":2,"invalid":0}}}"#,
    )
    .unwrap();
    assert_eq!((done.created, done.errors), (vec![dogs, cats], vec![]));
    let invalid = added(
        br#"{"meta":{"sent":"t","summary":{"created":0,"not_created":1,"valid":0,"invalid":1}},"errors":[{"value":"a or b","details":["Ambiguous use of or as a keyword (at position 3)"],"title":"UnprocessableEntity","type":"x/invalid-rules"}]}"#,
    )
    .unwrap();
    let details = vec!["Ambiguous use of or as a keyword (at position 3)".to_owned()];
    assert_eq!(invalid.errors[0].problem, RuleProblem::Invalid { details });
    let gone = deleted(br#"{"meta":{"sent":"t","summary":{"deleted":1,"not_deleted":2}}}"#).unwrap();
    assert_eq!((gone.deleted, gone.not_deleted), (1, 2));
}

#[test]
fn errors_of_single_rules_are_told_apart() {
    let duplicate = br#"{"meta":{"summary":{"created":0}},"errors":[{"value":"a","id":"5","title":"DuplicateRule","type":"https://api.twitter.com/2/problems/duplicate-rules"}]}"#;
    let expected = RuleError {
        value: Some("a".to_owned()),
        problem: RuleProblem::Duplicate {
            id: Some("5".to_owned()),
        },
    };
    assert_eq!(added(duplicate).unwrap().errors, [expected]);
    let bare = br#"{"errors":[{"value":"--b","title":"UnprocessableEntity","type":"x/invalid-rules"}]}"#;
    assert_eq!(
        added(bare).unwrap().errors[0].problem,
        RuleProblem::Invalid { details: vec![] }
    );
    let nested = br#"{"errors":[{"errors":[{"message":"no rule 7","parameters":{}}],"title":"Invalid Request","type":"x/invalid-request"}],"meta":{"summary":{"deleted":0,"not_deleted":1}}}"#;
    let gone = deleted(nested).unwrap();
    assert_eq!(gone.not_deleted, 1);
    assert_eq!(
        gone.errors[0].problem,
        RuleProblem::Other("Invalid Request: no rule 7".to_owned())
    );
}

#[test]
fn lists_may_be_empty_paged_or_odd() {
    let page = listed(br#"{"meta":{"sent":"t","result_count":0}}"#).unwrap();
    assert_eq!(
        page,
        Page {
            rules: vec![],
            next: None
        }
    );
    let page = listed(br#"{"data":[{"id":7,"value":"a","tag":""}],"meta":{"next_token":"0ab1"}}"#).unwrap();
    assert_eq!(
        (page.rules, page.next.as_deref()),
        (vec![rule("7", "a", None)], Some("0ab1"))
    );
    for odd in [
        r#"{"meta":{"next_token":"a&ids=1 HTTP/1.1"}}"#,
        r#"{"meta":{"next_token":""}}"#,
        r#"{"errors":[{"title":"Internal Error"}]}"#,
        "[]",
        "{}",
        "",
        "{\"data\":7}",
    ] {
        assert!(
            matches!(listed(odd.as_bytes()), Err(RulesError::Answer(_))),
            "{odd}"
        );
    }
}

#[test]
fn counts_are_numbers_or_texts() {
    for body in [
        r#"{"data":{"cap_per_client_app":1000,"cap_per_project":900,"project_rules_count":7,"client_app_rules_count":{"client_app_id":"1","rule_count":5}}}"#,
        r#"{"data":{"cap_per_client_app":"1000","cap_per_project":"900","project_rules_count":"7","client_app_rules_count":{"rule_count":"5"}}}"#,
    ] {
        let counts = counts(body.as_bytes()).unwrap();
        assert_eq!(
            (counts.app, counts.project_cap, counts.room()),
            (Some(5), Some(900), Some(893))
        );
    }
    assert_eq!(counts(br#"{"data":{}}"#).unwrap().room(), None);
    assert!(matches!(counts(b"{}"), Err(RulesError::Answer(_))));
}

#[test]
fn errors_name_the_rule_in_words() {
    let said = |value: Option<&str>, problem| {
        RuleError {
            value: value.map(str::to_owned),
            problem,
        }
        .to_string()
    };
    let duplicate = RuleProblem::Duplicate {
        id: Some("5".to_owned()),
    };
    assert_eq!(said(Some("a b"), duplicate), "\"a b\": is stored already, as 5");
    let invalid = RuleProblem::Invalid {
        details: vec!["x".to_owned(), "y".to_owned()],
    };
    assert_eq!(said(Some("--b"), invalid), "\"--b\": X does not take it: x; y");
}

#[test]
fn an_answer_that_says_nothing_is_none() {
    for body in ["{}", r#"{"data":[{"id":"1","value":"a"}]}"#, r#"{"errors":[]}"#] {
        let body = body.as_bytes();
        assert!(matches!(listed(body), Err(RulesError::Answer(_))));
        assert!(matches!(added(body), Err(RulesError::Answer(_))));
        assert!(matches!(deleted(body), Err(RulesError::Answer(_))));
    }
}

#[test]
fn what_cannot_be_read_is_not_repeated_at_length() {
    let body = format!(r#"{{"meta":{{"summary":"{}\u0007"}}}}"#, "x".repeat(1_000_000));
    let error = deleted(body.as_bytes()).unwrap_err().to_string();
    assert!(
        error.len() < 300 && error.contains("unreadable answer: invalid type"),
        "{error}"
    );
    assert!(!error.contains(char::is_control));
}
