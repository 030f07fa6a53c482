//! Callbacks with tweepy's names. Each has a default, which does what tweepy's does: it logs at tweepy's level, or nothing.

mod callbacks;
mod exception;
mod run;

pub use self::callbacks::{Handler, dispatch};
pub use self::exception::{Exception, HandlerResult, Unreadable};
pub use self::run::Running;
