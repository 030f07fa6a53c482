//! The `birdfeed` program: the crates put together, configured, watched and operated.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`exit`] | the command line, and how the program ends |
//! | `config` | the engine: file and environment to typed values, every mistake at once; knows no key |
//! | `components` | the keys and what becomes of them, one file each; the table of sinks |
//! | [`commands`] | `run`, `demo`, `check`, `rules`, `verify`, `connections`, `usage`, `status`, `tap`, `simulate` |
//! | `rules` | the rules of a running daemon: true before the first connect, and kept so |
//! | `reload` | SIGHUP: what can change live, and why the rest cannot |
//! | [`metrics`] | the owners' families, labels and updates; the snapshot as metrics |
//! | [`admin`] | a page for people, `/metrics`, `/livez`, `/readyz`, `/status`, `/events` |
//! | [`logging`], [`signals`] | to standard error; from the operator |
//! | [`usage`] | what the account has read, on a slow timer |
//! | `words` | how it stands, in words: one set for all who say it |
//! | `progress` | what has passed, once a minute, in the log |
//! | `proof` | simulator against files, byte for byte |
//!
//! The feature `simulator`, on by default, is `birdfeed demo` and `birdfeed simulate`. A build for production can leave it
//! out: `cargo build --release -p daemon --no-default-features`. The integration tests need it.

pub mod admin;
pub mod cli;
pub mod commands;
mod components;
mod config;
pub mod exit;
mod library_logs;
pub mod logging;
pub mod metrics;
mod progress;
#[cfg(feature = "simulator")]
pub mod proof;
mod reload;
mod rules;
pub mod signals;
pub mod usage;
mod words;

use crate::cli::{Command, ConfigCommand};
use crate::exit::CommandError;

/// Does what the command line says.
pub fn dispatch(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Run(args) => commands::run::run(args.config.as_deref()),
        #[cfg(feature = "simulator")]
        Command::Demo(args) => commands::demo::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Rules(command) => commands::rules::run(command),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Connections(command) => commands::connections::run(&command),
        Command::Usage(args) => commands::usage::run(&args),
        Command::Status(args) => commands::status::run(&args),
        Command::Tap(args) => commands::tap::run(&args),
        #[cfg(feature = "simulator")]
        Command::Simulate(args) => commands::simulate::run(args),
        Command::Config(ConfigCommand::Default) => {
            commands::say(components::DEFAULT_FILE.trim_end());
            Ok(())
        }
    }
}
