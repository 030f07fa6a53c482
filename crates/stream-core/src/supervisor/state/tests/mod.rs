use ConnectErrorClass as Class;

use super::*;

mod memory;
mod outage;
mod pause;

fn now(secs: f64) -> Now {
    Now {
        monotonic: Duration::from_secs_f64(secs),
        random: 0.0,
    }
}

fn connecting(since: f64) -> SupervisorState<()> {
    SupervisorState::Connecting {
        since: Duration::from_secs_f64(since),
    }
}

/// An attempt that the server has seen.
fn failed(class: Class) -> Input<()> {
    Input::Failed(refusal(class))
}

fn refusal(class: Class) -> Refusal {
    Refusal {
        class,
        retry_after: None,
        request: Request::Sent,
    }
}

/// The end of a connection that brought a stream.
fn ended(reason: DisconnectReason) -> Input<()> {
    Input::Ended(Ended {
        reason,
        refusal: None,
        proven: true,
    })
}

fn ended_unproven(reason: DisconnectReason) -> Input<()> {
    Input::Ended(Ended {
        reason,
        refusal: None,
        proven: false,
    })
}

fn streaming(since: u64) -> SupervisorState<()> {
    SupervisorState::Streaming {
        connection: (),
        since: Duration::from_secs(since),
    }
}

fn waiting(until: f64, class: WaitClass) -> SupervisorState<()> {
    SupervisorState::Waiting {
        until: Duration::from_secs_f64(until),
        class,
    }
}

fn states() -> Vec<SupervisorState<()>> {
    vec![
        connecting(100.0),
        streaming(0),
        waiting(5.0, WaitClass::Http),
        SupervisorState::Paused,
        SupervisorState::Stopped(SupervisorExit::Asked),
        SupervisorState::Stopped(SupervisorExit::RetriesExhausted),
        SupervisorState::Stopped(SupervisorExit::Finished),
    ]
}

fn happenings() -> Vec<Input<()>> {
    let mut all = vec![Input::Connected(()), Input::Ready, Input::Stop];
    let rate_limited = Class::RateLimited {
        reset_in: Some(Duration::from_secs(70)),
    };
    all.extend(
        [
            Class::Network,
            Class::Http,
            rate_limited,
            Class::RateLimited { reset_in: None },
            Class::TooManyConnections,
            Class::SlotFreed,
            Class::UsageCapped,
            Class::Refused,
            Class::Certificate,
            Class::NoBackfill,
        ]
        .map(failed),
    );
    all.extend(DisconnectReason::ALL.map(ended));
    all.extend(DisconnectReason::ALL.map(ended_unproven));
    all
}

/// What a fresh memory decides at second 100, for each state and each thing that may happen.
fn expected(state: &SupervisorState<()>, input: &Input<()>) -> SupervisorState<()> {
    match (state, input) {
        (SupervisorState::Stopped(exit), _) => SupervisorState::Stopped(*exit),
        (_, Input::Stop) => SupervisorState::Stopped(SupervisorExit::Asked),
        (SupervisorState::Connecting { .. }, Input::Connected(())) => streaming(100),
        (SupervisorState::Connecting { .. }, Input::Failed(refusal)) => match refusal.class {
            // The first network failure waits for nothing.
            Class::Network | Class::NoBackfill => connecting(100.0),
            Class::Http | Class::SlotFreed => waiting(105.0, WaitClass::Http),
            Class::Refused | Class::Certificate => waiting(105.0, WaitClass::Operator),
            Class::RateLimited { reset_in: Some(_) } => waiting(170.0, WaitClass::RateLimited),
            Class::RateLimited { reset_in: None } | Class::TooManyConnections => {
                waiting(160.0, WaitClass::RateLimited)
            }
            Class::UsageCapped => waiting(160.0, WaitClass::UsageCapped),
        },
        (SupervisorState::Streaming { .. }, Input::Ended(ended))
            if ended.reason == DisconnectReason::JournalFull =>
        {
            SupervisorState::Paused
        }
        (SupervisorState::Streaming { .. }, Input::Ended(ended))
            if ended.reason == DisconnectReason::Finished =>
        {
            SupervisorState::Stopped(SupervisorExit::Finished)
        }
        (SupervisorState::Streaming { .. }, Input::Ended(_) | Input::Renew)
        | (SupervisorState::Waiting { .. } | SupervisorState::Paused, Input::Ready) => connecting(100.0),
        (state, _) => state.clone(),
    }
}

#[test]
fn every_state_with_everything_that_may_happen() {
    for state in states() {
        for input in happenings() {
            let next = ReconnectPolicy::default().step(state.clone(), input.clone(), now(100.0));
            assert_eq!(next, expected(&state, &input), "{state:?} × {input:?}");
        }
    }
}

