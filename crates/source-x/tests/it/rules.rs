//! Rules as code against the simulator: a plan is carried out within the cap, whatever happens on the way.

use std::time::{Duration, Instant};

use simulator::Simulator;
use source_x::rules::{Mode, NewRule, Ownership, Patience, Plan, Rule, RuleProblem, RulesError};
use source_x::{Endpoint, RulesClient, Settings, Token};
use stream_core::source::ConnectErrorClass;

use crate::support::{SECRET, Server};

async fn start(change: impl FnOnce(&mut simulator::Settings)) -> (Simulator, RulesClient) {
    let mut world = simulator::Settings {
        token: SECRET.to_owned(),
        rate: 0.0,
        ..simulator::Settings::default()
    };
    change(&mut world);
    let simulator = Simulator::start(world).await.unwrap();
    let client = client(&simulator, Endpoint::Search);
    (simulator, client)
}

fn client(simulator: &Simulator, endpoint: Endpoint) -> RulesClient {
    let mut settings = Settings::new(Token::from_value(SECRET));
    settings.base_url = Some(simulator.base_url());
    settings.endpoint = endpoint;
    RulesClient::new(&settings).unwrap()
}

fn ownership() -> Ownership {
    Ownership {
        prefix: "own:".to_owned(),
        prune: false,
    }
}

fn rule(value: impl Into<String>, tag: Option<&str>) -> NewRule {
    NewRule {
        value: value.into(),
        tag: tag.map(str::to_owned),
    }
}

fn numbered(from: usize, to: usize) -> Vec<NewRule> {
    (from..to).map(|n| rule(format!("word{n}"), Some("n"))).collect()
}

async fn plan(client: &RulesClient, wanted: &[NewRule]) -> Plan {
    Plan::of(wanted, &ownership(), &client.list().await.unwrap())
}

#[tokio::test]
async fn a_thousand_rules_are_exchanged_within_the_cap() {
    let (simulator, client) = start(|_| {}).await;
    let foreign = simulator.add_rule("theirs", Some("other"));
    let mut wanted = numbered(0, 998);
    wanted.push(rule("--b", None));
    let first = plan(&client, &wanted).await;
    assert_eq!((first.created.len(), first.foreign.len()), (999, 1));
    let applied = client.apply(&first, &mut Patience::none()).await.unwrap();
    assert_eq!(
        (applied.created, applied.deleted, applied.refused.len()),
        (998, 0, 1)
    );
    assert!(
        applied.refused[0]
            .to_string()
            .starts_with("\"--b\": X does not take it: Rules must")
    );
    wanted.pop();
    assert!(plan(&client, &wanted).await.is_empty());
    // Room for one rule is left, and 500 are others.
    let wanted = numbered(500, 1_498);
    let second = plan(&client, &wanted).await;
    let applied = client.apply(&second, &mut Patience::none()).await.unwrap();
    assert_eq!((applied.created, applied.deleted), (500, 500));
    assert!(plan(&client, &wanted).await.is_empty());
    assert!(client.list().await.unwrap().iter().any(|rule| rule.id == foreign));
}

#[tokio::test]
async fn more_than_fit_are_refused_before_anything_changes() {
    let (simulator, client) = start(|world| world.rule_cap = 10).await;
    simulator.add_rule("theirs", None);
    let wanted = numbered(0, 10);
    let cut_short = client
        .apply(&plan(&client, &wanted).await, &mut Patience::none())
        .await
        .unwrap_err();
    assert!(matches!(cut_short.error, RulesError::NoRoom(_)), "{cut_short}");
    assert!(
        cut_short
            .to_string()
            .contains("10 rules are to be created and there is room for 9")
    );
    assert_eq!(simulator.rules().len(), 1);
}

#[tokio::test]
async fn a_tag_is_changed_and_a_foreign_one_is_not() {
    let (simulator, client) = start(|_| {}).await;
    simulator.add_rule("cats", Some("own:old"));
    let theirs = simulator.add_rule("dogs", Some("theirs"));
    let wanted = [rule("cats", Some("new")), rule("dogs", Some("mine"))];
    let retag = plan(&client, &wanted).await;
    assert_eq!(
        (retag.retagged.len(), retag.covered.len(), retag.changes()),
        (1, 1, 1)
    );
    client.apply(&retag, &mut Patience::none()).await.unwrap();
    let mut rules = client.list().await.unwrap();
    rules.sort_by(|a, b| a.value.cmp(&b.value));
    assert_eq!(rules[0].tag.as_deref(), Some("own:new"));
    assert_eq!((&rules[1].id, rules[1].tag.as_deref()), (&theirs, Some("theirs")));
}

