//! `birdfeed rules`: the rules of the filtered stream, by hand or from a file.

mod by_hand;
mod client;
mod from_file;
mod page;

use crate::cli::RulesCommand;
use crate::exit::CommandError;

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