#[test]
fn flapping_climbs_and_only_lasting_health_resets() {
    let mut policy = ReconnectPolicy::default();
    let mut at = 0.0;
    for expected in [0.0_f64, 0.25, 0.5, 0.75] {
        let next = policy.step(streaming(0), ended(DisconnectReason::CleanEnd), now(at));
        match next {
            SupervisorState::Connecting { .. } => assert!(expected.abs() < f64::EPSILON),
            next => assert_eq!(next, waiting(at + expected, WaitClass::Network)),
        }
        at += 1.0;
    }
    let after_health = policy.step(streaming(0), ended(DisconnectReason::CleanEnd), now(30.0));
    assert_eq!(after_health, connecting(30.0));
}

#[test]
fn schedules_do_not_reset_each_other() {
    let mut policy = ReconnectPolicy::default();
    let fail = |policy: &mut ReconnectPolicy, class| policy.step(connecting(0.0), failed(class), now(0.0));
    assert_eq!(fail(&mut policy, Class::Http), waiting(5.0, WaitClass::Http));
    assert_eq!(
        fail(&mut policy, Class::TooManyConnections),
        waiting(60.0, WaitClass::RateLimited)
    );
    assert_eq!(fail(&mut policy, Class::Http), waiting(10.0, WaitClass::Http));
    assert_eq!(
        fail(&mut policy, Class::TooManyConnections),
        waiting(120.0, WaitClass::RateLimited)
    );
}

#[test]
fn a_freed_slot_is_tried_soon_and_ever_later_if_nothing_comes_of_it() {
    let mut policy = ReconnectPolicy::default();
    let mut wait = || policy.step(connecting(0.0), failed(Class::SlotFreed), now(0.0));
    assert_eq!(wait(), waiting(5.0, WaitClass::Http));
    assert_eq!(wait(), waiting(10.0, WaitClass::Http));
}

#[test]
fn a_reset_is_believed_once_and_then_the_schedule_holds() {
    let mut policy = ReconnectPolicy::default();
    let mut wait = |reset: u64| {
        let reset_in = Some(Duration::from_secs(reset));
        policy.step(connecting(0.0), failed(Class::RateLimited { reset_in }), now(0.0))
    };
    assert_eq!(wait(20), waiting(20.0, WaitClass::RateLimited));
    assert_eq!(wait(1), waiting(120.0, WaitClass::RateLimited));
    assert_eq!(wait(700), waiting(700.0, WaitClass::RateLimited));
}

#[test]
fn a_stream_resets_the_ladders_of_refusals_and_nothing_else_does() {
    for (end, http, rate_limited) in [
        (ended_unproven(DisconnectReason::Broken), 10.0, 120.0),
        (ended(DisconnectReason::Broken), 5.0, 60.0),
    ] {
        let mut policy = ReconnectPolicy::default();
        let mut fail = |class, input: Option<Input<()>>| {
            if let Some(input) = input {
                policy.step(streaming(0), input, now(100.0));
            }
            policy.step(connecting(100.0), failed(class), now(100.0))
        };
        fail(Class::Http, None);
        fail(Class::TooManyConnections, None);
        assert_eq!(
            fail(Class::Http, Some(end)),
            waiting(100.0 + http, WaitClass::Http)
        );
        assert_eq!(
            fail(Class::TooManyConnections, None),
            waiting(100.0 + rate_limited, WaitClass::RateLimited)
        );
    }
}

#[test]
fn the_ladder_of_the_network_is_reset_by_a_stream_that_lasted() {
    for (lasted, end, wait) in [
        (30, ended(DisconnectReason::CleanEnd), 0.0),
        (29, ended(DisconnectReason::CleanEnd), 0.25),
        // A portal's page may stay open as long as it likes.
        (300, ended_unproven(DisconnectReason::CleanEnd), 0.25),
    ] {
        let mut policy = ReconnectPolicy::default();
        policy.step(streaming(0), ended_unproven(DisconnectReason::CleanEnd), now(1.0));
        let next = policy.step(streaming(0), end.clone(), now(f64::from(lasted)));
        match next {
            SupervisorState::Connecting { .. } => assert!(wait < 0.1, "{lasted} {end:?}"),
            next => assert_eq!(next, waiting(f64::from(lasted) + wait, WaitClass::Network)),
        }
    }
}

#[test]
fn a_connection_that_turned_out_to_be_a_refusal_climbs_its_ladder() {
    let mut policy = ReconnectPolicy::default();
    let mut end = |class| {
        let end = Ended {
            reason: DisconnectReason::Refused,
            refusal: Some(refusal(class)),
            proven: false,
        };
        policy.step(streaming(0), Input::Ended(end), now(50.0))
    };
    assert_eq!(end(Class::Http), waiting(55.0, WaitClass::Http));
    assert_eq!(end(Class::Http), waiting(60.0, WaitClass::Http));
    assert_eq!(
        end(Class::TooManyConnections),
        waiting(110.0, WaitClass::RateLimited)
    );
}

