//! `birdfeed check`: every mistake at once; with `--connect` also whether X and the brokers answer.

use std::time::Duration;

use super::say;
use crate::cli::CheckArgs;
use crate::components::{self, Parts};
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// How long one service may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Checks, and says what is fine.
pub fn run(args: &CheckArgs) -> Result<(), CommandError> {
    let parts = components::load(args.config.config.as_deref(), &environment())?;
    say("the configuration is fine");
    if !args.connect {
        return Ok(());
    }
    let runtime = super::run::runtime()?;
    let ended = runtime.block_on(connect(&parts));
    runtime.shutdown_background();
    ended
}

async fn connect(parts: &Parts) -> Result<(), CommandError> {
    // A stream is not opened: it would cost a connect and take the slot of the daemon that may be running. Listing the
    // rules needs the same way and the same token.
    let rules = parts.data_path.source.rules();
    let mut failed = 0;
    let mut tell = |name: &str, answer: Result<(), String>| match answer {
        Ok(()) => say(&format!("{name}: answers")),
        Err(why) => {
            failed += 1;
            say(&format!("{name}: FAILED: {why}"))
        }
    };
    let x = tokio::time::timeout(DEADLINE, rules.list());
    tell("X", within(x.await.map(|rules| rules.map(drop))));
    for sink in &parts.data_path.sinks {
        let check = tokio::time::timeout(DEADLINE, sink.sink.check());
        tell(&format!("sink {}", sink.name), within(check.await));
    }
    if failed == 0 {
        return Ok(());
    }
    let message = format!("{failed} of {} services failed", parts.data_path.sinks.len() + 1);
    Err(CommandError::new(SysExit::Unavailable, message))
}

fn within<E: ToString>(answer: Result<Result<(), E>, tokio::time::error::Elapsed>) -> Result<(), String> {
    match answer {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {DEADLINE:?}")),
    }
}
