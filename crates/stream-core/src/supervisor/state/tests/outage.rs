//! Outages: how soon we are back, and what that costs.

use super::*;

/// The first byte after an outage of `secs`, in whose course nobody is reached and each attempt takes `attempt`; and how many
/// attempts were made.
fn back_after(secs: f64, attempt: f64, random: f64) -> (f64, usize) {
    let clock = |at: f64| Now {
        monotonic: Duration::from_secs_f64(at),
        random,
    };
    let unreached = Input::Failed(Refusal {
        request: Request::NotSent,
        ..refusal(Class::Network)
    });
    let mut policy = ReconnectPolicy::default();
    let (mut state, mut at, mut attempts) = (policy.connect::<()>(clock(0.0)), 0.0, 0);
    loop {
        state = match state {
            SupervisorState::Connecting { .. } if at >= secs => return (at, attempts),
            SupervisorState::Connecting { .. } => {
                attempts += 1;
                at += attempt;
                policy.step(state, unreached.clone(), clock(at))
            }
            SupervisorState::Waiting { until, class } => {
                assert_eq!(class, WaitClass::Network);
                at = until.as_secs_f64();
                policy.step(state, Input::Ready, clock(at))
            }
            _ => unreachable!("nobody paused or stopped it"),
        };
    }
}

#[test]
fn back_within_16_s_of_any_outage_and_no_connect_is_spent_on_it() {
    for attempt in [0.001, 0.3, 5.0, 10.0] {
        for secs in (1..=3_600).step_by(7) {
            for random in [0.0, 1.0] {
                let secs = f64::from(secs);
                let (at, attempts) = back_after(secs, attempt, random);
                assert!(at - secs <= 15.1, "{attempt} {secs}: back at {at}");
                // As X has it: 250 ms more each time, up to 16 s.
                let most = if attempt > 1.0 {
                    secs / attempt + 2.0
                } else {
                    66.0 + secs / 13.0
                };
                assert!(attempts as f64 <= most, "{attempt} {secs}: {attempts} attempts");
            }
        }
    }
}
