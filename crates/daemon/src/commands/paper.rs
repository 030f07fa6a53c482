//! `birdfeed completions` and `birdfeed man`: the command line itself, as a shell and as `man` want it.

use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use super::say;
use crate::cli::Cli;
use crate::exit::{CommandError, SysExit};

/// Prints the completions of `shell`.
pub fn completions(shell: Shell) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "birdfeed", &mut script);
    say(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}

/// Prints the program's page, or writes one for each command into `dir`.
pub fn man(dir: Option<&Path>) -> Result<(), CommandError> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        let command = Cli::command().disable_help_subcommand(true);
        Man::new(command).render(&mut page).map_err(failed)?;
        say(String::from_utf8_lossy(&page).trim_end());
        return Ok(());
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
    written.map_err(|error| {
        failed(io::Error::new(
            error.kind(),
            format!("{}: {error}", dir.display()),
        ))
    })
}

fn failed(error: io::Error) -> CommandError {
    CommandError::new(SysExit::LocalIo, error)
}
