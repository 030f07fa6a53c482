//! Human-readable state: how it stands with stream, lanes and journal, in one set of words for the page, `birdfeed status` and
//! whoever else says it.

use std::time::Duration;

use stream_core::model::{ConnectOutcome, StreamState, Timestamp, WaitClass};
use stream_core::telemetry::{JournalStatus, LaneStatus, StreamStatus};

use crate::reload_status::{ReloadResult, ReloadStatus};

/// A lane that is behind by less than this delivers what comes.
const BEHIND: Duration = Duration::from_secs(2);

/// "41 s", "3 m 5 s", "3 h 12 m", "2 d 4 h": the two units that matter.
pub(crate) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} m {} s", seconds % 60),
        3_600..86_400 => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// "16:05 UTC", with the day if it is not that of `now`.
pub(crate) fn clock(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_string(), now.to_string());
    let (day, time) = (&at[..10], &at[11..16]);
    if now.starts_with(day) {
        format!("{time} UTC")
    } else {
        format!("{day} {time} UTC")
    }
}

/// "8.0 GiB".
pub(crate) fn bytes(bytes: u64) -> String {
    let mut units = ["KiB", "MiB", "GiB", "TiB"].into_iter();
    let (mut amount, mut unit) = (bytes as f64, "bytes");
    while amount >= 1_024.0
        && let Some(larger) = units.next()
    {
        amount /= 1_024.0;
        unit = larger;
    }
    let digits = usize::from(unit != "bytes");
    format!("{amount:.digits$} {unit}")
}

/// "connected for 3 h 12 m", "waiting 41 s: rate limited until 16:05 UTC".
pub(crate) fn stream(stream: &StreamStatus, now: Timestamp) -> String {
    let lasts = span(now.since(stream.since));
    match stream.state {
        StreamState::Connecting => format!("connecting for {lasts}"),
        StreamState::Streaming => format!("connected for {lasts}"),
        StreamState::Waiting => waiting(stream, now),
        StreamState::Paused => format!("closed by us for {lasts}: the journal takes no messages"),
        StreamState::Stopped => format!("stopped for {lasts}: nothing connects any more"),
    }
}

fn waiting(stream: &StreamStatus, now: Timestamp) -> String {
    let Some(until) = stream.next_attempt else {
        return "waiting".to_owned();
    };
    let left = span(until.since(now));
    let until = clock(until, now);
    match why_waiting(stream) {
        Some((why, true)) => format!("waiting {left}: {why} until {until}"),
        Some((why, false)) => format!("waiting {left}: {why}"),
        None => format!("waiting {left}"),
    }
}

/// Why it waits, and whether the end of the wait is the end of that.
pub(crate) fn why_waiting(stream: &StreamStatus) -> Option<(&'static str, bool)> {
    if stream.failing == Some(ConnectOutcome::TooManyConnections) {
        return Some(("the account's connections are taken", false));
    }
    Some(match stream.wait_class? {
        WaitClass::Immediate => return None,
        WaitClass::Network => ("the connection failed", false),
        WaitClass::Http => ("X cannot serve us now", false),
        WaitClass::RateLimited => ("rate limited", true),
        WaitClass::UsageCapped => ("the account's posts are used up", false),
        WaitClass::Operator => ("X refuses us, and somebody must do something", false),
        WaitClass::Budget => ("our own limit on connects is reached", true),
    })
}

/// "37 connects left in 15 minutes".
pub(crate) fn connects(stream: &StreamStatus) -> String {
    format!("{} connects left in 15 minutes", stream.connect_budget)
}

/// "delivering", "all delivered", "12 s behind", "not connected".
pub(crate) fn lane(lane: &LaneStatus, now: Timestamp) -> String {
    let behind = lane.oldest_pending.map(|oldest| now.since(oldest));
    match (&lane.last_error, lane.connected, behind) {
        (Some(_), false, _) => "not connected".to_owned(),
        (Some(_), true, _) => "held up".to_owned(),
        (None, _, Some(behind)) if behind >= BEHIND => format!("{} behind", span(behind)),
        (None, _, Some(_)) => "delivering".to_owned(),
        (None, _, None) if lane.received == 0 => "nothing has come for it".to_owned(),
        (None, _, None) => "all delivered".to_owned(),
    }
}

/// "1.2 GiB of 8.0 GiB, room for 3 h 12 m".
pub(crate) fn journal(journal: &JournalStatus) -> String {
    let room = journal.lasts_seconds.map(Duration::from_secs);
    let room = room.map_or_else(String::new, |room| format!(", room for {}", span(room)));
    format!("{} of {}{room}", bytes(journal.bytes), bytes(journal.max_bytes))
}

