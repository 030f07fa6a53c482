//! HTTP server: one thread and runtime of its own, one request a connection, each with a deadline.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;

use super::answer::{self, Answer};
use super::connections::{Connections, Place};
use super::pace::Pace;

/// Connections open at once.
const CONNECTIONS: usize = 128;
/// What the kernel may hold for each of them.
const UNREAD: usize = 32 << 10;
/// How long a client may take to send its request's head.
const HEAD: Duration = Duration::from_secs(1);

/// Pages that a server has.
pub(crate) trait Pages: Send + Sync + 'static {
    /// Answers a GET.
    fn answer(&self, request: &Request<Incoming>) -> Answer;

    /// What goes on beside the answers, for as long as they are given.
    fn keep(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Serves at `listener` until the process ends. Gives its address, which says the port if 0 was asked for.
pub(crate) fn serve(listener: TcpListener, pages: impl Pages) -> io::Result<SocketAddr> {
    listener.set_nonblocking(true)?;
    // Each connection takes it over: who reads nothing is found out while little waits for him.
    SockRef::from(&listener).set_send_buffer_size(UNREAD)?;
    let bound = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || {
            let pages = Arc::new(pages);
            runtime.spawn(pages.clone().keep());
            if let Err(error) = runtime.block_on(accept(listener, pages)) {
                tracing::error!(%error, "the admin server has ended");
            }
        })?;
    Ok(bound)
}

async fn accept(listener: TcpListener, pages: Arc<impl Pages>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let connections = Connections::default();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: let some go.
                tracing::warn!(%error, "the admin server could not accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let pages = pages.clone();
        connections.admit(CONNECTIONS, |place| {
            tokio::spawn(connection(stream, pages, place)).abort_handle()
        });
        // A request that is there is read before the next connection comes in.
        tokio::task::yield_now().await;
    }
}

/// Serves one request.
async fn connection(stream: tokio::net::TcpStream, pages: Arc<impl Pages>, place: Place) {
    let pace = Pace::new();
    let serve = service_fn(|request| {
        place.asks();
        let answer = pace.of(answer(&*pages, &request));
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(8 * 1024)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), serve);
    // A client that goes away or is too slow is none of our business.
    tokio::select! {
        _ = connection => {}
        () = pace.is_lost() => {}
    }
    place.leave();
}

fn answer(pages: &impl Pages, request: &Request<Incoming>) -> Answer {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return answer::text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
    }
    pages.answer(request)
}
