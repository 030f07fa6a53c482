//! `birdfeed simulate`: the simulator as a server.

use std::io::ErrorKind;

use simulator::cli::{self, SimulateArgs};

use super::run::runtime;
use crate::exit::{Exit, Stop};
use crate::signals::Signals;

/// Serves until a signal.
pub fn run(args: SimulateArgs) -> Result<(), Stop> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| Stop::new(Exit::LocalIo, error))?;
        let shutdown = async move {
            signals.next().await;
        };
        cli::run(args, shutdown).await.map_err(|error| {
            let exit = match error.kind() {
                ErrorKind::InvalidInput => Exit::Usage,
                _ => Exit::LocalIo,
            };
            Stop::new(exit, error)
        })
    })
}
