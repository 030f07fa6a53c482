//! One look at everything: read it, judge it, say so.

use std::time::{Duration, Instant};

use stream_core::chain::Verdict;
use stream_core::model::LaneSet;
use stream_core::pipeline::NamedSink;
use stream_core::sink::SinkError;

use super::advice::OPEN_LOSS;
use super::look::{EVERY, Look};
use super::page;
use super::report::{Report, SinkReport};
use crate::cli::VerifyArgs;
use crate::commands::say;
use crate::exit::{CommandError, SysExit};

/// Reads everything that is left, judges it and says so.
pub(super) async fn verify(
    args: &VerifyArgs,
    lanes: LaneSet,
    sinks: &[NamedSink],
) -> Result<(), CommandError> {
    let mut reports = Vec::new();
    // All are opened first: that one keeps nothing that could be verified is told before hours are spent on the others.
    let mut opened = Vec::new();
    for sink in sinks {
        opened.push((sink, Look::open(sink, lanes).await?));
    }
    for (sink, opened) in opened {
        let looked = match opened {
            Ok(mut look) => settled(&mut look, args.grace).await,
            Err(error) => Err(error),
        };
        reports.push(match looked {
            Ok(verdict) => SinkReport::Read(verdict),
            Err(error) => SinkReport::unread(sink, error),
        });
    }
    let report = Report::new(reports);
    say(&if args.json {
        report.to_json()
    } else {
        page::render(&report)
    });
    ended(&report)
}

/// The verdict; while something is missing it is looked for again, for `grace`: lanes and partitions are not equally quick.
async fn settled(look: &mut Look, grace: Duration) -> Result<Verdict, SinkError> {
    look.read_on().await?;
    let deadline = Instant::now() + grace;
    loop {
        let verdict = look.verdict()?;
        let left = deadline.saturating_duration_since(Instant::now());
        if verdict.whole || left.is_zero() {
            return Ok(verdict);
        }
        tokio::time::sleep(left.min(EVERY)).await;
        look.read_on().await?;
    }
}

/// What is known to be missing weighs more than what is not known.
fn ended(report: &Report) -> Result<(), CommandError> {
    let (holes, losses, unread) = (report.holes(), report.open_losses(), report.unread());
    let (exit, message) = match (holes, losses, unread) {
        (0, 0, 0) => return Ok(()),
        (0, 0, _) => (
            SysExit::Unavailable,
            format!("{unread} of the sinks could not be read"),
        ),
        (0, _, _) => (SysExit::NotWhole, OPEN_LOSS.to_owned()),
        (1, _, _) => (SysExit::NotWhole, "not whole: there is a hole".to_owned()),
        _ => (SysExit::NotWhole, format!("not whole: there are {holes} holes")),
    };
    Err(CommandError::new(exit, message))
}
