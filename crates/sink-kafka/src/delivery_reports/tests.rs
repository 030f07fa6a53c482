use std::time::Duration;

use stream_core::model::Lane;
use stream_core::sink::LaneLeases;

use super::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(20)
}

async fn lease(leases: &LaneLeases) -> Option<LaneLease> {
    leases.acquire(Lane::Tweets, soon()).await
}

/// With a publisher, whose lease is the only one.
async fn attached() -> DeliveryReports {
    let reports = DeliveryReports::default();
    reports.attach(lease(&LaneLeases::default()).await.unwrap());
    reports
}

fn hand_over(reports: &DeliveryReports, records: usize) {
    let mut reservation = reports.reserve(records).unwrap();
    (0..records).for_each(|_| reservation.used());
}

#[tokio::test]
async fn outcomes_come_first_and_then_the_failure_that_a_person_must_mend() {
    let reports = attached().await;
    hand_over(&reports, 4);
    reports.settle(7, Outcome::Delivered);
    reports.give_up(SinkError::Unavailable("purged".to_owned()));
    reports.give_up(SinkError::Operator("missing".to_owned()));
    reports.give_up(SinkError::Unavailable("purged".to_owned()));
    let mut into = Vec::new();
    reports.settled(&mut into).await.unwrap();
    let delivered = Settled {
        seq: 7,
        outcome: Outcome::Delivered,
    };
    assert_eq!(into, [delivered]);
    let failure = SinkError::Operator("missing".to_owned());
    assert_eq!(reports.settled(&mut into).await, Err(failure.clone()));
    assert_eq!(reports.reserve(1).unwrap_err(), failure);
}

#[tokio::test]
async fn after_a_refusal_the_rest_is_taken_back_once_and_seen_at_once() {
    let reports = attached().await;
    hand_over(&reports, 1);
    assert!(!reports.refuse(0, "too large".to_owned()), "nothing is left");
    let mut into = Vec::new();
    reports.settled(&mut into).await.unwrap();

    hand_over(&reports, 3);
    assert!(reports.refuse(1, "too large".to_owned()));
    reports.take_back();
    assert!(reports.reserve(1).is_err());
    assert!(!reports.refuse(2, "too large".to_owned()), "once");
    into.clear();
    let waited = timeout_at(soon(), reports.settled(&mut into)).await;
    assert!(waited.is_err(), "{into:?}");
    reports.give_up(SinkError::Unavailable("purged".to_owned()));
    reports.settled(&mut into).await.unwrap();
    assert_eq!(into.iter().map(|one| one.seq).collect::<Vec<_>>(), [1, 2]);
    let failure = reports.settled(&mut into).await.unwrap_err();
    assert!(failure.to_string().contains("refused"), "{failure}");

    reports.detach();
    reports.attach(lease(&LaneLeases::default()).await.unwrap());
    hand_over(&reports, 1);
    reports.take_back();
    assert!(reports.reserve(1).is_err(), "another lane was refused");
}

#[tokio::test]
async fn the_lease_is_given_back_when_publisher_and_records_are_gone() {
    let (leases, reports) = (LaneLeases::default(), DeliveryReports::default());
    reports.attach(lease(&leases).await.unwrap());
    hand_over(&reports, 2);
    reports.settle(0, Outcome::Delivered);
    reports.settle(1, Outcome::Delivered);
    assert!(lease(&leases).await.is_none(), "a publisher is there");

    hand_over(&reports, 2);
    reports.detach();
    reports.settle(2, Outcome::Delivered);
    assert!(lease(&leases).await.is_none(), "a record is on its way");
    reports.give_up(SinkError::Unavailable("purged".to_owned()));

    reports.attach(lease(&leases).await.unwrap());
    hand_over(&reports, 1);
    reports.settle(4, Outcome::Delivered);
    let mut into = Vec::new();
    reports.settled(&mut into).await.unwrap();
    assert_eq!(into.iter().map(|one| one.seq).collect::<Vec<_>>(), [4]);
}

#[tokio::test]
async fn what_was_not_handed_over_is_not_on_its_way() {
    let reports = attached().await;
    let mut reservation = reports.reserve(3).unwrap();
    reservation.used();
    drop(reservation);
    assert_eq!(reports.unsettled(), 1);
}
