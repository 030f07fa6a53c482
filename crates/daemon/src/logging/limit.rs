//! A limit on lines that come for each record or each try: a broker that refuses everything must not fill the disk with words.
//! What is held back is counted, and told once a minute.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// How often what is held back is told, and all may speak again.
const MINUTE: Duration = Duration::from_secs(60);
/// As many lines of one place in the program are shown in a minute: troubles of every sink and lane fit.
const MOST: u64 = 50;

/// Lets [`MOST`] lines a minute through of each place in the program that warns or complains.
#[derive(Clone, Default)]
pub(super) struct LineLimit {
    /// Bounded by the number of such places.
    places: Arc<Mutex<HashMap<Identifier, Place>>>,
}

/// What one place of the program has said within the minute.
struct Place {
    metadata: &'static Metadata<'static>,
    lines: u64,
    /// The words that they have in common.
    words: String,
}

impl LineLimit {
    /// Tells what is held back, for as long as the process lives.
    pub(super) async fn tell(self) {
        loop {
            tokio::time::sleep(MINUTE).await;
            self.next_minute();
        }
    }

    fn next_minute(&self) {
        let minute = std::mem::take(&mut *self.places.lock());
        for place in minute.into_values() {
            let lines = place.lines.saturating_sub(MOST);
            let (words, of) = (place.words, place.metadata.target());
            if lines > 0 {
                tracing::warn!(
                    lines,
                    words,
                    of,
                    "more such lines in the last minute, which are not shown"
                );
            }
        }
    }

    fn lets_through(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        let mut places = self.places.lock();
        let place = places.entry(metadata.callsite()).or_insert_with(|| Place {
            metadata,
            lines: 0,
            words: String::new(),
        });
        place.lines += 1;
        if place.lines == MOST + 1 {
            event.record(&mut Words(&mut place.words));
        }
        place.lines <= MOST
    }
}

impl<S: Subscriber> Layer<S> for LineLimit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        // Who asks for the rest wants all of it.
        *event.metadata().level() > Level::WARN || self.lets_through(event)
    }
}

/// The message of an event.
struct Words<'w>(&'w mut String);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            *self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::registry;

    use super::*;

    /// Counts what gets here, and keeps the last number of lines that were told as held back.
    #[derive(Clone, Default)]
    struct Seen {
        events: Arc<AtomicU64>,
        told: Arc<Mutex<Vec<String>>>,
    }

    impl<S: Subscriber> Layer<S> for Seen {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.events.fetch_add(1, Ordering::Relaxed);
            let mut all = All::default();
            event.record(&mut all);
            self.told.lock().push(all.0);
        }
    }

    #[derive(Default)]
    struct All(String);

    impl Visit for All {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            self.0 = format!("{}{}={value:?} ", self.0, field.name());
        }
    }

    #[test]
    fn a_place_that_complains_without_end_is_held_back_and_counted_and_no_other() {
        let (limit, seen) = (LineLimit::default(), Seen::default());
        let subscriber = registry().with(limit.clone()).with(seen.clone());
        tracing::subscriber::with_default(subscriber, || {
            for record in 0..MOST + 7 {
                tracing::error!(record, "refused");
            }
            for _ in 0..MOST + 7 {
                tracing::info!("passes");
            }
            assert_eq!(seen.events.load(Ordering::Relaxed), MOST + MOST + 7);
            tracing::error!("another");
            limit.next_minute();
            limit.next_minute();
        });
        let told = seen.told.lock();
        let (last, before) = told.split_last().unwrap();
        assert!(
            last.contains("lines=7 words=\"refused\"") && last.contains("not shown"),
            "{last}"
        );
        assert_eq!(before.last().unwrap(), "message=another ");
        assert_eq!(told.len() as u64, MOST + MOST + 7 + 2);
    }
}
