//! `birdfeed rules`: the rules of the filtered stream, by hand or from a file.

mod by_hand;
mod from_file;
mod page;

use std::path::Path;
use std::time::Duration;

use source_x::RulesClient;
use source_x::rules::{Patience, RulesError};

use crate::cli::RulesCommand;
use crate::components::{self, RulesConfig};
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// How long a command waits for X altogether: for one window of its rate limit, and a little more.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// Does what `command` says.
pub fn run(command: RulesCommand) -> Result<(), CommandError> {
    let runtime = super::run::runtime(1)?;
    let ended = runtime.block_on(async {
        match command {
            RulesCommand::List(args) => by_hand::list(&args).await,
            RulesCommand::Add(args) => by_hand::add(args).await,
            RulesCommand::Delete(args) => by_hand::delete(&args).await,
            RulesCommand::Plan(args) => from_file::plan(&args).await,
            RulesCommand::Apply(args) => from_file::apply(&args).await,
            RulesCommand::Validate(args) => from_file::validate(&args).await,
        }
    });
    runtime.shutdown_background();
    ended
}

/// The way to X's rules, and what the configuration says of them.
fn load(config: Option<&Path>) -> Result<(RulesClient, RulesConfig), CommandError> {
    let (source, rules) = components::load_rules(config, &environment())?;
    Ok((source.rules(), rules))
}

/// Patience that says on standard error what it waits for.
fn patience() -> Patience<'static> {
    Patience::new(LONGEST, &|error, wait| {
        let wait = humantime::format_duration(Duration::from_secs(wait.as_secs().max(1)));
        eprintln!("birdfeed: {error}; again in {wait}");
    })
}

/// X is not there, or refuses.
fn unavailable(error: RulesError) -> CommandError {
    CommandError::new(SysExit::Unavailable, error)
}
