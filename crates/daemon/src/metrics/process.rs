//! The process as the system sees it, under the names that every Prometheus client library gives it. What cannot be read is NaN.

use std::fs;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::reading::{Read, Reading};

/// When this was first asked for; the system's own figure is hidden from a service in a sandbox.
static STARTED: LazyLock<f64> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(f64::NAN, |since| since.as_secs_f64())
});

/// Snapshot of the process.
pub(super) struct ProcessState {
    /// The fields of `/proc/self/stat` behind the name of the program.
    fields: Vec<f64>,
}

/// Places of fields, as proc(5) counts them.
const USER_TIME: usize = 14;
const SYSTEM_TIME: usize = 15;
const THREADS: usize = 20;
const VIRTUAL_BYTES: usize = 23;
const RESIDENT_PAGES: usize = 24;
/// The first one behind the name.
const FIRST: usize = 3;

impl ProcessState {
    /// The state now.
    pub(super) fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/self/stat").unwrap_or_default())
    }

    fn parse(stat: &str) -> Self {
        // The name may hold anything, brackets too.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let number = |field: &str| field.parse().unwrap_or(f64::NAN);
        Self {
            fields: fields.split_whitespace().map(number).collect(),
        }
    }

    fn field(&self, place: usize) -> f64 {
        self.fields.get(place - FIRST).copied().unwrap_or(f64::NAN)
    }
}

/// Notes when the process started.
pub(super) fn started() -> f64 {
    *STARTED
}

/// State of the process, read when somebody asks.
pub(super) const READINGS: &[Reading<ProcessState>] = &[
    Reading::counter(
        "process_cpu_seconds_total",
        &[],
        "Processor time that the process has used, its own and the system's for it.",
        Read::One(|state| {
            (state.field(USER_TIME) + state.field(SYSTEM_TIME)) / clock_ticks_per_second() as f64
        }),
    ),
    Reading::gauge(
        "process_resident_memory_bytes",
        &[],
        "Memory of the process that is in RAM.",
        Read::One(|state| state.field(RESIDENT_PAGES) * page_size() as f64),
    ),
    Reading::gauge(
        "process_virtual_memory_bytes",
        &[],
        "Address space of the process.",
        Read::One(|state| state.field(VIRTUAL_BYTES)),
    ),
    Reading::gauge(
        "process_threads",
        &[],
        "Threads of the process.",
        Read::One(|state| state.field(THREADS)),
    ),
    Reading::gauge(
        "process_open_fds",
        &[],
        "File descriptors that the process has open.",
        Read::One(|_| fs::read_dir("/proc/self/fd").map_or(f64::NAN, |open| open.count() as f64)),
    ),
    Reading::gauge(
        "process_max_fds",
        &[],
        "File descriptors that the process may have open.",
        Read::One(|_| {
            getrlimit(Resource::Nofile)
                .current
                .map_or(f64::INFINITY, |most| most as f64)
        }),
    ),
    Reading::gauge(
        "process_start_time_seconds",
        &[],
        "When the process started, in seconds since 1970.",
        Read::One(|_| started()),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_shifts_nothing() {
        let stat = "7 (bird) (feed) S 1 7 7 0 -1 4194560 9 0 0 0 120 30 0 0 20 0 11 0 88 4096000 500 18446744073709551615";
        let state = ProcessState::parse(stat);
        let fields = [USER_TIME, SYSTEM_TIME, THREADS, VIRTUAL_BYTES, RESIDENT_PAGES];
        let shown = fields.map(|place| state.field(place).to_string());
        assert_eq!(shown, ["120", "30", "11", "4096000", "500"]);
        assert!(ProcessState::parse("").field(THREADS).is_nan());
    }

    #[test]
    fn this_process_can_be_read() {
        let state = ProcessState::read();
        assert!(state.field(THREADS) >= 1.0 && state.field(RESIDENT_PAGES) > 0.0);
        assert!(started() > 1.7e9);
    }
}
