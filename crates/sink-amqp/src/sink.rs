//! The sink: opens publishers, each when exchange and queue are there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::time::Duration;

use futures_util::future::BoxFuture;
use stream_core::model::{Lane, PerLane};
use stream_core::sink::{LaneLeases, Publisher, ReadBack, ReadBackError, SettingsError, Sink, SinkError};
use tokio::time::Instant;

use crate::check::check;
use crate::connection::{Connection, SharedConnection};
use crate::destination::Destination;
use crate::publisher::{AmqpPublisher, Target};
use crate::read_back::StreamsReadBack;
use crate::settings::Settings;
use crate::slow_start::SlowStart;
use crate::topology;

/// How long a lane waits until its last publisher is at rest: as long as that may take (10 s for its confirms, 10 s for its channel), and a little.
const AT_REST: Duration = Duration::from_secs(22);

/// `RabbitMQ`, with one connection for all lanes and one channel for each.
pub struct AmqpSink {
    to: Destination,
    settings: Settings,
    connection: SharedConnection,
    leases: LaneLeases,
    /// What each lane's [`SlowStart`] hands on.
    in_vain: PerLane<Arc<AtomicU32>>,
    /// The largest value that is sent: the setting, or less once a broker has named a lower limit.
    limit: Arc<AtomicUsize>,
}

impl AmqpSink {
    /// Checks `settings` as far as that goes without a network; the error names every mistake. Connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            to: Destination::new(&settings)?,
            limit: Arc::new(AtomicUsize::new(settings.max_message_bytes)),
            connection: SharedConnection::default(),
            leases: LaneLeases::default(),
            in_vain: PerLane::default(),
            settings,
        })
    }

    /// Where the broker is, without user and password: `amqps://host:port`, and the virtual host unless it is `/`.
    pub fn shown(&self) -> String {
        self.to.last().to_string()
    }

    async fn open_lane(&self, lane: Lane) -> Result<AmqpPublisher, SinkError> {
        let settings = &self.settings;
        let connection = self.connection.get(&self.to).await?;
        let lease = self.leases.acquire(lane, Instant::now() + AT_REST).await;
        let lease = lease.ok_or_else(|| {
            SinkError::Unavailable(format!(
                "the last publisher of {lane} is not at rest after {AT_REST:?}"
            ))
        })?;
        let channel = connection.channel().await?;
        let route = settings.route(lane);
        if settings.declare {
            let exchange = &settings.exchange;
            topology::declare(&connection, &channel, exchange, &route).await?;
            if let Some(bytes) = settings.verify_bytes {
                let stream = settings.stream(lane);
                topology::declare_stream(&connection, &channel, exchange, &route, (&stream, bytes)).await?;
            }
        } else {
            topology::probe(&connection, &channel, &settings.exchange).await?;
        }
        topology::confirm(&connection, &channel).await?;
        let target = Target {
            exchange: settings.exchange.as_str().into(),
            route: route.as_str().into(),
            declared: settings.declare,
            headers: settings.headers,
            source: settings.event_source.clone(),
            limit: Arc::clone(&self.limit),
        };
        let slow_start = SlowStart::new(Arc::clone(&self.in_vain[lane]));
        Ok(AmqpPublisher::new(connection, channel, target, slow_start, lease))
    }

    async fn check(&self) -> Result<(), SinkError> {
        let connection = Connection::open(&self.to.read().await?, self.to.tls()).await?;
        let checked = check(&connection, &self.settings).await;
        // All is known by now, and a channel that has just ended may spoil the farewell.
        let _ = connection.answer("closing", connection.goodbye()).await;
        checked
    }
}

impl Sink for AmqpSink {
    fn kind(&self) -> &'static str {
        "amqp"
    }

    fn address(&self) -> String {
        self.shown()
    }

    fn open(&self, lane: Lane) -> BoxFuture<'_, Result<Box<dyn Publisher>, SinkError>> {
        Box::pin(async move {
            let publisher: Box<dyn Publisher> = Box::new(self.open_lane(lane).await?);
            Ok(publisher)
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, SinkError>> {
        Box::pin(async { self.check().await.map(|()| Vec::new()) })
    }

    fn read_back(&self) -> BoxFuture<'_, Result<Box<dyn ReadBack>, ReadBackError>> {
        Box::pin(async move {
            if self.settings.verify_bytes.is_none() {
                let why = "its queues cannot be read without taking from them: set verify_bytes = \"1GiB\", and a stream beside \
                           each of them keeps what comes from then on for this";
                return Err(ReadBackError::NotKept(why.to_owned()));
            }
            let connection = Connection::open(&self.to.read().await?, self.to.tls()).await?;
            Ok(Box::new(StreamsReadBack::new(connection, &self.settings)) as Box<dyn ReadBack>)
        })
    }
}

impl fmt::Debug for AmqpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpSink")
            .field("address", &self.to.last())
            .finish_non_exhaustive()
    }
}
