//! The `birdfeed` program: configuration, wiring, admin server, metrics, commands.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`exit`] | the command line, and how the program ends |
//! | [`config`] | file and environment to settings, every mistake at once |
//! | [`wiring`] | settings to a source, sinks and a data path |
//! | [`commands`] | `run`, `demo`, `check`, `status`, `simulate` |
//! | [`metrics`] | the catalogue, the counters, the snapshot as metrics |
//! | [`admin`] | `/metrics`, `/livez`, `/readyz`, `/status` |
//! | [`logging`], [`signals`] | to standard error; from the operator |
//! | `proof` | simulator against files, byte for byte |
//!
//! The feature `simulator`, on by default, is `birdfeed demo` and `birdfeed simulate`. A build for production can leave it
//! out: `cargo build --release -p daemon --no-default-features`. The tests need it.

pub mod admin;
pub mod cli;
pub mod commands;
pub mod config;
pub mod exit;
pub mod logging;
pub mod metrics;
#[cfg(feature = "simulator")]
pub mod proof;
pub mod signals;
pub mod wiring;

use cli::{Command, ConfigCommand};
use exit::Stop;

/// Does what the command line says.
pub fn dispatch(command: Command) -> Result<(), Stop> {
    match command {
        Command::Run(args) => commands::run::run(args.config.as_deref()),
        #[cfg(feature = "simulator")]
        Command::Demo(args) => commands::demo::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Status(args) => commands::status::run(&args),
        #[cfg(feature = "simulator")]
        Command::Simulate(args) => commands::simulate::run(args),
        Command::Config(ConfigCommand::Default) => {
            commands::say(config::DEFAULT_TOML.trim_end());
            Ok(())
        }
    }
}
