//! What a hole means, and what to do: `docs/troubleshooting.md` has more.

use stream_core::chain::{Cause, Hole};

/// Of a sink without any record.
pub(super) const NOTHING: &str =
    "there is no record with a birdfeed header: is this the daemon's configuration, and has it published?";
/// Of losses, where there is no hole.
pub(super) const OPEN_LOSS: &str = "not whole: a loss was told, and no record shows what it took";

/// What it is, and what to do.
pub(super) fn advice(hole: &Hole) -> &'static str {
    match hole.cause {
        Cause::Missing if hole.before.is_none() => {
            "on its way, or missing: `birdfeed status` shows whether the lane is behind; verify again when it is not"
        }
        Cause::Missing => {
            "nothing says why: deleted, purged or compacted at the broker? If nobody did, report it with this output and the daemon's log"
        }
        Cause::Lost => {
            "the journal was damaged there (event lost): look at the disk; X alone has these posts still"
        }
        Cause::PowerCut => {
            "a power cut took the message from the journal before this lane had published it: durability = \"strict\" leaves no such window"
        }
        Cause::Dropped => {
            "the lane was stuck for longer than its on_stuck allows (event dropped): mend its topic"
        }
        Cause::DeadLetter => "the sink refused it; it stands in dead_letter, with the reason",
        Cause::Contradiction => {
            "names a record before it that cannot be that: do two daemons share a journal folder? If not, report it with this output"
        }
    }
}
