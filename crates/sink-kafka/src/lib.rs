//! Kafka behind [`Sink`](stream_core::sink::Sink), by librdkafka.
//!
//! In the order in which a record meets them:
//!
//! | module | what it does |
//! |---|---|
//! | `settings` | [`Settings`]: what a user may say |
//! | `client_config`, `property` | settings as librdkafka takes them; our defaults; what may not be changed |
//! | `sink` | [`KafkaSink`]: opens publishers |
//! | `shared_producer` | makes the producer when needed, replaces it when broken |
//! | `topics`, `admin` | looks for a topic, creates it, asks for its settings |
//! | `check` | what `run` will need, tried |
//! | `publisher` | copies records into librdkafka's queue |
//! | `message` | a record's headers |
//! | `producer`, `context` | the producer and its poll thread; what librdkafka calls back |
//! | `error` | what an error code means for a record, a lane or the client |
//! | `delivery_reports` | carries outcomes from the poll thread to the lane |
//! | `health`, `brokers`, `statistics` | what librdkafka says of its connections, as one state that lanes follow |
//! | `inquiry` | what keeps records waiting that librdkafka retries without a word |
//! | `read_back` | reads the topics from their beginning, for whoever wants proof |
//! | `blocking` | keeps librdkafka's blocking calls off the runtime's threads |
//!
//! # What it rests on
//!
//! `acks=all`, idempotence with at most five requests in flight, and no time limit on a record: librdkafka keeps what it
//! was given and retries it in order until the broker confirms. A broker that is away is therefore not an error; progress
//! is left to librdkafka, whose requests have time limits of their own. One producer serves all lanes; only a fatal error
//! of it (out of sequence, fenced) ends it, and with it all its publishers, and the next `open` makes another.
//!
//! A lane's publisher is opened only when nothing of an earlier one is left in the producer. Until then `open` says
//! [`Unavailable`](stream_core::sink::SinkError::Unavailable): so a lane that is reset again and again while a broker is
//! away never holds more than one window in memory.
//!
//! # What cannot be promised
//!
//! When Kafka refuses a batch for good, librdkafka goes on with a new producer id, whose first batch Kafka takes whatever its
//! number: what was on its way behind the refused batch may be accepted before `context` has taken it back, and consumers
//! then see it before the refused batch's good records, which the lane sends again. It needs a limit of the topic that was
//! lowered while we ran, or a record that Kafka finds invalid; batches are never larger than the limits found at the start.

mod admin;
mod blocking;
mod brokers;
mod check;
mod client_config;
mod context;
mod delivery_reports;
mod error;
mod health;
mod inquiry;
mod message;
mod producer;
mod properties_file;
mod property;
mod publisher;
mod read_back;
mod settings;
mod shared_producer;
mod sink;
mod statistics;
mod topics;

pub use property::is_secret;
pub use settings::Settings;
pub use sink::KafkaSink;
