use ConnectErrorClass as Class;

use super::*;

fn now(secs: f64) -> Now {
    let monotonic = Duration::from_secs_f64(secs);
    Now {
        monotonic,
        wall: Timestamp::from_millis(1_000_000_000).plus(monotonic),
        random: 0.0,
    }
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
        SupervisorState::Connecting,
        streaming(0),
        waiting(5.0, WaitClass::Http),
        SupervisorState::Paused,
        SupervisorState::Stopped(SupervisorExit::Asked),
        SupervisorState::Stopped(SupervisorExit::RetriesExhausted),
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
            Class::UsageCapped,
            Class::Refused,
        ]
        .map(Input::Failed),
    );
    all.extend(DisconnectReason::ALL.map(Input::Ended));
    all
}

/// What a fresh memory decides at second 100, for each state and each thing that may happen.
fn expected(state: &SupervisorState<()>, input: &Input<()>) -> SupervisorState<()> {
    match (state, input) {
        (SupervisorState::Stopped(exit), _) => SupervisorState::Stopped(*exit),
        (_, Input::Stop) => SupervisorState::Stopped(SupervisorExit::Asked),
        (SupervisorState::Connecting, Input::Connected(())) => streaming(100),
        (SupervisorState::Connecting, Input::Failed(class)) => match class {
            // The first network failure waits for nothing.
            Class::Network => SupervisorState::Connecting,
            Class::Http | Class::Refused => waiting(105.0, WaitClass::Http),
            Class::RateLimited { reset_in: Some(_) } => waiting(170.0, WaitClass::RateLimited),
            Class::RateLimited { reset_in: None } | Class::TooManyConnections => {
                waiting(160.0, WaitClass::RateLimited)
            }
            Class::UsageCapped => waiting(160.0, WaitClass::UsageCapped),
        },
        (SupervisorState::Streaming { .. }, Input::Ended(DisconnectReason::JournalFull)) => {
            SupervisorState::Paused
        }
        (SupervisorState::Streaming { .. }, Input::Ended(_))
        | (SupervisorState::Waiting { .. } | SupervisorState::Paused, Input::Ready) => {
            SupervisorState::Connecting
        }
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
        let next = policy.step(streaming(0), Input::Ended(DisconnectReason::CleanEnd), now(at));
        match next {
            SupervisorState::Connecting => assert!(expected.abs() < f64::EPSILON),
            next => assert_eq!(next, waiting(at + expected, WaitClass::Network)),
        }
        at += 1.0;
    }
    let after_health = policy.step(streaming(0), Input::Ended(DisconnectReason::CleanEnd), now(30.0));
    assert_eq!(after_health, SupervisorState::Connecting);
}

#[test]
fn schedules_do_not_reset_each_other() {
    let mut policy = ReconnectPolicy::default();
    let fail = |policy: &mut ReconnectPolicy, class| {
        policy.step(SupervisorState::Connecting, Input::Failed(class), now(0.0))
    };
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
fn a_reset_is_believed_once_and_then_the_schedule_holds() {
    let mut policy = ReconnectPolicy::default();
    let mut wait = |reset: u64| {
        let reset_in = Some(Duration::from_secs(reset));
        policy.step(
            SupervisorState::Connecting,
            Input::Failed(Class::RateLimited { reset_in }),
            now(0.0),
        )
    };
    assert_eq!(wait(1), waiting(1.0, WaitClass::RateLimited));
    assert_eq!(wait(1), waiting(120.0, WaitClass::RateLimited));
    assert_eq!(wait(700), waiting(700.0, WaitClass::RateLimited));
}

#[test]
fn lasting_health_resets_every_schedule_and_a_short_connection_none() {
    for (lasted, http, rate_limited) in [(29, 10.0, 120.0), (30, 5.0, 60.0)] {
        let mut policy = ReconnectPolicy::default();
        let fail = |policy: &mut ReconnectPolicy, class| {
            policy.step(SupervisorState::Connecting, Input::Failed(class), now(100.0))
        };
        fail(&mut policy, Class::Http);
        fail(&mut policy, Class::TooManyConnections);
        policy.step(
            streaming(100 - lasted),
            Input::Ended(DisconnectReason::Broken),
            now(100.0),
        );
        assert_eq!(
            fail(&mut policy, Class::Http),
            waiting(100.0 + http, WaitClass::Http)
        );
        assert_eq!(
            fail(&mut policy, Class::TooManyConnections),
            waiting(100.0 + rate_limited, WaitClass::RateLimited)
        );
    }
}

#[test]
fn a_server_that_ends_every_connection_at_once_gets_forty_connects_in_fifteen_minutes() {
    let mut policy = ReconnectPolicy::default();
    let (mut state, mut at, mut connects) = (policy.connect::<()>(now(0.0)), 0.0, Vec::new());
    while at < 3_600.0 {
        state = match state {
            SupervisorState::Connecting => {
                connects.push(at);
                policy.step(SupervisorState::Connecting, Input::Connected(()), now(at))
            }
            SupervisorState::Streaming { .. } => {
                policy.step(state, Input::Ended(DisconnectReason::CleanEnd), now(at))
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
fn too_many_retries_stop_it() {
    let mut policy = ReconnectPolicy::new(ConnectBudget::default(), Some(2));
    let fail = |policy: &mut ReconnectPolicy| {
        policy.step::<()>(SupervisorState::Connecting, Input::Failed(Class::Http), now(0.0))
    };
    assert_eq!(fail(&mut policy).stream_state(), StreamState::Waiting);
    assert_eq!(fail(&mut policy).stream_state(), StreamState::Waiting);
    assert_eq!(
        fail(&mut policy),
        SupervisorState::Stopped(SupervisorExit::RetriesExhausted)
    );
}
