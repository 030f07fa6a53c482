//! The data path between an X stream and message brokers: everything that keeps the stream alive and loses nothing, and
//! nothing of X, HTTP, Kafka or AMQP.
//!
//! ```text
//! socket ─▶ frames ─▶ journal ─▶ split ─▶ lanes ─▶ sink ─▶ confirmed ─▶ cursor
//!           (reader)  (ingest)           (one loop each)               (journal trims behind the slowest)
//! ```
//!
//! Everything moves one way, and no broker can stop the reader; a journal that takes nothing for five seconds closes the
//! stream (`docs/adr/0006`). The modules, in the order data flows:
//!
//! | module | what it does |
//! |---|---|
//! | [`time`], [`lane`], [`record`] | the words: instants, kinds of record, a record with its place in the sequence |
//! | [`source`] | the trait that X implements: connect, and say how a message splits |
//! | [`supervisor`] | keeps the stream alive: a pure state machine, and the driver that reads |
//! | [`backoff`], [`budget`] | patience, and X's limit on connects, as values |
//! | [`frame`] | bytes to lines |
//! | [`inlet`] | what waits for the journal, bounded in bytes |
//! | [`ingest`], [`room`] | the one writer: split, append, hand on; and how much of the journal is for what |
//! | [`entry`], [`route`] | what stands in the journal, and how it becomes records |
//! | [`dead_letter`], [`notice`] | records of our own: what could not be read, what became of the stream |
//! | [`tail`], [`feed`] | the newest messages in memory, and one lane's way through memory and journal |
//! | [`deliver`] | one lane's loop: window, confirms, cursor, reset and replay |
//! | `books`, [`window`], [`cursor`] | the lane's accounts: what is in flight, and how far the lane has got |
//! | [`sink`] | the trait that brokers implement, with its contract |
//! | [`cloudevents`] | optional headers |
//! | [`pipeline`], `past` | all of it assembled, with what the last process left; and how it comes to rest |
//! | [`observe`], [`status`], [`pulse`], [`view`] | what happens, told as it happens; and one snapshot for all who ask |
//! | `testing` (feature of that name) | the suite that every sink passes, a sink in memory, a scripted source |

pub mod backoff;
mod books;
pub mod budget;
pub mod cloudevents;
pub mod cursor;
pub mod dead_letter;
pub mod deliver;
pub mod entry;
pub mod feed;
pub mod frame;
pub mod ingest;
pub mod inlet;
pub mod lane;
pub mod notice;
pub mod observe;
mod past;
pub mod pipeline;
pub mod pulse;
pub mod record;
pub mod room;
pub mod route;
pub mod sink;
pub mod source;
pub mod status;
pub mod supervisor;
pub mod tail;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod view;
pub mod window;
