//! What a restart remembers, and what it does not.

use super::*;

#[test]
fn what_the_server_told_us_outlives_the_process() {
    let wall = |secs: u64| Timestamp::from_millis((1_764_000_000 + secs) * 1_000);
    let reset_in = Some(Duration::from_secs(900));
    let mut policy = ReconnectPolicy::default();
    let mut state = policy.step(connecting(0.0), failed(Class::RateLimited { reset_in }), now(0.0));
    // Five starts, each told the same: none of them connects before the end.
    for start in 1..=5_u32 {
        let memory = policy.memory(&state, Duration::from_secs(1), wall(u64::from(start)));
        (policy, state) = ReconnectPolicy::restored(&memory, None, now(1.0), wall(u64::from(start) + 1));
        let left = 900.0 - f64::from(start);
        assert_eq!(state, waiting(left, WaitClass::RateLimited), "start {start}");
    }
    // And the ladder goes on from where it was.
    state = policy.step(connecting(0.0), failed(Class::TooManyConnections), now(0.0));
    assert_eq!(state, waiting(120.0, WaitClass::RateLimited));
}

#[test]
fn a_start_does_not_wait_for_what_a_person_may_have_cured() {
    let wall = Timestamp::from_millis(1_764_000_000_000);
    for class in [
        Class::Refused,
        Class::Certificate,
        Class::UsageCapped,
        Class::Network,
    ] {
        let mut policy = ReconnectPolicy::default();
        let state = policy.step(connecting(0.0), failed(class), now(0.0));
        let memory = policy.memory(&state, Duration::ZERO, wall);
        let (_, state) = ReconnectPolicy::restored::<()>(&memory, None, now(0.0), wall);
        assert_eq!(state, connecting(0.0), "{class:?}");
    }
    // A clock that was set back makes no wait longer than a limit lasts; ladders are forgotten in time.
    let memory = Memory {
        limit: Some((wall.plus(REMEMBERED * 24), WaitClass::RateLimited)),
        climbed: Climbed {
            http: 7,
            rate_limited: 7,
            at: wall,
        },
        ..Memory::default()
    };
    let (_, state) = ReconnectPolicy::restored(&memory, None, now(0.0), wall);
    assert_eq!(state, waiting(960.0, WaitClass::RateLimited));
    let (mut policy, _) = ReconnectPolicy::restored::<()>(&memory, None, now(0.0), wall.plus(REMEMBERED));
    assert_eq!(
        policy.step(connecting(0.0), failed(Class::Http), now(0.0)),
        waiting(5.0, WaitClass::Http)
    );
}
