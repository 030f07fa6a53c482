//! Answers of the admin server: whole, or a stream that goes on.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};

use super::health::Health;
use crate::metrics::open_metrics;

/// Answer to a request.
pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What there is instead.
pub(crate) fn not_found(there_is: &str) -> Answer {
    text(StatusCode::NOT_FOUND, there_is.to_owned())
}

/// The page of a registry, in the format that `request` asks for.
pub(crate) fn metrics(request: &Request<Incoming>, page: Result<String, prometheus::Error>) -> Answer {
    let accepted = request.headers().get_all(header::ACCEPT).into_iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    match page {
        Ok(page) if accepted.any(|value| value.contains(open_metrics::NAME)) => whole(
            StatusCode::OK,
            open_metrics::CONTENT_TYPE,
            open_metrics::page(&page),
        ),
        Ok(page) => whole(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

/// A value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Answer {
    match serde_json::to_vec_pretty(value) {
        Ok(body) => whole(StatusCode::OK, "application/json", body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

/// A probe's verdict.
pub(super) fn probe(health: &Health) -> Answer {
    if health.reasons.is_empty() {
        text(StatusCode::OK, "ok\n".into())
    } else {
        let reasons = format!("{}\n", health.reasons.join("\n"));
        text(StatusCode::SERVICE_UNAVAILABLE, reasons)
    }
}

pub(super) fn text(status: StatusCode, body: String) -> Answer {
    whole(status, "text/plain; charset=utf-8", body)
}

/// An answer that is there.
pub(super) fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).boxed_unsync());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers(content_type);
    answer
}

/// An answer that goes on for as long as `pieces` come and the client takes them.
pub(super) fn stream(
    content_type: &'static str,
    pieces: impl Stream<Item = Bytes> + Send + 'static,
) -> Answer {
    let pieces = pieces.map(|piece| Ok(Frame::data(piece)));
    let mut answer = Response::new(StreamBody::new(pieces).boxed_unsync());
    *answer.headers_mut() = headers(content_type);
    answer
}

/// What is told to every client: nothing here is to be kept, guessed at, or read by another site's page.
fn headers(content_type: &'static str) -> HeaderMap {
    [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .into_iter()
    .collect()
}
