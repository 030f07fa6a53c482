//! Check: tries what a lane needs and changes nothing at the broker, for `birdfeed check --connect`.
//!
//! What stands already is declared as a lane does it, which changes nothing and is answered alike. Whether a user may do what
//! was not done yet is asked with a question that `RabbitMQ` refuses (406) once it has looked at the user's rights: a
//! declaration with an argument of the wrong type, a message whose expiration is no number.

use lapin::options::BasicPublishOptions;
use lapin::types::FieldTable;
use lapin::{BasicProperties, ErrorKind};
use stream_core::sink::SinkError;

use crate::connection::Connection;
use crate::settings::Settings;
use crate::topology::{self, Ask};

/// The reply codes that are answers here.
const NOT_FOUND: u16 = 404;
const PRECONDITION_FAILED: u16 = 406;

/// Tries everything, each on a channel of its own, because a refusal ends that; the error names all that stands in the way.
pub(crate) async fn check(connection: &Connection, settings: &Settings) -> Result<(), SinkError> {
    let mut found = Vec::new();
    found.extend(exchange(connection, settings).await.err());
    for lane in &settings.lanes {
        let route = settings.route(*lane);
        if settings.declare {
            found.extend(queue(connection, &route).await.err());
            found.extend(binding(connection, settings, &route).await.err());
        }
        found.extend(publishing(connection, settings, &route).await.err());
    }
    together(&connection.address(), &found)
}

/// The exchange: of our kind, or missing and to be made by us.
async fn exchange(connection: &Connection, settings: &Settings) -> Result<(), SinkError> {
    let name = settings.exchange.as_str();
    let channel = connection.channel().await?;
    let looking = format!("looking for the exchange {name:?}");
    let there = topology::exchange(&channel, name, Ask::Passively);
    let missing = allow(
        connection,
        &looking,
        there,
        &[NOT_FOUND][..usize::from(settings.declare)],
    )
    .await?;
    if !settings.declare {
        return Ok(());
    }
    let channel = connection.channel().await?;
    let declaring = format!("declaring the exchange {name:?}");
    let asked = topology::exchange(&channel, name, asked_for(missing));
    allow(connection, &declaring, asked, may_be_refused(missing))
        .await
        .map(drop)
}

/// A lane's queue: of our kind, or missing and to be made by us.
async fn queue(connection: &Connection, name: &str) -> Result<(), SinkError> {
    let channel = connection.channel().await?;
    let looking = format!("looking for the queue {name:?}");
    let there = topology::queue(&channel, name, Ask::Passively);
    let missing = allow(connection, &looking, there, &[NOT_FOUND]).await?;
    let channel = connection.channel().await?;
    let declaring = format!("declaring the queue {name:?}");
    let asked = topology::queue(&channel, name, asked_for(missing));
    allow(connection, &declaring, asked, may_be_refused(missing))
        .await
        .map(drop)
}

fn asked_for(missing: bool) -> Ask {
    if missing { Ask::InVain } else { Ask::Declare }
}

fn may_be_refused(missing: bool) -> &'static [u16] {
    if missing { &[PRECONDITION_FAILED] } else { &[] }
}

/// The right to bind, which is the right to take away a binding that nobody made.
async fn binding(connection: &Connection, settings: &Settings, route: &str) -> Result<(), SinkError> {
    let channel = connection.channel().await?;
    let name = settings.exchange.as_str();
    let nobodys = format!("birdfeed-check-{:x}", std::process::id());
    let asked = channel.queue_unbind(route.into(), name.into(), nobodys.into(), FieldTable::default());
    let doing = format!("binding the queue {route:?} to {name:?}");
    allow(connection, &doing, asked, &[NOT_FOUND]).await.map(drop)
}

/// The right to publish.
async fn publishing(connection: &Connection, settings: &Settings, route: &str) -> Result<(), SinkError> {
    let channel = connection.channel().await?;
    topology::confirm(connection, &channel).await?;
    let never = BasicProperties::default().with_expiration("never".into());
    let asked = async {
        let exchange = settings.exchange.as_str().into();
        let options = BasicPublishOptions::default();
        channel
            .basic_publish(exchange, route.into(), options, b"", never)
            .await?
            .await
    };
    let doing = format!("publishing to {:?}", settings.exchange);
    // That the exchange is missing was said, or it will be made.
    allow(connection, &doing, asked, &[NOT_FOUND, PRECONDITION_FAILED])
        .await
        .map(drop)
}

/// Whether the broker refused with one of the `codes`, which are no trouble; any other refusal is.
async fn allow<T>(
    connection: &Connection,
    doing: &str,
    asked: impl Future<Output = lapin::Result<T>>,
    codes: &[u16],
) -> Result<bool, SinkError> {
    match connection.answer(doing, asked).await? {
        Ok(_) => Ok(false),
        Err(error) => match error.kind() {
            ErrorKind::ProtocolError(reply) if codes.contains(&reply.get_id()) => Ok(true),
            _ => Err(connection.explain(doing, &error)),
        },
    }
}

/// One error of all that was `found`, each once.
fn together(address: &str, found: &[SinkError]) -> Result<(), SinkError> {
    let operator = found.iter().any(|error| matches!(error, SinkError::Operator(_)));
    let mut texts = Vec::new();
    for text in found.iter().map(ToString::to_string) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let text = format!("{address}: {}", texts.join("; "));
    match (found.is_empty(), operator) {
        (true, _) => Ok(()),
        (false, true) => Err(SinkError::Operator(text)),
        (false, false) => Err(SinkError::Unavailable(text)),
    }
}
