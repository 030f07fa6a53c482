//! Graceful shutdown of a channel: what lapin has of it goes out before the channel is closed.
//!
//! A publisher that is dropped in mid-flight leaves frames in lapin's queue, which lapin would send after the channel's end: to
//! the broker an error that costs the whole connection, and with it the other lanes.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use lapin::Channel;
use stream_core::sink::LaneLease;

use crate::confirms::{Confirm, Confirms};
use crate::connection::Connection;

/// How long confirms are waited for after the publisher's end, and then the channel's end.
pub(crate) const REST: Duration = Duration::from_secs(10);
/// The end of a channel that never got a confirm: `RabbitMQ` may hold it for 30 s.
pub(crate) const LONG_REST: Duration = Duration::from_secs(60);

/// What a publisher leaves behind in lapin.
pub(crate) struct Leftovers {
    pub(crate) connection: Arc<Connection>,
    pub(crate) channel: Arc<Channel>,
    pub(crate) confirms: Confirms<Confirm>,
    /// Kept until all of it is gone: a new publisher's replay could be interleaved with frames that are still queued.
    pub(crate) lease: Option<LaneLease>,
}

impl Leftovers {
    /// Waits until lapin has nothing more of it and the channel has ended, which may take [`REST`] and `patience`; after that
    /// the connection is cut.
    pub(crate) async fn come_to_rest(self, patience: Duration) {
        let connection = &self.connection;
        // A queue that is stuck confirms nothing. By then lapin has sent everything, and the channel can end without it.
        connection.within_patience(REST, drained(self.confirms)).await;
        if !connection.within_patience(patience, end(&self.channel)).await {
            connection.cut();
        }
        drop(self.lease);
    }
}

/// Waits until lapin has nothing more of the channel.
pub(crate) async fn drained(mut confirms: Confirms<Confirm>) {
    while confirms.len() > 0 {
        poll_fn(|context| confirms.poll_batch(context)).await;
    }
}

/// Tells the broker that the channel ends.
pub(crate) async fn end(channel: &Channel) {
    // It is closed either way.
    let _ = channel.close(200, "OK".into()).await;
}
