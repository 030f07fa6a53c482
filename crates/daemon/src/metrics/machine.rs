//! The machine that it runs on, as far as it matters to the stream, and how often it was started there.

use prometheus::{Gauge, IntCounter};

use super::family::Family;
use super::instrument::{Instrument, Registrar, instruments};

instruments! {
    /// What was last seen of the machine.
    MachineMetrics {
        starts: IntCounter = "starts_total", "Starts with this journal, the present one included.";
        free: Gauge = "journal_disk_free_bytes", "Bytes that the disk under the journal has left; NaN if it does not say.";
        skew: Gauge = "clock_skew_seconds", "By how much this machine's clock is ahead of X's (negative: behind), at least, by the Date of X's last answer; NaN before one has come.";
    }
}

impl MachineMetrics {
    /// This is the start of this number.
    pub(super) fn started(&self, starts: u64) {
        self.starts.inc_by(starts);
        self.seen(None, None);
    }

    /// The disk has `free` bytes left, and the clock is ahead by `skew` seconds.
    pub(super) fn seen(&self, free: Option<u64>, skew: Option<f64>) {
        self.free.set(free.map_or(f64::NAN, |bytes| bytes as f64));
        self.skew.set(skew.unwrap_or(f64::NAN));
    }
}
