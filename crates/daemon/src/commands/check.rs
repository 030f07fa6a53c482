//! `birdfeed check`: every mistake at once; with `--connect` also whether X and the brokers answer.

use std::time::Duration;

use source_x::RulesClient;

use super::say;
use crate::cli::CheckArgs;
use crate::config::{self, Config};
use crate::exit::{CommandError, SysExit};
use crate::wiring::{self, Parts};

/// How long one service may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Checks, and says what is fine.
pub fn run(args: &CheckArgs) -> Result<(), CommandError> {
    let config = config::from_process(args.config.config.as_deref())?;
    let parts = wiring::parts(&config)?;
    say("the configuration is fine");
    if !args.connect {
        return Ok(());
    }
    let runtime = super::run::runtime()?;
    let ended = runtime.block_on(connect(&config, &parts));
    runtime.shutdown_background();
    ended
}

async fn connect(config: &Config, parts: &Parts) -> Result<(), CommandError> {
    // A stream is not opened: it would cost a connect and take the slot of the daemon that may be running. Listing the
    // rules needs the same way and the same token.
    let rules =
        RulesClient::new(&config.stream.source).map_err(|error| CommandError::new(SysExit::Usage, error))?;
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
    for sink in &parts.sinks {
        let check = tokio::time::timeout(DEADLINE, sink.sink.check());
        tell(&format!("sink {}", sink.name), within(check.await));
    }
    if failed == 0 {
        return Ok(());
    }
    let message = format!("{failed} of {} services failed", parts.sinks.len() + 1);
    Err(CommandError::new(SysExit::Unavailable, message))
}

fn within<E: ToString>(answer: Result<Result<(), E>, tokio::time::error::Elapsed>) -> Result<(), String> {
    match answer {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {DEADLINE:?}")),
    }
}
