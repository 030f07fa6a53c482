//! Test double of X: a look-alike with a fault plan and a ledger of every byte it wrote.
//!
//! It serves every stream of v2 and of v1.1, the rules and the account, over plain HTTP/1.1 or TLS, with X's shapes, statuses,
//! headers and refusals, and posts, likes and events of X's shape and size from a seeded world. It shares nothing with the client under
//! test: the HTTP side is written by hand on the socket, because the faults need the socket.
//!
//! Modules, in the order a connection goes through them:
//!
//! | module | what it does |
//! |---|---|
//! | [`settings`] | everything a simulator can be told |
//! | [`fault`] | the fault plan, its script, the bad lines |
//! | `server` | accepts, reads requests, answers or admits |
//! | `http`, `tls` | requests, answers, the socket |
//! | `admission` | rate-limit windows and the one slot of each stream |
//! | `rules` | the rules endpoints |
//! | `account`, `history` | the account's usage and connections |
//! | `v1`, `keys` | v1.1: signatures and limits |
//! | `notice` | v1.1: messages that are no statuses |
//! | `stream` | a stream from its 200 to its end: pace, chunks, faults |
//! | `selection` | fields and expansions that a client asks for |
//! | `endpoint` | what there is to know about each stream |
//! | `world` | makes the posts, likes and events |
//! | `template`, and `data/` beside `src/` | what is written, as text with holes |
//! | `state` | what all connections share |
//! | [`ledger`] | what was written, entered before it is written |
//! | [`cli`] | `birdfeed simulate` |
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use simulator::{Fault, FaultPlan, Settings, Simulator};
//! let faults = FaultPlan::once(1, Fault::Reset);
//! let simulator = Simulator::start(Settings { posts: Some(100), faults, ..Settings::default() }).await?;
//! println!("{}/2/tweets/search/stream", simulator.base_url());
//! simulator.ledger().wait_for(|totals| totals.whole_posts >= 100).await;
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod admission;
pub mod cli;
mod endpoint;
pub mod fault;
mod history;
mod http;
mod json;
mod keys;
pub mod ledger;
mod notice;
mod rules;
mod selection;
mod server;
pub mod settings;
mod simulator;
mod state;
mod stream;
mod template;
mod time;
mod tls;
mod v1;
mod world;

pub use endpoint::Endpoint;
pub use fault::{At, Cut, Disconnect, Fault, FaultPlan, Garbage, Moment, Socket, Status, Step};
pub use keys::OAuthKeys;
pub use ledger::{Arrival, Connection, End, Ledger, Line, LineKind, Origin, Post, Totals};
pub use notice::Notice;
pub use rules::Rule;
pub use settings::{
    Absence, Chunking, Compression, Keep, LineEnd, RuleIds, Settings, SizeProfile, Unasked, Untagged,
};
pub use simulator::Simulator;
