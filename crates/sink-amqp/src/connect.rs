//! One attempt at a connection: TCP, TLS, AMQP handshake, under one deadline.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use lapin::uri::AMQPAuthority;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use stream_core::sink::SinkError;

use crate::address::Address;
use crate::error::classify;
use crate::socket_guard::{SocketGuard, SocketHandle};

/// For name, TCP, TLS and handshake together.
const DEADLINE: Duration = Duration::from_secs(10);

/// A new connection, never one that lapin repairs: its `enable_auto_recover` was seen to hang for ever under load.
///
/// The guard cuts the socket when dropped, which also happens here when the attempt fails, is late, or is given up.
pub(crate) async fn connect(
    address: &Address,
    ca_file: Option<&Path>,
) -> Result<(Connection, SocketGuard), SinkError> {
    let doing = format!("connecting to {address} as {:?}", address.user());
    let uri = address.uri();
    let deadline = uri
        .query
        .connection_timeout
        .map_or(DEADLINE, Duration::from_millis);
    let tls = if address.is_secure() {
        let ca_file = ca_file.map(Path::to_owned);
        // Reads files.
        let trust = tokio::task::spawn_blocking(move || trust(ca_file.as_deref())).await;
        Some(trust.map_err(|error| SinkError::Unavailable(format!("{doing}: {error}")))??)
    } else {
        None
    };
    let runtime = lapin::runtime::default_runtime().map_err(|error| classify(&doing, &error))?;
    let handle = SocketHandle::default();
    let guard = SocketGuard(handle.clone());
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
                match &tls {
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
        Ok(Err(error)) => Err(classify(&doing, &error)),
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

/// A TLS client that trusts the system's certificates and those in `ca_file`.
///
/// The connector takes the process's crypto provider, or makes aws-lc-rs (the feature of lapin that we build with) the
/// process's one: two providers in one binary, where rustls itself would panic, do not disturb it.
fn trust(ca_file: Option<&Path>) -> Result<RustlsConnector, SinkError> {
    let system = RustlsConnectorConfig::new_with_native_certs();
    let config = match ca_file {
        // A machine without certificates of its own is no obstacle to a private authority.
        Some(file) => system
            .unwrap_or_default()
            .with_parsable_certificates(certificates(file)?),
        None => system.map_err(|error| {
            SinkError::Operator(format!(
                "reading the system's certificates: {error}: install them, or set ca_file"
            ))
        })?,
    };
    config
        .connector_with_no_client_auth()
        .map_err(|error| SinkError::Operator(format!("preparing TLS: {error}")))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, SinkError> {
    let unusable = |why: String| SinkError::Operator(format!("ca_file {}: {why}", file.display()));
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .map_err(|error| unusable(error.to_string()))?
        .collect();
    let found = read.map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() {
        Err(unusable("holds no certificate (PEM)".into()))
    } else {
        Ok(found)
    }
}
