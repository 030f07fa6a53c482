//! Load generation: the seeded world that posts come from.
//!
//! A pool of messages is made once; a post is then a [`Stamp`]: which message of the pool, with which id and which
//! matching rules. Writing it out is a copy with the id and the times patched in, so one core makes far more than
//! 150,000 a second, and the ledger can remember a post in a few bytes and write it out again.
//!
//! | module | what it does |
//! |---|---|
//! | `timeline` | which post comes next, and which came last |
//! | `selected` | what is left of a message by fields and expansions |
//! | `kind` | where each kind of message stands in the pool |
//! | `pool`, `message`, `status`, `matching_rules` | all that a post can be, ready to be written |
//! | `compose`, `entities`, `included` | make the messages of the pool |
//! | `draw` | chance, and the data files |

mod compose;
mod draw;
mod entities;
mod included;
mod kind;
mod matching_rules;
mod message;
mod pool;
mod selected;
mod status;
mod timeline;

pub(crate) use message::Times;
pub(crate) use pool::{Pool, Stamp};
pub(crate) use timeline::Timeline;
