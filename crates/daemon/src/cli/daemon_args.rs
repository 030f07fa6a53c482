//! Which running daemon a command asks.

use clap::Args;

use super::config_args::ConfigArgs;
use crate::admin::Address;

/// A running daemon, by its configuration or by its address.
#[derive(Debug, Args)]
pub struct DaemonArgs {
    /// The daemon's configuration, for its admin address.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The admin address itself: a host with a port.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config")]
    pub address: Option<Address>,
}
