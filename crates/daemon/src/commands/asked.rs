//! The daemon that a command asks.

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
