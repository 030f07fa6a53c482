//! The `birdfeed` program: the crates put together, configured, watched and operated.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`exit`] | the command line, and how the program ends |
//! | `config` | the engine: file and environment to typed values, every mistake at once; knows no key |
//! | `components` | the keys and what becomes of them, one file each; the table of sinks |
//! | [`commands`] | `run`, `demo`, `check`, `rules`, `verify`, `connections`, `usage`, `status`, `explain`, `tap`, `reload`, `simulate`, `config`, `completions`, `man` |
//! | `rules` | the rules of a running daemon: true before the first connect, and kept so |
//! | `reload`, [`reload_status`] | SIGHUP, or the file has changed: what can change live, and why the rest cannot |
//! | [`metrics`] | the owners' families, labels and updates; the snapshot as metrics |
//! | [`admin`] | a page for people, `/metrics`, `/livez`, `/readyz`, `/status`, `/events` |
//! | [`logging`], [`signals`] | to standard error; from the operator |
//! | `service` | the service manager: ready, watchdog, status |
//! | [`usage`] | what the account has read, on a slow timer |
//! | `machine`, `starts` | the disk's room and the clock, now and then; how often it was started |
//! | `traces` | what the data path tells, as spans for a collector |
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
mod machine;
pub mod metrics;
mod progress;
#[cfg(feature = "simulator")]
pub mod proof;
mod reload;
pub mod reload_status;
mod rules;
mod service;
pub mod signals;
mod starts;
mod traces;
pub mod usage;
mod words;

use crate::cli::Command;
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
        Command::Status(args) if args.watch => commands::top::run(&args.daemon),
        Command::Status(args) => commands::status::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Reload(args) => commands::reload::run(&args),
        Command::Tap(args) => commands::tap::run(&args),
        Command::Top(args) => commands::top::run(&args),
        #[cfg(feature = "simulator")]
        Command::Simulate(args) => commands::simulate::run(args),
        Command::Config(command) => commands::config::run(&command),
        Command::Completions(args) => commands::paper::completions(args.shell),
        Command::Man(args) => commands::paper::man(args.dir.as_deref()),
    }
}
