//! Entry point: the command line in, an exit code out.

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use daemon::cli::Cli;
use daemon::exit::SysExit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a mistake. Nobody may be reading either.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { SysExit::Clean } else { SysExit::Usage }.into();
        }
    };
    match daemon::dispatch(cli.command) {
        Ok(()) => SysExit::Clean.into(),
        Err(error) => {
            daemon::logging::complain(&error.message);
            error.exit.into()
        }
    }
}
