//! The way to X's account, as the configuration has it, for commands that ask it something.

use std::path::Path;
use std::sync::Arc;

use source_x::XSource;
use source_x::account::AccountError;
use source_x::endpoint::Version;

use super::say;
use crate::components;
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// The stream whose account it is.
pub(super) fn source(config: Option<&Path>) -> Result<Arc<XSource>, CommandError> {
    let source = components::load_source(config, &environment())?;
    if source.endpoint().version() == Version::V1 {
        let message = "v1.1 tells neither connections nor usage";
        return Err(CommandError::new(SysExit::Usage, message));
    }
    Ok(source)
}

/// Does one thing with the account, and waits for its end.
pub(super) fn ask<T>(request: impl Future<Output = Result<T, AccountError>>) -> Result<T, CommandError> {
    let runtime = super::run::runtime(1)?;
    let answer = runtime.block_on(request);
    // Name resolution may hang in a thread of its own.
    runtime.shutdown_background();
    answer.map_err(|error| CommandError::new(SysExit::Unavailable, error))
}

/// Prints what was answered as JSON.
pub(super) fn say_json(answer: &impl serde::Serialize) -> Result<(), CommandError> {
    let json = serde_json::to_string_pretty(answer);
    let json = json.map_err(|error| CommandError::new(SysExit::Invariant, error))?;
    say(&json);
    Ok(())
}
