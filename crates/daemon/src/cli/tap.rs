//! Arguments of `birdfeed tap`.

use clap::Args;
use stream_core::model::Lane;

use super::daemon_args::DaemonArgs;

/// `birdfeed tap`.
#[derive(Debug, Args)]
pub struct TapArgs {
    /// This lane alone: tweets, includes, errors, matching_rules and so on.
    #[arg(value_parser = lane)]
    pub lane: Option<Lane>,
    /// As large a share of the messages, above 0 and at most 1.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = share)]
    pub sample: f64,
    /// Which daemon.
    #[command(flatten)]
    pub daemon: DaemonArgs,
}

fn lane(text: &str) -> Result<Lane, String> {
    let names = || Lane::ALL.map(Lane::name).join(", ");
    Lane::from_name(text).ok_or_else(|| format!("the lanes are {}", names()))
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("must be a number above 0 and at most 1".to_owned()),
    }
}
