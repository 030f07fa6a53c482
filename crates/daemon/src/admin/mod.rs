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
use crate::metrics::Metrics;

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
}

/// Serves at `listener` until the process ends. Gives its address, which says the port if 0 was asked for.
pub fn serve(listener: TcpListener, admin: Admin) -> io::Result<SocketAddr> {
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || {
            if let Err(error) = runtime.block_on(accept(listener, Arc::new(admin))) {
                tracing::error!(%error, "the admin server has ended");
            }
        })?;
    tracing::info!(address = %bound, "admin server: /metrics /livez /readyz /status");
    Ok(bound)
}

async fn accept(listener: TcpListener, admin: Arc<Admin>) -> io::Result<()> {
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
        let admin = admin.clone();
        connections.admit(CONNECTIONS, |place| {
            tokio::spawn(connection(stream, admin, place)).abort_handle()
        });
        // A request that is there is read before the next connection comes in.
        tokio::task::yield_now().await;
    }
}

/// Serves one request.
async fn connection(stream: tokio::net::TcpStream, admin: Arc<Admin>, place: Place) {
    let serve = service_fn(|request| {
        place.asks();
        let answer = answer(&admin, &request);
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

fn answer(admin: &Admin, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
    }
    match request.uri().path() {
        "/metrics" => match admin.metrics.render() {
            Ok(body) => respond(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", body),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        },
        "/livez" => probe(&health::live(&admin.view, &admin.view.status())),
        "/readyz" => probe(&health::ready(&admin.view, &admin.view.status())),
        "/status" => status(admin),
        _ => text(
            StatusCode::NOT_FOUND,
            "there is /metrics /livez /readyz /status\n".into(),
        ),
    }
}

fn status(admin: &Admin) -> Response<Full<Bytes>> {
    match serde_json::to_vec_pretty(&Report::of(&admin.view)) {
        Ok(body) => respond(StatusCode::OK, "application/json", body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

fn probe(health: &Health) -> Response<Full<Bytes>> {
    if health.reasons.is_empty() {
        text(StatusCode::OK, "ok\n".into())
    } else {
        text(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{}\n", health.reasons.join("\n")),
        )
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", body.into_bytes())
}

fn respond(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    response
}
