//! The daemon that a command asks, and what it means that it cannot be asked.

use crate::admin::Address;
use crate::cli::DaemonArgs;
use crate::components;
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// Where it listens.
pub(super) fn address(args: &DaemonArgs) -> Result<Address, CommandError> {
    if let Some(address) = &args.address {
        return Ok(address.clone());
    }
    components::load_admin(args.config.config.as_deref(), &environment())?
        .listen
        .ok_or_else(|| CommandError::new(SysExit::Usage, "the configuration switches the admin server off"))
}

pub(super) fn unavailable(message: impl ToString) -> CommandError {
    CommandError::new(SysExit::Unavailable, message)
}
