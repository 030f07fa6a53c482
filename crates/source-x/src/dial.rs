//! Happy Eyeballs (RFC 8305): from a name to a TCP connection; every address gets its chance, none holds up the others.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::sleep;

/// The head start of an address over the next one; RFC 8305 recommends it.
const HEAD_START: Duration = Duration::from_millis(250);
/// A peer that acknowledges nothing for this long is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Which version of IP is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Family {
    /// Whichever answers first.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::Any, Self::V4, Self::V6];

    /// Its name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::V4 => "4",
            Self::V6 => "6",
        }
    }

    pub(crate) fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// A way to the other end, whatever leads there.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// Connects. The caller sets the deadline.
pub(crate) async fn open(host: &str, port: u16, may: impl Fn(IpAddr) -> bool) -> io::Result<TcpStream> {
    let stream = race(resolve(host, port, may).await?).await?;
    configure(&stream)?;
    Ok(stream)
}

/// Resolves the host anew (X moves, and asks clients to notice), into those of its addresses that may be used; at least one.
pub(crate) async fn resolve(
    host: &str,
    port: u16,
    may: impl Fn(IpAddr) -> bool,
) -> io::Result<Vec<SocketAddr>> {
    let found = lookup_host((host, port)).await?;
    let addresses: Vec<_> = found.filter(|address| may(address.ip())).collect();
    if addresses.is_empty() {
        return Err(io::Error::other(
            "the name leads to no address that may be connected to",
        ));
    }
    Ok(addresses)
}

/// The first connection that comes about; the others are dropped.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut running = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = waiting.next() {
            running.push(TcpStream::connect(address));
        }
        tokio::select! {
            ended = running.next() => match ended {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => last = error,
                None => return Err(last),
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

/// TCP keep-alive: nothing is ever sent on a stream, so only keep-alive probes notice a peer that vanished.
fn configure(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(10))
        .with_interval(Duration::from_secs(5))
        .with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_that_nobody_answers_at_does_not_hold_up_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answering = listener.local_addr().unwrap();
        // As `localhost` leads to both, and the server listens on one.
        let other = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, answering.port()));
        let stream = race(vec![other, answering]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), answering);
    }

    #[tokio::test]
    async fn the_last_reason_is_given_when_none_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let error = race(vec![closed, closed]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
