//! Response body: as a stream for the one who wants it, or read up to a limit.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use hyper::body::Incoming;
use stream_core::source::ConnectError;
use tokio::task::consume_budget;
use tokio::time::timeout;

use super::body::{Arrived, Body};
use super::link::Link;
use crate::credentials::Authority;
use crate::endpoint::Endpoint;
use crate::response::{self, Coding};

/// How much of an error's body is worth reading, and for how long.
const ERROR_BODY: (usize, Duration) = (64 * 1024, Duration::from_secs(5));

/// An answer whose head has arrived. Dropping it closes the connection.
pub(crate) struct Answer {
    pub(crate) head: http::response::Parts,
    pub(crate) body: Body,
    endpoint: Endpoint,
    authority: Authority,
    _link: Link,
}

/// An answer that is no stream, as it came, but for the token, should it stand in the body.
#[derive(Clone, Debug, Default)]
pub struct Refusal {
    /// All of its headers.
    pub headers: HeaderMap,
    /// As much of its body as was read; nothing if it was compressed.
    pub body: Bytes,
}

impl Answer {
    /// The answer to a request for `endpoint` that carried `authority` over `link`.
    pub(super) fn new(
        answer: Response<Incoming>,
        endpoint: Endpoint,
        authority: Authority,
        link: Link,
    ) -> Self {
        let (head, body) = answer.into_parts();
        Self {
            body: Body::new(body, Coding::of(&head.headers)),
            head,
            endpoint,
            authority,
            _link: link,
        }
    }

    /// What an answer other than the wanted one means. Reads as much of its body as explains it.
    pub(crate) async fn into_error(self) -> ConnectError {
        self.into_refusal().await.0
    }

    /// The same, and what came, word for word.
    pub(crate) async fn into_refusal(mut self) -> (ConnectError, Refusal) {
        let (limit, patience) = ERROR_BODY;
        // What has arrived by the deadline serves. Bytes in another coding would explain nothing.
        let body = match Coding::of(&self.head.headers) {
            Coding::Identity | Coding::Gzip => self.read(limit, patience).await.0,
            Coding::Other => Vec::new(),
        };
        let error = response::classify(self.endpoint, self.head.status, &self.head.headers, &body);
        let (headers, body) = (self.head.headers, body.into());
        (error, Refusal { headers, body })
    }

    /// What it means that the answer is a page for people, of which `begun` has been read. Reads as much of it as explains it.
    pub(crate) async fn into_page(mut self, mut begun: Vec<u8>) -> (ConnectError, Refusal) {
        let (limit, patience) = ERROR_BODY;
        begun.extend(self.read(limit, patience).await.0);
        let error = response::page(&self.head.headers, &begun);
        let (headers, body) = (self.head.headers, begun.into());
        (error, Refusal { headers, body })
    }

    /// The body up to `limit` bytes, the secrets blotted out, and whether that is all of it.
    pub(crate) async fn read(&mut self, limit: usize, patience: Duration) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let reading = async {
            loop {
                // Between portions the deadline gets its turn, however much a few bytes grow to.
                consume_budget().await;
                match self.body.portion() {
                    Ok(Some(portion)) => bytes.extend_from_slice(&portion),
                    Ok(None) => match self.body.fill().await {
                        Ok(Arrived::End) => return self.body.finish().is_ok(),
                        Ok(Arrived::Bytes) => self.body.believe_bytes(),
                        Ok(Arrived::Nothing) => {}
                        Err(_) => return false,
                    },
                    Err(_) => return false,
                }
                if bytes.len() > limit {
                    return false;
                }
            }
        };
        let whole = timeout(patience, reading).await.unwrap_or(false);
        bytes.truncate(limit);
        (self.authority.redact(bytes), whole)
    }
}
