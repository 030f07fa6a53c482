//! Exit codes: how the program ends, for service managers and scripts.

use std::process::ExitCode;

use crate::config::Problems;

/// Exit codes after sysexits.h, so that a service manager can tell what a restart may cure from what it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SysExit {
    /// All went as it should.
    Clean = 0,
    /// What was asked about is not as it must be: `verify` has found that something is missing, `connections close` left
    /// something open.
    NotWhole = 1,
    /// The command line or the configuration is wrong.
    Usage = 64,
    /// A service that is needed does not answer, or refused for too long.
    Unavailable = 69,
    /// An invariant is broken: a fault of ours.
    Invariant = 70,
    /// A local file, folder or port cannot be used at the start.
    LocalIo = 74,
}

impl From<SysExit> for ExitCode {
    fn from(exit: SysExit) -> Self {
        Self::from(exit as u8)
    }
}

/// Error of a command: the exit code for machines, the message for people.
#[derive(Debug)]
pub struct CommandError {
    /// The code that the process ends with.
    pub exit: SysExit,
    /// What is wrong and what to do.
    pub message: String,
}

impl CommandError {
    /// Ends the program with `exit`, saying `message`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an error that ends the program is given away"
    )]
    pub fn new(exit: SysExit, message: impl ToString) -> Self {
        Self {
            exit,
            message: message.to_string(),
        }
    }

    /// A service that is needed does not answer.
    pub(crate) fn unavailable(message: impl ToString) -> Self {
        Self::new(SysExit::Unavailable, message)
    }
}

impl From<Problems> for CommandError {
    fn from(problems: Problems) -> Self {
        Self::new(SysExit::Usage, problems)
    }
}
