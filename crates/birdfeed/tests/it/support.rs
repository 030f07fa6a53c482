//! A simulator, and streams of it.

use std::time::Duration;

use birdfeed::{Builder, Event, Stream};
use simulator::{FaultPlan, Settings, Simulator};

/// The simulator's default.
pub(crate) const TOKEN: &str = "simulator-token";

/// A simulator with `faults`, and a builder of streams that it serves.
pub(crate) async fn start(faults: FaultPlan, change: impl FnOnce(&mut Settings)) -> (Simulator, Builder) {
    let mut settings = Settings {
        rate: 500.0,
        faults,
        ..Settings::default()
    };
    change(&mut settings);
    let simulator = Simulator::start(settings).await.unwrap();
    let builder = Stream::builder(TOKEN).base_url(simulator.base_url());
    (simulator, builder)
}

/// The next event, which comes soon.
pub(crate) async fn next(stream: &mut Stream) -> Option<Event> {
    let soon = tokio::time::timeout(Duration::from_secs(20), stream.next());
    soon.await.expect("an event")
}

/// The first event of which `pick` makes something.
pub(crate) async fn first<T>(stream: &mut Stream, pick: impl Fn(Event) -> Option<T>) -> T {
    loop {
        let event = next(stream).await.expect("not the end");
        if let Some(found) = pick(event) {
            return found;
        }
    }
}
