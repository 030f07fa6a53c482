use super::*;

fn rule(id: &str, value: &str, tag: Option<&str>) -> Rule {
    Rule {
        id: id.to_owned(),
        value: value.to_owned(),
        tag: tag.map(str::to_owned),
    }
}

fn recorded(case: &str) -> String {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/recorded-responses.json"
    );
    let all: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let answer = all.iter().find(|answer| answer["case"] == case).expect(case);
    answer["response"].as_str().unwrap().to_owned()
}

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
}

#[test]
fn recorded_answers_are_understood() {
    let page = listed(recorded("Success 200 - Retrieve Rules").as_bytes()).unwrap();
    let memes = rule("1273636687768285186", "meme has:images", None);
    let puppies = rule(
        "1273636687768285187",
        "puppy has:media",
        Some("puppies with media"),
    );
    assert_eq!(page.rules, [memes.clone(), puppies.clone()]);
    assert_eq!(page.next, None);
    let done = added(recorded("Success 201 - Created List of Rules").as_bytes()).unwrap();
    assert_eq!((done.created, done.errors), (vec![memes, puppies], vec![]));
    let tried = added(recorded("Success 201 - Create Rules with Dry Run").as_bytes()).unwrap();
    assert_eq!(tried.created.len(), 1);
    let invalid = added(recorded("Success 200 - Errors for Invalid Rule").as_bytes()).unwrap();
    assert!(invalid.created.is_empty());
    let RuleProblem::Invalid { details } = &invalid.errors[0].problem else {
        panic!("{invalid:?}");
    };
    assert!(!details.is_empty());
    let gone = deleted(recorded("Success 200 - Delete Rule").as_bytes()).unwrap();
    assert_eq!((gone.deleted, gone.not_deleted), (1, 0));
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
