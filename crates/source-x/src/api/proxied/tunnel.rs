//! CONNECT: a tunnel through a proxy that speaks HTTP (RFC 9110, 9.3.6).

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Collected, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::refusal::ProxyRefusal;
use crate::dial::Socket;
use crate::response::one_line;

/// How much of a refusal is worth reading, and for how long.
const REFUSAL: (usize, Duration) = (4 * 1024, Duration::from_secs(1));

/// Asks the proxy at the other end of `io` for a way to `target`, a host with a port.
pub(super) async fn through<I>(
    io: I,
    target: &str,
    auth: Option<HeaderValue>,
) -> Result<Box<dyn Socket>, Box<dyn Error + Send + Sync>>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(io).await?;
    let _task = AbortOnDropHandle::new(tokio::spawn(async move {
        // The answer reports the connection's errors too.
        drop(connection.with_upgrades().await);
    }));
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(target)
        .header(HOST, target);
    if let Some(auth) = auth {
        request = request.header(PROXY_AUTHORIZATION, auth);
    }
    let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    if !answer.status().is_success() {
        return Err(refusal(answer.status(), answer.into_body()).await);
    }
    Ok(Box::new(TokioIo::new(hyper::upgrade::on(answer).await?)))
}

/// What the proxy says, and whose it is to do something about it: its own failures pass, its rules do not.
async fn refusal(status: StatusCode, body: Incoming) -> Box<dyn Error + Send + Sync> {
    let (most, patience) = REFUSAL;
    let body = timeout(patience, Limited::new(body, most).collect()).await;
    let words = body.ok().and_then(Result::ok).map(Collected::to_bytes);
    let words = words.map(|words| one_line(&String::from_utf8_lossy(&words), 200));
    let words = match words {
        Some(words) if !words.is_empty() => format!("CONNECT: HTTP {status}: {words}"),
        _ => format!("CONNECT: HTTP {status}"),
    };
    if status.is_server_error() {
        words.into()
    } else {
        ProxyRefusal(words).into()
    }
}