/// What of a changed configuration is not in force, if anything: "the configuration of 07:58 UTC is refused, and the one before
/// it goes on: …".
pub(crate) fn configuration(reload: &ReloadStatus, now: Timestamp) -> Option<String> {
    let at = clock(reload.at, now);
    match reload.result {
        ReloadResult::Applied | ReloadResult::Unchanged => None,
        ReloadResult::Refused => {
            let first = reload
                .problems
                .as_deref()
                .and_then(|problems| problems.lines().next());
            let first = first.unwrap_or("birdfeed check says why");
            Some(format!(
                "the configuration of {at} is refused, and the one before it goes on: {first}"
            ))
        }
        ReloadResult::NeedsRestart => {
            let keys: Vec<_> = reload
                .needs_restart
                .iter()
                .map(|fixed| fixed.key.as_str())
                .collect();
            Some(format!(
                "of the configuration of {at} waits for a restart: {}",
                keys.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use stream_core::model::Lane;

    use super::*;

    /// 16:04 on some day.
    fn now() -> Timestamp {
        Timestamp::from_millis(1_595_001_840_000 + 86_400_000 - 3_600_000)
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn lengths_and_sizes_have_the_units_that_matter() {
        let said = [0, 59, 60, 185, 3_599, 3_600, 11_520, 86_399, 86_400, 187_200].map(|n| span(secs(n)));
        let expected = [
            "0 s",
            "59 s",
            "1 m 0 s",
            "3 m 5 s",
            "59 m 59 s",
            "1 h 0 m",
            "3 h 12 m",
            "23 h 59 m",
            "1 d 0 h",
            "2 d 4 h",
        ];
        assert_eq!(said, expected);
        let said = [0, 1_023, 1_024, 8 << 30, u64::MAX].map(bytes);
        assert_eq!(
            said,
            ["0 bytes", "1023 bytes", "1.0 KiB", "8.0 GiB", "16777216.0 TiB"]
        );
    }

    #[test]
    fn a_state_says_how_long_and_a_wait_why_and_until_when() {
        assert_eq!(clock(now(), now()), "15:04 UTC");
        let state = |state, wait_class| StreamStatus {
            state,
            since: now().minus(secs(11_520)),
            next_attempt: Some(now().plus(secs(41))),
            wait_class,
            ..StreamStatus::default()
        };
        let waits = |class| stream(&state(StreamState::Waiting, Some(class)), now());
        assert_eq!(
            stream(&state(StreamState::Streaming, None), now()),
            "connected for 3 h 12 m"
        );
        assert_eq!(
            waits(WaitClass::RateLimited),
            "waiting 41 s: rate limited until 15:04 UTC"
        );
        assert_eq!(waits(WaitClass::Network), "waiting 41 s: the connection failed");
        assert_eq!(waits(WaitClass::Immediate), "waiting 41 s");
        let tomorrow = StreamStatus {
            next_attempt: Some(now().plus(secs(86_400))),
            ..state(StreamState::Waiting, Some(WaitClass::Budget))
        };
        assert_eq!(
            stream(&tomorrow, now()),
            "waiting 1 d 0 h: our own limit on connects is reached until 2020-07-19 15:04 UTC"
        );
        let taken = StreamStatus {
            failing: Some(ConnectOutcome::TooManyConnections),
            ..state(StreamState::Waiting, Some(WaitClass::RateLimited))
        };
        assert_eq!(
            stream(&taken, now()),
            "waiting 41 s: the account's connections are taken"
        );
        for every in StreamState::ALL {
            let said = stream(&state(every, None), now());
            assert!(said.contains(" 3 h 12 m") || said == "waiting 41 s", "{said}");
        }
    }

    #[test]
    fn a_lane_says_how_it_stands() {
        let none = LaneStatus::new("kafka", Lane::Tweets);
        let said = |status: LaneStatus| lane(&status, now());
        let waits = |since, error: Option<&str>, connected| LaneStatus {
            received: 9,
            connected,
            oldest_pending: Some(now().minus(secs(since))),
            last_error: error.map(str::to_owned),
            ..none.clone()
        };
        assert_eq!(said(none.clone()), "nothing has come for it");
        assert_eq!(
            said(LaneStatus {
                received: 1,
                ..none.clone()
            }),
            "all delivered"
        );
        assert_eq!(said(waits(1, None, true)), "delivering");
        assert_eq!(said(waits(12, None, true)), "12 s behind");
        assert_eq!(said(waits(12, Some("no broker"), false)), "not connected");
        assert_eq!(said(waits(12, Some("alarm"), true)), "held up");
    }

    #[test]
    fn the_journal_says_how_long_it_has_room() {
        let status = JournalStatus {
            bytes: 3 << 20,
            max_bytes: 8 << 30,
            lasts_seconds: Some(11_520),
            ..JournalStatus::default()
        };
        assert_eq!(journal(&status), "3.0 MiB of 8.0 GiB, room for 3 h 12 m");
    }
}
