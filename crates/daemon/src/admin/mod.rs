//! Observability endpoint: metrics, health and status over HTTP. On a thread and a runtime of its own, so that it answers when the data path is
//! wedged; it only reads.

mod address;
pub(crate) mod causes;
pub mod client;
mod connections;
pub mod health;
pub mod report;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use stream_core::telemetry::View;

pub use self::address::Address;
use self::connections::{Connections, Place};
use self::health::Health;
use self::report::Report;
use crate::metrics::{Metrics, open_metrics};
use crate::usage::UsageBoard;

/// Connections open at once.
const CONNECTIONS: usize = 128;
/// How long a client may take to send its request's head.
const HEAD: Duration = Duration::from_secs(1);
/// How long all of a request may take.
const REQUEST: Duration = Duration::from_secs(5);

/// Sources of the pages.
pub struct Admin {
    /// The data path from outside, for health and status.
    pub view: View,
    /// The registry behind `/metrics`.
    pub metrics: Arc<Metrics>,
    /// What X last said of the account.
    pub usage: UsageBoard,
}

/// Answer to a request.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Pages that a server has.
pub(crate) trait Pages: Send + Sync + 'static {
    /// Answers a GET.
    fn answer(&self, request: &Request<Incoming>) -> Answer;
}

/// Serves at `listener` until the process ends. Gives its address, which says the port if 0 was asked for.
pub(crate) fn serve(listener: TcpListener, pages: impl Pages) -> io::Result<SocketAddr> {
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || {
            if let Err(error) = runtime.block_on(accept(listener, Arc::new(pages))) {
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
    let serve = service_fn(|request| {
        place.asks();
        let answer = answer(&*pages, &request);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(8 * 1024)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), serve);
    // A client that goes away or is too slow is none of our business.
    let _ = tokio::time::timeout(REQUEST, connection).await;
    place.leave();
}

fn answer(pages: &impl Pages, request: &Request<Incoming>) -> Answer {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
    }
    pages.answer(request)
}

impl Pages for Admin {
    fn answer(&self, request: &Request<Incoming>) -> Answer {
        match request.uri().path() {
            "/metrics" => metrics(request, self.metrics.render()),
            "/livez" => probe(&health::live(&self.view, &self.view.status())),
            "/readyz" => probe(&health::ready(
                &self.view,
                &self.view.status(),
                self.usage.read().as_ref(),
            )),
            "/status" => status(self),
            _ => not_found("there is /metrics /livez /readyz /status\n"),
        }
    }
}

/// The page of a registry, in the format that `request` asks for.
pub(crate) fn metrics(request: &Request<Incoming>, page: Result<String, prometheus::Error>) -> Answer {
    let accepted = request.headers().get_all(header::ACCEPT).into_iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    match page {
        Ok(page) if accepted.any(|value| value.contains(open_metrics::NAME)) => respond(
            StatusCode::OK,
            open_metrics::CONTENT_TYPE,
            open_metrics::page(&page).into_bytes(),
        ),
        Ok(page) => respond(
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            page.into_bytes(),
        ),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

/// What there is instead.
pub(crate) fn not_found(there_is: &str) -> Answer {
    text(StatusCode::NOT_FOUND, there_is.to_owned())
}

fn status(admin: &Admin) -> Answer {
    let report = Report::of(&admin.view, admin.usage.read(), admin.metrics.rule_matches());
    match serde_json::to_vec_pretty(&report) {
        Ok(body) => respond(StatusCode::OK, "application/json", body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

fn probe(health: &Health) -> Answer {
    if health.reasons.is_empty() {
        text(StatusCode::OK, "ok\n".into())
    } else {
        text(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{}\n", health.reasons.join("\n")),
        )
    }
}

fn text(status: StatusCode, body: String) -> Answer {
    respond(status, "text/plain; charset=utf-8", body.into_bytes())
}

fn respond(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    response
}
