//! Reading back: the lanes' stream queues, from the oldest message that is left. A stream gives and keeps: nothing is taken, and
//! nothing is counted against the queues that consumers use.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer, ErrorKind};
use stream_core::model::{HEADER, Header, Lane};
use stream_core::sink::{Found, ReadBack, SinkError};
use tokio::time::{Instant, timeout};

use crate::connection::Connection;
use crate::settings::Settings;
use crate::topology;

/// How many messages the broker sends ahead. They are in memory.
const AHEAD: u16 = 500;
/// How many are acknowledged at once: a stream's acknowledgement only asks for more.
const TOGETHER: u64 = 100;
/// How long messages that are there may not come.
const STALL: Duration = Duration::from_secs(30);
/// How long nothing comes behind the last one that was there.
const QUIET: Duration = Duration::from_millis(200);
/// How long nothing comes of a stream that is empty.
const EMPTY: Duration = Duration::from_secs(3);
/// Where a stream consumer stands, in a message's headers and in the wish of where to begin.
const OFFSET: &str = "x-stream-offset";
const NOT_FOUND: u16 = 404;

/// Reads each lane's stream from where it was left.
pub(crate) struct StreamsReadBack {
    connection: Arc<Connection>,
    lanes: Vec<(Lane, String, Option<Stream>)>,
}

struct Stream {
    /// For errors.
    doing: String,
    channel: Channel,
    consumer: Consumer,
    /// The offset of the next message: all before it are read, or gone.
    next: u64,
    /// Messages before it are gone, which the first record that is read tells.
    is_trimmed: bool,
    unacknowledged: u64,
}

impl StreamsReadBack {
    pub(crate) fn new(connection: Connection, settings: &Settings) -> Self {
        let lane = |lane: &Lane| (*lane, settings.stream(*lane), None);
        Self {
            connection: Arc::new(connection),
            lanes: settings.lanes.iter().map(lane).collect(),
        }
    }

    async fn read_all(&mut self, found: &mut (dyn FnMut(Found<'_>) + Send)) -> Result<(), SinkError> {
        for (lane, queue, stream) in &mut self.lanes {
            let until = match stream {
                // What has come since is on its way to us.
                Some(stream) => stream.next.checked_sub(1),
                None if is_there(&self.connection, queue).await? => {
                    let until = last(&self.connection, queue).await?;
                    *stream = Some(Stream::open(&self.connection, queue, "first").await?);
                    until
                }
                None => None,
            };
            if let Some(stream) = stream {
                stream.read(&self.connection, *lane, until, found).await?;
            }
        }
        Ok(())
    }
}

impl ReadBack for StreamsReadBack {
    fn read_on<'r>(
        &'r mut self,
        found: &'r mut (dyn FnMut(Found<'_>) + Send),
    ) -> BoxFuture<'r, Result<(), SinkError>> {
        self.read_all(found).boxed()
    }
}

/// Whether there is such a queue; a lane has none before its first record.
async fn is_there(connection: &Connection, queue: &str) -> Result<bool, SinkError> {
    let channel = connection.channel().await?;
    let doing = format!("looking for the queue {queue:?}");
    match connection.answer(&doing, topology::look(&channel, queue)).await? {
        Ok(()) => {
            leave(connection, &doing, &channel).await;
            Ok(true)
        }
        Err(error) => match error.kind() {
            ErrorKind::ProtocolError(reply) if reply.get_id() == NOT_FOUND => Ok(false),
            _ => Err(connection.explain(&doing, &error)),
        },
    }
}

/// The offset of the last message in `queue`, if it has any. `RabbitMQ` does not say how many there are (3.10 says 0), but gives
/// the end of a stream alone.
async fn last(connection: &Connection, queue: &str) -> Result<Option<u64>, SinkError> {
    let mut stream = Stream::open(connection, queue, "last").await?;
    let began = Instant::now();
    let mut last = None;
    while began.elapsed() < EMPTY {
        let patience = if last.is_some() { QUIET } else { EMPTY };
        let Ok(next) = timeout(patience, stream.consumer.next()).await else {
            break;
        };
        last = offset(&stream.given(connection, next)?);
    }
    leave(connection, &stream.doing, &stream.channel).await;
    Ok(last)
}

/// Closes a channel; one that does not close ends with the connection.
async fn leave(connection: &Connection, doing: &str, channel: &Channel) {
    let _ = connection.answer(doing, channel.close(200, "OK".into())).await;
}

