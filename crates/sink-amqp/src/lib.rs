//! RabbitMQ (AMQP 0-9-1) behind [`Sink`](stream_core::sink::Sink).
//!
//! Lanes share one connection; each has a channel of its own, a routing key and, unless told otherwise, a durable quorum queue
//! of the same name bound to one durable topic exchange. Messages are persistent, mandatory and confirmed. A connection that
//! breaks is not repaired but replaced, at the next [`open`](stream_core::sink::Sink::open).
//!
//! Two things are the broker's and cannot be mended from here. When it refuses a message (`basic.nack`) or sends it back, it may
//! already have taken later ones, which consumers then see first. And a `RabbitMQ` that is killed within half a second of a
//! quorum queue's declaration loses that queue with all that it had confirmed (seen with 3.10.8; `ra_directory`'s `auto_save`).
//!
//! The modules, in the order in which a record meets them:
//!
//! | module | what it is |
//! |---|---|
//! | `settings`, `url`, `address`, `query` | [`Settings`], checked without a network; a URL that shows no password |
//! | `sink` | [`AmqpSink`]: opens publishers |
//! | `connection` | the shared connection: made on demand, replaced when broken |
//! | `alarm` | whether it stands and the broker takes messages on it |
//! | `destination`, `tls` | what each connection is made by, read anew for it |
//! | `connect`, `socket_guard` | one attempt at a connection under one deadline; the socket that ends it |
//! | `last_word` | why a broker hangs up when TLS stands |
//! | `topology` | exchange, queue, binding |
//! | `check` | what a lane needs, tried without a change |
//! | `publisher` | one lane's channel: hands over, waits, gives outcomes |
//! | `slow_start` | the first record goes alone |
//! | `message` | a record's properties and headers |
//! | `confirms` | which confirms may be believed, and why |
//! | `drain` | a channel's graceful end, when its publisher has gone |
//! | `read_back` | reads the stream beside each lane's queue, for whoever wants proof |
//! | `watchdog` | a broker that is connected and silent |
//! | `inquiry` | why the broker confirms nothing |
//! | `error` | what a reply code asks of the caller |

mod address;
mod alarm;
mod check;
mod confirms;
mod connect;
mod connection;
mod destination;
mod drain;
mod error;
mod inquiry;
mod last_word;
mod message;
mod publisher;
mod query;
mod read_back;
mod settings;
mod sink;
mod slow_start;
mod socket_guard;
mod tls;
mod topology;
mod url;
mod watchdog;

pub use settings::Settings;
pub use sink::AmqpSink;
pub use url::Url;
