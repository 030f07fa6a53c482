//! `birdfeed simulate`: the simulator as a server.

use std::io::ErrorKind;

use simulator::cli::{self, SimulateArgs};

use super::run::{WORKERS, runtime};
use crate::exit::{CommandError, SysExit};
use crate::signals::Signals;

/// Serves until a signal.
pub fn run(args: SimulateArgs) -> Result<(), CommandError> {
    let runtime = runtime(WORKERS)?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
        let shutdown = async move {
            signals.next().await;
        };
        cli::run(args, shutdown).await.map_err(|error| {
            let exit = match error.kind() {
                ErrorKind::InvalidInput => SysExit::Usage,
                _ => SysExit::LocalIo,
            };
            CommandError::new(exit, error)
        })
    })
}