impl Stream {
    /// Begins at the `first` message or with the `last` ones.
    async fn open(connection: &Connection, queue: &str, at: &str) -> Result<Self, SinkError> {
        let channel = connection.channel().await?;
        let doing = format!("reading the queue {queue:?}");
        let ahead = channel.basic_qos(AHEAD, BasicQosOptions::default());
        connection.step(&doing, ahead).await?;
        let mut arguments = FieldTable::default();
        arguments.insert(OFFSET.into(), AMQPValue::LongString(at.into()));
        let options = BasicConsumeOptions::default();
        let consumer = channel.basic_consume(queue.into(), "birdfeed-verify".into(), options, arguments);
        let consumer = connection.step(&doing, consumer).await?;
        Ok(Self {
            doing,
            channel,
            consumer,
            next: 0,
            is_trimmed: false,
            unacknowledged: 0,
        })
    }

    /// Reads up to the message `until`, and what comes right behind it.
    async fn read(
        &mut self,
        connection: &Connection,
        lane: Lane,
        until: Option<u64>,
        found: &mut (dyn FnMut(Found<'_>) + Send),
    ) -> Result<(), SinkError> {
        let mut done: Option<Instant> = None;
        loop {
            let is_there = until.is_none_or(|until| self.next > until);
            if is_there && done.get_or_insert_with(Instant::now).elapsed() > 5 * QUIET {
                return Ok(());
            }
            let patience = if is_there { QUIET } else { STALL };
            match timeout(patience, self.consumer.next()).await {
                Ok(next) => {
                    let delivery = self.given(connection, next)?;
                    self.take(connection, lane, &delivery, found).await?;
                }
                Err(_) if is_there => return Ok(()),
                Err(_) => {
                    return Err(SinkError::Unavailable(format!(
                        "{}: messages that are there do not come for {STALL:?}",
                        self.doing
                    )));
                }
            }
        }
    }

    /// The message that the broker gave, or why there will be no more.
    fn given(
        &self,
        connection: &Connection,
        next: Option<lapin::Result<Delivery>>,
    ) -> Result<Delivery, SinkError> {
        match next {
            Some(Ok(delivery)) => Ok(delivery),
            Some(Err(error)) => Err(connection.explain(&self.doing, &error)),
            None => {
                let gone = || SinkError::Unavailable(format!("{}: the broker has ended it", self.doing));
                Err(connection.ended(&self.channel).unwrap_or_else(gone))
            }
        }
    }

    async fn take(
        &mut self,
        connection: &Connection,
        lane: Lane,
        delivery: &Delivery,
        found: &mut (dyn FnMut(Found<'_>) + Send),
    ) -> Result<(), SinkError> {
        let header = header(delivery);
        let offset = offset(delivery).unwrap_or(self.next);
        // Where a file of the stream begins, RabbitMQ may use one offset for itself; what it trims is files.
        self.is_trimmed |= offset > self.next + u64::from(self.next > 0);
        if let Some(header) = header
            && std::mem::take(&mut self.is_trimmed)
        {
            let since = Some(header.place);
            found(Found::Trimmed { lane, part: 0, since });
        }
        self.next = offset + 1;
        found(header.map_or(Found::Foreign { lane }, |header| Found::Record {
            lane,
            header,
            value: &delivery.data,
        }));
        self.unacknowledged += 1;
        if self.unacknowledged < TOGETHER {
            return Ok(());
        }
        self.unacknowledged = 0;
        let more = BasicAckOptions { multiple: true };
        connection
            .step(&self.doing, self.channel.basic_ack(delivery.delivery_tag, more))
            .await
    }
}

fn header(delivery: &Delivery) -> Option<Header> {
    match value(delivery, HEADER)? {
        AMQPValue::LongString(text) => Header::parse(str::from_utf8(text.as_bytes()).ok()?),
        AMQPValue::ShortString(text) => Header::parse(text.as_str()),
        _ => None,
    }
}

fn offset(delivery: &Delivery) -> Option<u64> {
    match value(delivery, OFFSET)? {
        AMQPValue::LongLongInt(offset) => u64::try_from(*offset).ok(),
        _ => None,
    }
}

fn value<'d>(delivery: &'d Delivery, name: &str) -> Option<&'d AMQPValue> {
    delivery.properties.headers().as_ref()?.inner().get(name)
}
