//! `/events`: server-sent events. The first brings the last 15 minutes, and one a second the report of `/status` with rates
//! and words.
//!
//! | module | what it does |
//! |---|---|
//! | `moment` | what an event says |
//! | `rates` | what two looks show: messages a second, and how far behind |
//! | `history` | 15 minutes of that |
//! | `troubles` | the last errors, after they are over too |
//! | `said` | what a report is in words |

mod history;
mod moment;
mod rates;
mod said;
mod troubles;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use parking_lot::Mutex;
use serde::Serialize;
use stream_core::model::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior};

pub(crate) use self::history::{History, Point};
pub(crate) use self::moment::Moment;
use self::rates::Rates;
use self::said::Said;
use self::troubles::Troubles;
use super::answer::{self, Answer};
use super::report::Report;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// How many may listen at once: each costs a report a second, and what stands in its buffers.
const LISTENERS: usize = 16;

/// What happens, as it happens: looked at once a second whether anybody listens or not.
pub(super) struct Live {
    history: Mutex<History>,
    newest: watch::Sender<Bytes>,
    seats: Arc<Semaphore>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            history: Mutex::default(),
            newest: watch::Sender::default(),
            seats: Arc::new(Semaphore::new(LISTENERS)),
        }
    }
}

impl Live {
    /// Looks once a second, for ever; tells whether there is a `tap`.
    pub(super) async fn keep(&self, tap: bool, report: impl Fn() -> Report) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = (Instant::now(), report().status);
        let mut troubles = Troubles::default();
        loop {
            ticks.tick().await;
            let (mut report, at) = (report(), Timestamp::now());
            let rates = Rates::between(&before.1, &report.status, before.0.elapsed(), at);
            self.history.lock().push(at, &rates);
            troubles.note(&report.status);
            if self.newest.receiver_count() > 0 {
                let moment = Moment {
                    at,
                    words: Said::of(&report, at),
                    report,
                    rates,
                    troubles: troubles.newest_first().cloned().collect(),
                    tap,
                };
                self.newest.send_replace(event("report", &moment));
                report = moment.report;
            }
            before = (Instant::now(), report.status);
        }
    }

    /// The stream of events; a client that is slow misses some of them.
    pub(super) fn events(&self) -> Answer {
        let Ok(seat) = self.seats.clone().try_acquire_owned() else {
            let message = format!("{LISTENERS} listen already\n");
            return answer::text(StatusCode::SERVICE_UNAVAILABLE, message);
        };
        let mut newest = self.newest.subscribe();
        newest.mark_unchanged();
        let first = event("history", &*self.history.lock());
        let reports = stream::unfold((newest, seat), async |(mut newest, seat)| {
            // It ends with the process alone.
            newest.changed().await.ok()?;
            let report = newest.borrow_and_update().clone();
            Some((report, (newest, seat)))
        });
        answer::stream(
            "text/event-stream",
            stream::once(std::future::ready(first)).chain(reports),
        )
    }
}

/// `data` as an event of this name: JSON has no line ends that are not escaped.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("a report is always JSON");
    format!("event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use stream_core::telemetry::Status;

    use super::*;

    fn report(messages: u64) -> Report {
        let mut status = Status::default();
        status.stream.messages = messages;
        Report {
            pid: 1,
            reload: None,
            rules: Vec::new(),
            version: "0.1.0".into(),
            ready: true,
            reasons: Vec::new(),
            status,
            usage: None,
        }
    }

    async fn next(answer: &mut Answer, name: &str) -> Value {
        let frame = answer.body_mut().frame().await.unwrap().unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
        let data = text
            .strip_prefix(&format!("event: {name}\ndata: "))
            .and_then(|rest| rest.strip_suffix("\n\n"));
        serde_json::from_str(data.unwrap_or_else(|| panic!("no {name}: {text}"))).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_late_gets_the_past_first_and_then_a_report_a_second() {
        let live = Arc::new(Live::default());
        let count = std::sync::atomic::AtomicU64::new(0);
        let look = move || report(count.fetch_add(7, std::sync::atomic::Ordering::Relaxed));
        let keeper = live.clone();
        tokio::spawn(async move { keeper.keep(false, look).await });
        tokio::time::sleep(Duration::from_millis(10_500)).await;
        let mut answer = live.events();
        let past = next(&mut answer, "history").await;
        assert_eq!(past["points"].as_array().unwrap().len(), 11);
        assert_eq!(past["points"][5][1], 7.0);
        let (start, first) = (Instant::now(), next(&mut answer, "report").await);
        let second = next(&mut answer, "report").await;
        assert_eq!(start.elapsed(), Duration::from_millis(1_500));
        assert_eq!(first["rates"]["messages_per_second"], 7.0);
        assert_eq!(first["version"], "0.1.0");
        assert!(
            first["words"]["stream"]
                .as_str()
                .unwrap()
                .starts_with("connecting for")
        );
        let messages = |report: &Value| report["stream"]["messages"].as_u64().unwrap();
        assert_eq!(messages(&second), messages(&first) + 7);
        // Who is slow gets the newest.
        tokio::time::sleep(Duration::from_millis(99_500)).await;
        assert_eq!(
            messages(&next(&mut answer, "report").await),
            messages(&second) + 99 * 7
        );
    }

    #[tokio::test]
    async fn more_than_so_many_may_not_listen_and_who_leaves_makes_room() {
        let live = Live::default();
        let mut listeners: Vec<_> = (0..LISTENERS).map(|_| live.events()).collect();
        assert!(listeners.iter().all(|answer| answer.status() == StatusCode::OK));
        assert_eq!(live.events().status(), StatusCode::SERVICE_UNAVAILABLE);
        listeners.pop();
        assert_eq!(live.events().status(), StatusCode::OK);
    }
}
