//! `birdfeed verify`: reads back what the sinks have got and proves that nothing is missing, or names what is.

mod look;
mod page;
mod report;

use std::time::{Duration, Instant};

use stream_core::model::LaneSet;
use stream_core::pipeline::NamedSink;
use stream_core::sink::ReadBackError;

use self::look::Look;
use self::report::{Report, SinkReport};
use super::say;
use crate::cli::VerifyArgs;
use crate::components;
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// How often is looked again for what may still be on its way.
const EVERY: Duration = Duration::from_secs(1);

/// Reads everything that is left, judges it and says so. It is an error that something is missing, or cannot be read.
pub fn run(args: &VerifyArgs) -> Result<(), CommandError> {
    let file = args.config.config.as_deref();
    let (lanes, mut sinks) = components::load_sinks(file, &environment())?;
    if let Some(wanted) = &args.sink {
        let names: Vec<_> = sinks.iter().map(|sink| sink.name.clone()).collect();
        sinks.retain(|sink| sink.name == *wanted);
        if sinks.is_empty() {
            let message = format!("there is no sink {wanted:?}: there are {}", names.join(", "));
            return Err(CommandError::new(SysExit::Usage, message));
        }
    }
    let runtime = super::run::runtime()?;
    let ended = runtime.block_on(verify(args, lanes, &sinks));
    // Client libraries may have threads of their own in blocking calls: do not wait for them.
    runtime.shutdown_background();
    ended
}

async fn verify(args: &VerifyArgs, lanes: LaneSet, sinks: &[NamedSink]) -> Result<(), CommandError> {
    let mut reports = Vec::new();
    for (sink, opened) in open(sinks, lanes).await? {
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

/// Opens all sinks for reading; that one keeps nothing that could be verified is told before hours are spent on the others.
async fn open(
    sinks: &[NamedSink],
    lanes: LaneSet,
) -> Result<Vec<(&NamedSink, Result<Look, stream_core::sink::SinkError>)>, CommandError> {
    let mut opened = Vec::new();
    for sink in sinks {
        let look = match sink.sink.read_back().await {
            Ok(reader) => Ok(Look::new(&sink.name, lanes, reader)),
            Err(ReadBackError::Sink(error)) => Err(error),
            Err(ReadBackError::NotKept(why)) => {
                let others = if sinks.len() > 1 {
                    "; --sink verifies another alone"
                } else {
                    ""
                };
                let message = format!("sink {}: {why}{others}", sink.name);
                return Err(CommandError::new(SysExit::Usage, message));
            }
        };
        opened.push((sink, look));
    }
    Ok(opened)
}

/// The verdict; while something is missing it is looked for again, for `grace`: lanes and partitions are not equally quick.
async fn settled(
    look: &mut Look,
    grace: Duration,
) -> Result<stream_core::chain::Verdict, stream_core::sink::SinkError> {
    look.read_on().await?;
    let deadline = Instant::now() + grace;
    loop {
        let verdict = look.verdict();
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
    let (holes, unread) = (report.holes(), report.unread());
    let (exit, message) = match (holes, unread) {
        (0, 0) => return Ok(()),
        (0, _) => (
            SysExit::Unavailable,
            format!("{unread} of the sinks could not be read"),
        ),
        (1, _) => (SysExit::NotWhole, "not whole: there is a hole".to_owned()),
        _ => (SysExit::NotWhole, format!("not whole: there are {holes} holes")),
    };
    Err(CommandError::new(exit, message))
}
