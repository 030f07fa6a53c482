//! Rules, added, listed and deleted.

use std::time::{Duration, Instant};

use birdfeed::{Error, RuleProblem, Stream};
use simulator::{At, Fault, FaultPlan, Moment, Status, Step};

use crate::support::{TOKEN, start};

fn limited(requests: u32) -> FaultPlan {
    let reset = Duration::from_secs(1);
    FaultPlan::new([Step {
        at: At::Rules(1..=requests),
        moment: Moment::Start,
        fault: Fault::Status(Status::RateLimited { reset }),
    }])
}

#[tokio::test]
async fn rules_are_added_listed_and_deleted() {
    let (simulator, builder) = start(FaultPlan::default(), |_| {}).await;
    let rules = builder.rules().unwrap();
    assert!(rules.get().await.unwrap().is_empty());
    let added = rules
        .add([("cats has:images", "cats"), ("dogs", "dogs")])
        .await
        .unwrap();
    assert_eq!((added.created.len(), added.errors.len()), (2, 0));
    let again = rules.add(["dogs"]).await.unwrap();
    assert!(
        matches!(again.errors[0].problem, RuleProblem::Duplicate { .. }),
        "{again:?}"
    );
    let tried = Stream::builder(TOKEN)
        .base_url(simulator.base_url())
        .rules()
        .unwrap()
        .dry_run();
    assert_eq!(tried.add(["birds"]).await.unwrap().created.len(), 1);
    let stored = rules.get().await.unwrap();
    assert_eq!(stored.len(), 2);
    let cats = stored
        .iter()
        .find(|rule| rule.tag.as_deref() == Some("cats"))
        .unwrap();
    assert_eq!(cats.value, "cats has:images");
    assert_eq!(rules.delete([&cats.id]).await.unwrap().deleted, 1);
    let rest = rules.get().await.unwrap();
    assert_eq!(rules.delete(&rest).await.unwrap().deleted, 1);
    assert!(simulator.rules().is_empty());
}

#[tokio::test]
async fn a_rate_limit_is_an_error_or_waited_for() {
    let (_simulator, builder) = start(limited(1), |_| {}).await;
    let error = builder.rules().unwrap().get().await.unwrap_err();
    assert!(matches!(error, Error::Rules(_)));
    assert_eq!(error.status(), Some(429));
    let (_simulator, builder) = start(limited(2), |_| {}).await;
    let rules = builder.rules().unwrap().wait_on_rate_limit();
    let asked = Instant::now();
    assert!(rules.get().await.unwrap().is_empty());
    assert!(asked.elapsed() > Duration::from_secs(2), "{:?}", asked.elapsed());
}