#[tokio::test]
async fn what_was_cut_short_a_second_run_finishes() {
    // list, counts (of which no fault knows), add, and the next add fails for good.
    let (simulator, client) = start(|world| world.faults = "rules 3-4: status 503".parse().unwrap()).await;
    let wanted = numbered(0, 600);
    let first = plan(&client, &wanted).await;
    let cut_short = client.apply(&first, &mut Patience::none()).await.unwrap_err();
    assert_eq!((cut_short.applied.created, simulator.rules().len()), (250, 250));
    let mut patience = Patience::new(Duration::from_secs(10), &|_, _| {});
    client.list().await.unwrap_err();
    let applied = client
        .apply(&plan(&client, &wanted).await, &mut patience)
        .await
        .unwrap();
    assert_eq!(applied.created, 350);
    assert!(plan(&client, &wanted).await.is_empty());
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_not_for_ever() {
    let (simulator, client) = start(|world| {
        world.rule_write_limit = 1;
        world.window = Duration::from_secs(2);
    })
    .await;
    let wanted = numbered(0, 500);
    let first = plan(&client, &wanted).await;
    let begun = Instant::now();
    let waits = parking_lot::Mutex::new(Vec::new());
    let tell = |error: &RulesError, wait: Duration| waits.lock().push((error.to_string(), wait));
    let mut patience = Patience::new(Duration::from_secs(30), &tell);
    client.apply(&first, &mut patience).await.unwrap();
    assert_eq!(simulator.rules().len(), 500);
    assert!(
        !waits.lock().is_empty() && begun.elapsed() < Duration::from_secs(20),
        "{waits:?}"
    );
    let more = plan(&client, &numbered(0, 1_000)).await;
    let cut_short = client.apply(&more, &mut Patience::none()).await;
    let error = cut_short.unwrap_err().error;
    let is_limit = |error: &RulesError| matches!(error, RulesError::Request(error) if matches!(error.class, ConnectErrorClass::RateLimited { .. }));
    assert!(is_limit(&error), "{error}");
}

#[tokio::test]
async fn rules_are_deleted_by_value_and_all_at_once() {
    let (simulator, client) = start(|world| {
        world.untagged = simulator::Untagged::Null;
        world.rule_ids = simulator::RuleIds::Number;
    })
    .await;
    for value in ["a", "b", "c"] {
        simulator.add_rule(value, None);
    }
    let values = ["a".to_owned(), "z".to_owned()];
    let gone = client.delete_values(&values, Mode::Apply).await.unwrap();
    assert_eq!((gone.deleted, gone.not_deleted), (1, 1));
    assert!(gone.errors[0].to_string().contains("does not exist"), "{gone:?}");
    let counts = client.counts().await.unwrap();
    assert_eq!((counts.app, counts.room()), (Some(2), Some(998)));
    let listed: Vec<Rule> = client.list().await.unwrap();
    assert!(
        listed
            .iter()
            .all(|rule| rule.tag.is_none() && rule.id.len() == 19),
        "{listed:?}"
    );
    assert_eq!(client.delete_all().await.unwrap().deleted, 2);
}

#[tokio::test]
async fn validation_stores_nothing_and_names_the_rule() {
    let (simulator, client) = start(|_| {}).await;
    simulator.add_rule("cats", None);
    let rules = [rule("cats", None), rule("dogs", None), rule("--b", None)];
    let refused = client.validate(&rules, &mut Patience::none()).await.unwrap();
    assert_eq!((refused.len(), simulator.rules().len()), (1, 1));
    assert!(matches!(refused[0].problem, RuleProblem::Invalid { .. }));
}

#[tokio::test]
async fn without_counts_rules_go_before_others_come() {
    let answers = |body: &str| {
        let length = body.len();
        format!("HTTP/1.1 404 Not Found\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    };
    let server = Server::saying(answers("{}")).await;
    let client = RulesClient::new(&crate::support::settings(server.address)).unwrap();
    let plan = Plan::of(&[rule("a", None)], &ownership(), &[]);
    let cut_short = client.apply(&plan, &mut Patience::none()).await.unwrap_err();
    assert!(cut_short.to_string().contains("HTTP 404"), "{cut_short}");
    let heads = server.heads();
    assert!(
        heads[0].contains("/rules/counts ") && heads[1].starts_with("POST "),
        "{heads:?}"
    );
}

#[tokio::test]
async fn powerstreams_rules_are_its_own_and_are_exchanged_in_its_way() {
    let (simulator, filtered) = start(|_| {}).await;
    simulator.add_rule("of the other", None);
    let client = client(&simulator, Endpoint::Powerstream);
    assert_eq!(client.list().await.unwrap(), []);
    let mut wanted = numbered(0, 249);
    wanted.push(rule("--b", None));
    let first = plan(&client, &wanted).await;
    let applied = client.apply(&first, &mut Patience::none()).await.unwrap();
    assert_eq!((applied.created, applied.refused.len()), (249, 1));
    assert!(matches!(
        &applied.refused[0].problem,
        RuleProblem::Invalid { details } if !details.is_empty()
    ));
    wanted.pop();
    assert!(plan(&client, &wanted).await.is_empty());
    // Another tag is another rule: the old one goes, and the new one comes.
    let retagged: Vec<_> = (0..120).map(|n| rule(format!("word{n}"), Some("m"))).collect();
    let second = plan(&client, &retagged).await;
    assert_eq!((second.retagged.len(), second.deleted.len()), (120, 129));
    let applied = client.apply(&second, &mut Patience::none()).await.unwrap();
    assert_eq!((applied.created, applied.deleted), (120, 249));
    let counts = client.counts().await.unwrap();
    assert_eq!((counts.app, counts.room()), (Some(120), Some(880)));
    let again = client.add(&[rule("word7", None)], Mode::Apply).await.unwrap();
    assert!(again.created.is_empty() && again.errors[0].is_duplicate());
    let gone = client
        .delete_values(&["word7".to_owned(), "nobody's".to_owned()], Mode::Apply)
        .await
        .unwrap();
    assert_eq!((gone.deleted, gone.not_deleted), (1, 1));
    let tried = client.add(&[rule("a", None)], Mode::DryRun).await.unwrap_err();
    assert_eq!(tried, RulesError::NoDryRun);
    assert_eq!(client.delete_all().await.unwrap().deleted, 119);
    assert_eq!(filtered.list().await.unwrap().len(), 1);
}
