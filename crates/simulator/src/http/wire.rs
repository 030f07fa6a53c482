//! Transport: the socket, plain or TLS, with what faults need of it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::tls::Tls;

/// Time for a client to finish the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A client's socket, read and written as one.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why a write stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The client closed or reset.
    Gone,
    /// The client took nothing for too long.
    Slow,
}

impl Wire {
    /// Takes over an accepted connection.
    pub(crate) async fn accept(tcp: TcpStream, tls: Option<&Tls>) -> io::Result<Wire> {
        tcp.set_nodelay(true)?;
        let Some(tls) = tls else {
            return Ok(Wire::Plain(tcp));
        };
        let done = timeout(HANDSHAKE, tls.acceptor().accept(tcp)).await;
        let stream = done.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        Ok(Wire::Tls(Box::new(stream)))
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Wire::Plain(tcp) => tcp,
            Wire::Tls(tls) => tls.get_ref().0,
        }
    }

    /// Closes with RST instead of FIN.
    pub(crate) fn reset(self) {
        if let Err(error) = self.tcp().set_zero_linger() {
            tracing::warn!(%error, "cannot reset a connection; it is closed instead");
        }
    }

    /// Closes in an orderly way: TLS `close_notify`, then FIN.
    pub(crate) async fn finish(mut self) {
        // The client may be gone already, which is no concern of ours.
        let _ = timeout(Duration::from_secs(1), self.shutdown()).await;
    }

    /// Waits until the client closes. What it sends meanwhile is thrown away.
    pub(crate) async fn gone(&mut self) {
        poll_fn(|context| self.poll_gone(context)).await;
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 512];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut *self).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }

    /// Writes and flushes all of it, watching for the client's end. `taken` counts the bytes that went.
    pub(crate) async fn send(
        &mut self,
        bytes: &[u8],
        patience: Duration,
        taken: &mut usize,
    ) -> Result<(), Stopped> {
        while *taken < bytes.len() {
            let write = poll_fn(|context| match self.poll_gone(context) {
                Poll::Ready(()) => Poll::Ready(Err(Stopped::Gone)),
                Poll::Pending => Pin::new(&mut *self)
                    .poll_write(context, &bytes[*taken..])
                    .map_err(|_| Stopped::Gone),
            });
            match timeout(patience, write).await {
                Ok(Ok(0)) => return Err(Stopped::Gone),
                Ok(count) => *taken += count?,
                Err(_) => return Err(Stopped::Slow),
            }
        }
        match timeout(patience, self.flush()).await {
            Ok(flushed) => flushed.map_err(|_| Stopped::Gone),
            Err(_) => Err(Stopped::Slow),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Wire::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Wire::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}
