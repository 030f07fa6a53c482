//! The `birdfeed` program: the crates put together, configured, watched and operated.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`exit`] | the command line, and how the program ends |
//! | `config` | the engine: file and environment to typed values, every mistake at once; knows no key |
//! | `components` | the keys and what becomes of them, one file each; the table of sinks |
//! | [`commands`] | `run`, `demo`, `check`, `status` |
//! | [`metrics`] | the owners' families, labels and updates; the snapshot as metrics |
//! | [`admin`] | `/metrics`, `/livez`, `/readyz`, `/status` |
//! | [`logging`], [`signals`] | to standard error; from the operator |
//! | [`proof`] | simulator against files, byte for byte |

pub mod admin;
pub mod cli;
pub mod commands;
mod components;
mod config;
pub mod exit;
pub mod logging;
pub mod metrics;
pub mod proof;
pub mod signals;

use cli::{Command, ConfigCommand};
use exit::{CommandError, SysExit};

/// Does what the command line says.
pub fn dispatch(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Run(args) => commands::run::run(args.config.as_deref()),
        Command::Demo(args) => commands::demo::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Status(args) => commands::status::run(&args),
        Command::Simulate(args) => simulate(args),
        Command::Config(ConfigCommand::Default) => {
            commands::say(components::DEFAULT_FILE.trim_end());
            Ok(())
        }
    }
}

fn simulate(args: simulator::cli::SimulateArgs) -> Result<(), CommandError> {
    let runtime = commands::run::runtime()?;
    runtime.block_on(async {
        let mut signals =
            signals::Signals::new().map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
        let shutdown = async move {
            signals.next().await;
        };
        simulator::cli::run(args, shutdown).await.map_err(|error| {
            let exit = match error.kind() {
                std::io::ErrorKind::InvalidInput => SysExit::Usage,
                _ => SysExit::LocalIo,
            };
            CommandError::new(exit, error)
        })
    })
}
