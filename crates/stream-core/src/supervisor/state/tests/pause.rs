//! A journal that is full closes the stream: that is no failure, and the stream was as good as it was.

use super::*;

#[test]
fn a_pause_heals_what_any_other_end_of_that_stream_heals() {
    let full = DisconnectReason::JournalFull;
    // As any other end: a stream heals the ladders of refusals, and that of the network if it lasted.
    for (end, lasted, network, http) in [
        (ended(full), 30, 0.0, 5.0),
        (ended(full), 29, 1.0, 5.0),
        (ended_unproven(full), 300, 1.0, 10.0),
    ] {
        let mut policy = ReconnectPolicy::default();
        for _ in 0..4 {
            policy.step(connecting(0.0), failed(Class::Network), now(0.0));
        }
        policy.step(connecting(0.0), failed(Class::Http), now(0.0));
        let paused = policy.step(streaming(0), end.clone(), now(f64::from(lasted)));
        assert_eq!(paused, SupervisorState::Paused);
        let again = policy.step(paused, Input::Ready, now(900.0));
        assert_eq!(again, connecting(900.0));
        let mut fail = |class| policy.step(connecting(900.0), failed(class), now(900.0));
        match fail(Class::Network) {
            SupervisorState::Connecting { .. } => assert!(network < 0.1, "{lasted} {end:?}"),
            next => assert_eq!(
                next,
                waiting(900.0 + network, WaitClass::Network),
                "{lasted} {end:?}"
            ),
        }
        assert_eq!(
            fail(Class::Http),
            waiting(900.0 + http, WaitClass::Http),
            "{lasted} {end:?}"
        );
    }
}
