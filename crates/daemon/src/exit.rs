//! How the program ends.

use std::process::ExitCode;

/// The exit codes, after sysexits.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Clean = 0,
    /// The command line or the configuration is wrong.
    Usage = 64,
    /// A service that is needed does not answer, or refused for too long.
    Unavailable = 69,
    /// An invariant is broken: a fault of ours.
    Invariant = 70,
    /// A local file, folder or port cannot be used at the start.
    LocalIo = 74,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ends early: the code, and what to tell the user.
#[derive(Debug)]
pub struct Stop {
    /// The code.
    pub exit: Exit,
    /// For people: what is wrong and what to do.
    pub message: String,
}

impl Stop {
    /// Ends with `exit`, saying `message`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an error that ends the program is given away"
    )]
    pub fn new(exit: Exit, message: impl ToString) -> Self {
        Self {
            exit,
            message: message.to_string(),
        }
    }
}
