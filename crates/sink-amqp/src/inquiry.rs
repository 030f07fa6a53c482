//! Inquiry: why the broker confirms nothing, asked on a channel of its own.

use std::sync::Arc;
use std::time::Duration;

use lapin::types::ShortString;
use stream_core::sink::SinkError;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::drain::end;
use crate::error::stuck;
use crate::topology;

/// How long the broker may take to answer.
const DEADLINE: Duration = Duration::from_secs(4);

/// Asks after the exchange, and after the queue if there is one of ours. If the broker has nothing to complain of, and yet
/// records wait, the queue itself is stuck.
pub(crate) async fn ask(
    connection: Arc<Connection>,
    exchange: ShortString,
    queue: Option<ShortString>,
) -> Result<(), SinkError> {
    let asked = async {
        let channel = connection.channel().await?;
        topology::probe(&connection, &channel, exchange.as_str()).await?;
        if let Some(queue) = queue {
            topology::probe_queue(&connection, &channel, queue.as_str()).await?;
        }
        end(&channel).await;
        Err(stuck(&connection.address()))
    };
    match timeout(DEADLINE, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(SinkError::Unavailable(format!(
            "{}: the broker does not answer",
            connection.address()
        ))),
    }
}
