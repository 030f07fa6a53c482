//! `birdfeed config`: what there is to be set, and what is in force.

mod comments;
mod redaction;
#[cfg(test)]
mod reference;
mod schema;
mod show;
mod variables;

use super::say;
use crate::cli::ConfigCommand;
use crate::components;
use crate::exit::CommandError;

/// Shows what is asked for.
pub fn run(command: &ConfigCommand) -> Result<(), CommandError> {
    match command {
        ConfigCommand::Default => {
            say(components::DEFAULT_FILE.trim_end());
            Ok(())
        }
        ConfigCommand::Show(args) => show::run(args),
        ConfigCommand::Env => {
            say(&variables::page(&crate::config::environment()));
            Ok(())
        }
        ConfigCommand::Schema => {
            say(&schema::document());
            Ok(())
        }
    }
}
