//! One attempt at a connection: TCP, TLS, AMQP handshake, under one deadline.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lapin::uri::AMQPAuthority;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};
use stream_core::sink::SinkError;

use crate::address::Address;
use crate::error::classify;
use crate::last_word;
use crate::socket_guard::{SocketGuard, SocketHandle};
use crate::tls::TlsFiles;

/// For name, TCP, TLS and handshake together.
const DEADLINE: Duration = Duration::from_secs(10);

/// A new connection, never one that lapin repairs: its `enable_auto_recover` was seen to hang for ever under load.
///
/// The guard cuts the socket when dropped, which also happens here when the attempt fails, is late, or is given up.
pub(crate) async fn connect(
    address: &Address,
    tls: &TlsFiles,
) -> Result<(Connection, SocketGuard), SinkError> {
    let doing = format!("connecting to {address} as {}", address.who());
    let uri = address.uri();
    let deadline = uri
        .query
        .connection_timeout
        .map_or(DEADLINE, Duration::from_millis);
    let tls = if address.is_secure() {
        let tls = tls.clone();
        // Reads files.
        let connector = tokio::task::spawn_blocking(move || tls.connector()).await;
        Some(connector.map_err(|error| SinkError::Unavailable(format!("{doing}: {error}")))??)
    } else {
        None
    };
    let runtime = lapin::runtime::default_runtime().map_err(|error| classify(&doing, &error))?;
    let handle = SocketHandle::default();
    let guard = SocketGuard(handle.clone());
    let connector = tls.clone();
    let handshake = Connection::connector(
        uri,
        runtime,
        async move |uri, runtime| {
            let authority = &uri.authority;
            let socket = async {
                let stream = dial(authority, deadline, async |address| {
                    AsyncTcpStream::connect(&runtime, address).await
                })
                .await?;
                if let AsyncTcpStream::Plain(socket) = &stream {
                    handle.hold(socket.get_ref())?;
                }
                match &connector {
                    Some(tls) => stream.into_rustls(tls, &authority.host).await,
                    None => Ok(stream),
                }
            };
            // lapin's thread waits for this, so it needs an end of its own.
            let socket = tokio::time::timeout(deadline, socket).await;
            Ok(socket.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?)
        },
        ConnectionProperties::default().with_connection_name("birdfeed".into()),
    );
    match tokio::time::timeout(deadline, handshake).await {
        Ok(Ok(connection)) => Ok((connection, guard)),
        Ok(Err(error)) => {
            let said = match tls {
                Some(tls) => last_word::ask(address.uri().authority, tls, &error).await,
                None => None,
            };
            Err(classify(&doing, &said.map_or(error, Into::into)))
        }
        Err(_) => Err(SinkError::Unavailable(format!(
            "{doing}: no answer within {deadline:?}"
        ))),
    }
}

/// Connects to the first of a host's addresses that answers, each in its share of `deadline`: one that drops packets must
/// not keep us from the others.
async fn dial<S>(
    authority: &AMQPAuthority,
    deadline: Duration,
    connect: impl AsyncFn(SocketAddr) -> io::Result<S>,
) -> io::Result<S> {
    let host = (authority.host.as_str(), authority.port);
    let addresses: Vec<_> = tokio::net::lookup_host(host).await?.collect();
    let share = deadline / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match tokio::time::timeout(share, connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}
