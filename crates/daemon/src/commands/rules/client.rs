//! The way to X's rules, and the patience with it.

use std::path::Path;
use std::time::Duration;

use source_x::RulesClient;
use source_x::endpoint::Version;
use source_x::rules::{Patience, RulesError};

use crate::components::{self, RulesConfig};
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// How long a command waits for X altogether: for one window of its rate limit, and a little more.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// The way to X's rules, and what the configuration says of them.
pub(super) fn load(config: Option<&Path>) -> Result<(RulesClient, RulesConfig), CommandError> {
    let (source, rules) = components::load_rules(config, &environment())?;
    if source.endpoint().version() == Version::V1 {
        let message = "v1.1 has no rules: [stream.filter] says what its stream brings (docs/v1.1.md)";
        return Err(CommandError::new(SysExit::Usage, message));
    }
    Ok((source.rules(), rules))
}

/// Patience that says on standard error what it waits for.
pub(super) fn patience() -> Patience<'static> {
    Patience::new(LONGEST, &|error, wait| {
        let wait = humantime::format_duration(Duration::from_secs(wait.as_secs().max(1)));
        eprintln!("birdfeed: {error}; again in {wait}");
    })
}

/// X is not there, or refuses.
pub(super) fn unavailable(error: RulesError) -> CommandError {
    CommandError::new(SysExit::Unavailable, error)
}
