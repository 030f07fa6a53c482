//! Reconciliation loop: X's rules are made those of the file before the first connect, and looked at again on a timer, on a change of
//! the file and on SIGHUP. On v2 rules change under an open stream, without a reconnect.
//!
//! | module | what it does |
//! |---|---|
//! | `keeper` | one look, and what follows from it |
//! | `source` | the stream's source, which connects once the rules are true |
//! | `drift` | what is not as it is wanted, in numbers |

mod drift;
mod keeper;
mod source;

pub(crate) use self::keeper::RulesKeeper;
pub(crate) use self::source::RuledSource;
