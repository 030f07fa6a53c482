//! `birdfeed verify`: reads back what the sinks have got and proves that nothing is missing, or names what is.

mod advice;
mod follow;
mod look;
mod once;
mod page;
mod patience;
mod report;

use crate::cli::VerifyArgs;
use crate::components;
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// Reads everything that is left, judges it and says so. It is an error that something is missing, or cannot be read.
pub fn run(args: &VerifyArgs) -> Result<(), CommandError> {
    let file = args.config.config.as_deref();
    let (lanes, mut sinks) = components::load_sinks(file, &environment())?;
    if let Some(wanted) = &args.sink {
        let names: Vec<_> = sinks.iter().map(|sink| sink.name.clone()).collect();
        sinks.retain(|sink| sink.name == *wanted);
        if sinks.is_empty() {
            let message = format!("there is no sink {wanted:?}: there are {}", names.join(", "));
            return Err(CommandError::new(SysExit::Usage, message));
        }
    }
    let runtime = super::run::runtime(super::run::WORKERS)?;
    let ended = if args.follow {
        runtime.block_on(follow::follow(args, lanes, sinks))
    } else {
        runtime.block_on(once::verify(args, lanes, &sinks))
    };
    // Client libraries may have threads of their own in blocking calls: do not wait for them.
    runtime.shutdown_background();
    ended
}