#[test]
fn what_the_server_asks_for_holds_if_it_is_more_than_the_ladder_and_within_reason() {
    for (class, asked, wait, name) in [
        (Class::Http, 90, 90.0, WaitClass::Http),
        (Class::Http, 2, 5.0, WaitClass::Http),
        (Class::Http, 86_400, 900.0, WaitClass::Http),
        (Class::Refused, 70, 70.0, WaitClass::RateLimited),
        (
            Class::RateLimited { reset_in: None },
            100,
            100.0,
            WaitClass::RateLimited,
        ),
        (Class::TooManyConnections, 10, 60.0, WaitClass::RateLimited),
    ] {
        let refusal = Refusal {
            retry_after: Some(Duration::from_secs(asked)),
            ..refusal(class)
        };
        let next = ReconnectPolicy::default().step(connecting(0.0), Input::Failed(refusal), now(0.0));
        assert_eq!(next, waiting(wait, name), "{class:?} {asked}");
    }
    for reset in [0, 1, 4, 5] {
        let reset_in = Some(Duration::from_secs(reset));
        let next = ReconnectPolicy::default().step(
            connecting(0.0),
            failed(Class::RateLimited { reset_in }),
            now(0.0),
        );
        assert_eq!(next, waiting(5.0, WaitClass::RateLimited), "{reset}");
    }
}

#[test]
fn a_server_that_ends_every_connection_at_once_gets_forty_connects_in_fifteen_minutes() {
    let mut policy = ReconnectPolicy::default();
    let (mut state, mut at, mut connects) = (policy.connect::<()>(now(0.0)), 0.0, Vec::new());
    while at < 3_600.0 {
        state = match state {
            SupervisorState::Connecting { .. } => {
                connects.push(at);
                policy.step(state, Input::Connected(()), now(at))
            }
            SupervisorState::Streaming { .. } => {
                policy.step(state, ended(DisconnectReason::CleanEnd), now(at))
            }
            SupervisorState::Waiting { until, .. } => {
                at = until.as_secs_f64();
                policy.step(state, Input::Ready, now(at))
            }
            SupervisorState::Paused | SupervisorState::Stopped(_) => {
                unreachable!("nobody paused or stopped it")
            }
        };
    }
    for first in &connects {
        let within = connects
            .iter()
            .filter(|at| (*first..*first + 900.0).contains(at))
            .count();
        assert!(within <= 40, "{within} connects in the 15 minutes from {first}");
    }
    assert!(
        connects.len() > 100,
        "it must not give up either: {}",
        connects.len()
    );
}

#[test]
fn failures_in_a_row_stop_it_and_the_end_of_a_stream_is_none() {
    let mut policy = ReconnectPolicy {
        max_retries: Some(2),
        ..ReconnectPolicy::default()
    };
    let fail = |policy: &mut ReconnectPolicy| policy.step(connecting(0.0), failed(Class::Http), now(0.0));
    let stopped = SupervisorState::Stopped(SupervisorExit::RetriesExhausted);
    for _ in 0..2 {
        assert_eq!(fail(&mut policy).stream_state(), StreamState::Waiting);
        assert_eq!(fail(&mut policy).stream_state(), StreamState::Waiting);
        // A stream came of the third, and then another, however short.
        for _ in 0..5 {
            let next = policy.step(streaming(0), ended(DisconnectReason::CleanEnd), now(5.0));
            assert_ne!(next, stopped);
        }
    }
    fail(&mut policy);
    // What was no stream is a failed attempt.
    policy.step(streaming(0), ended_unproven(DisconnectReason::CleanEnd), now(1.0));
    assert_eq!(fail(&mut policy), stopped);
}

#[test]
fn a_stream_that_another_client_takes_each_time_is_fought_for_less_and_less() {
    let taken = || {
        Input::Ended(Ended {
            reason: DisconnectReason::Refused,
            refusal: Some(refusal(Class::TooManyConnections)),
            proven: true,
        })
    };
    let mut policy = ReconnectPolicy::default();
    for secs in [60.0, 120.0, 240.0, 480.0, 900.0, 900.0] {
        let next = policy.step(streaming(0), taken(), now(100.0));
        assert_eq!(next, waiting(100.0 + secs, WaitClass::RateLimited));
    }
    // Left alone for long enough, it was ours; and so was one that ended in another way.
    assert_eq!(
        policy.step(streaming(0), taken(), now(900.0)),
        waiting(960.0, WaitClass::RateLimited)
    );
    policy.step(streaming(0), ended(DisconnectReason::CleanEnd), now(1.0));
    assert_eq!(
        policy.step(streaming(0), taken(), now(1.0)),
        waiting(61.0, WaitClass::RateLimited)
    );
}
