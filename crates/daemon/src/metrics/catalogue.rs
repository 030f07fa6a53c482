//! Every metric, once: name, type, labels, help. `docs/metrics.md` is this table, and a test compares them.

use std::fmt::Write as _;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets of seconds.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name after `birdfeed_`.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

const LANE: &[&str] = &["sink", "lane"];

macro_rules! catalogue {
    ($($constant:ident = $kind:ident $name:literal $labels:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Metric =
                Metric { name: $name, kind: Kind::$kind, labels: $labels, help: $help };
        )*
        /// All of them, in the order of the document.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

catalogue! {
    STREAM_STATE = Gauge "stream_state" &["state"], "1 for the state that the supervisor is in, 0 for the others.";
    STREAM_CONNECTS = Counter "stream_connects_total" &["outcome"], "Attempts to connect, by outcome.";
    STREAM_DISCONNECTS = Counter "stream_disconnects_total" &["reason"], "Connections that ended, by reason.";
    STREAM_RETRIES = Counter "stream_retries_total" &["class"], "Reconnects decided on, by the ladder that sets the wait.";
    STREAM_RETRY_WAIT = Gauge "stream_retry_wait_seconds" &[], "The wait before the next connect, as last decided; 0 while connected.";
    STREAM_CONNECT_BUDGET = Gauge "stream_connect_budget_remaining" &[], "Connects left of the 40 in any 15 minutes, counted across restarts.";
    STREAM_LAST_BYTE = Gauge "stream_last_byte_timestamp_seconds" &[], "When the last byte arrived, Unix time; 0 if none has.";
    STREAM_BYTES = Counter "stream_received_bytes_total" &[], "Bytes of the stream's body.";
    STREAM_FRAMES = Counter "stream_frames_total" &["kind"], "Lines of the stream: message, keep_alive (an empty line), oversize.";
    STREAM_DISCARDED = Counter "stream_discarded_bytes_total" &[], "Bytes of half lines at the end of connections.";
    STREAM_MESSAGES = Counter "stream_messages_total" &["kind"], "Messages journaled, by kind.";
    STREAM_WAITING = Gauge "stream_waiting_messages" &[], "Lines that were read and wait in memory for the journal.";
    STREAM_HTTP_ERRORS = Counter "stream_http_errors_total" &["status"], "Answers to an attempt to connect that opened no stream, by status; `other` for those that X does not give.";
    STREAM_GAP_SECONDS = Counter "stream_gap_seconds_total" &["filled"], "Time without a connection, and whether it was filled afterwards.";
    STREAM_LAG = Histogram "stream_lag_seconds" &[], "From a post's creation at X to its receipt.";
    LANE_CONNECTED = Gauge "lane_connected" LANE, "1 while the lane has a way into its sink.";
    LANE_RECEIVED = Counter "lane_received_total" LANE, "Records taken on. At every moment: received = confirmed + dead_lettered + dropped + in_flight.";
    LANE_PUBLISHED = Counter "lane_published_total" LANE, "Records handed over to the sink, repeats included.";
    LANE_CONFIRMED = Counter "lane_confirmed_total" LANE, "Records that the sink has confirmed, each once.";
    LANE_DEAD_LETTERED = Counter "lane_dead_lettered_total" LANE, "Records that the sink refused and that stand in dead_letter instead.";
    LANE_DROPPED = Counter "lane_dropped_total" LANE, "Records that the sink refused and that could not be dead-lettered.";
    LANE_IN_FLIGHT = Gauge "lane_in_flight" LANE, "Records taken on whose fate is open.";
    LANE_PENDING = Gauge "lane_pending" LANE, "Messages in the journal that the lane has not passed.";
    LANE_LAG = Gauge "lane_lag_seconds" LANE, "Age of the oldest record whose fate is open; 0 if there is none.";
    LANE_ERRORS = Counter "lane_errors_total" &["sink", "lane", "class"], "Errors of the sink: unavailable (cures itself), operator (needs a person).";
    LANE_RESETS = Counter "lane_resets_total" LANE, "Times that the lane went back to its cursor and replayed.";
    LANE_CONFIRM = Histogram "lane_confirm_seconds" LANE, "From the receipt of a message to the confirmation of its record.";
    JOURNAL_BYTES = Gauge "journal_bytes" &[], "Bytes that the journal takes on disk.";
    JOURNAL_MAX_BYTES = Gauge "journal_max_bytes" &[], "Bytes that the journal may take on disk.";
    JOURNAL_SEGMENTS = Gauge "journal_segments" &[], "Segment files of the journal.";
    JOURNAL_BLOCKED = Gauge "journal_blocked" &[], "1 while the journal takes no messages (full, or the disk refuses).";
    JOURNAL_APPEND = Histogram "journal_append_seconds" &[], "Time to append a batch to the journal.";
    JOURNAL_SYNC = Histogram "journal_sync_seconds" &[], "Time to force the journal to the disk.";
    JOURNAL_UNSYNCED = Gauge "journal_unsynced_messages" &[], "Messages that neither the disk nor every lane is known to have: what a dying machine would take.";
    JOURNAL_LOST = Counter "journal_lost_messages_total" &[], "Messages that damage on the disk has made unreadable.";
    JOURNAL_ERRORS = Counter "journal_errors_total" &["operation"], "Upkeep of the journal that failed and was tried again: sync, cursor, trim.";
    MESSAGES_DROPPED = Counter "messages_dropped_total" &["reason"], "Messages lost by decision, by reason.";
    DEAD_LETTERS = Counter "dead_letters_total" &["reason"], "Dead letters written, by reason.";
    BUILD_INFO = Gauge "build_info" &["version"], "Always 1; the version of the program.";
}

impl Metric {
    /// The whole name.
    pub fn full_name(&self) -> String {
        format!("birdfeed_{}", self.name)
    }
}

/// The document `docs/metrics.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Metrics\n\nAll are served at `/metrics` of the admin address. This page is made from the catalogue in\n\
         `crates/daemon/src/metrics/catalogue.rs`; a test compares them (`UPDATE=1 cargo test -p daemon metrics` writes it).\n\n\
         | name | type | labels | what it says |\n|---|---|---|---|\n",
    );
    for metric in ALL {
        let kind = format!("{:?}", metric.kind).to_lowercase();
        let written = writeln!(
            text,
            "| `{}` | {kind} | {} | {} |",
            metric.full_name(),
            metric.labels.join(", "),
            metric.help
        );
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_this_catalogue() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), document());
    }

    #[test]
    fn names_keep_to_the_conventions() {
        for metric in ALL {
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{}",
                metric.name
            );
            assert!(
                metric.kind != Kind::Histogram || metric.name.ends_with("_seconds"),
                "{}",
                metric.name
            );
            assert!(metric.help.ends_with('.'), "{}", metric.name);
        }
    }
}
