//! Body of an answer: its bytes as they arrive, decoded as its head says.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::gunzip::{Gunzip, GunzipError};
use crate::response::Coding;

/// What has come over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// Bytes; what they mean is the next portion's.
    Bytes,
    /// A frame without any: trailers are frames too.
    Nothing,
    /// The server's end of the body.
    End,
}

/// A body that is being read.
pub(crate) struct Body {
    incoming: Incoming,
    decoder: Decoder,
}

enum Decoder {
    Identity(Bytes),
    Gzip(Box<Gunzip>),
}

impl Body {
    /// A body in this coding; one that we cannot read is handed out as it is.
    pub(super) fn new(incoming: Incoming, coding: Coding) -> Self {
        let decoder = match coding {
            Coding::Gzip => Decoder::Gzip(Box::new(Gunzip::new())),
            Coding::Identity | Coding::Other => Decoder::Identity(Bytes::new()),
        };
        Self { incoming, decoder }
    }

    /// Waits for the wire. To be called when there is no portion; cancel safe.
    pub(crate) async fn fill(&mut self) -> Result<Arrived, hyper::Error> {
        let frame = match self.incoming.frame().await {
            None => return Ok(Arrived::End),
            Some(frame) => frame?,
        };
        let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) else {
            return Ok(Arrived::Nothing);
        };
        match &mut self.decoder {
            Decoder::Identity(bytes) => *bytes = data,
            Decoder::Gzip(gunzip) => gunzip.feed(data),
        }
        Ok(Arrived::Bytes)
    }

    /// The next portion of what has arrived, `None` if that is all. A portion may be empty.
    pub(crate) fn portion(&mut self) -> Result<Option<Bytes>, GunzipError> {
        match &mut self.decoder {
            Decoder::Identity(bytes) if bytes.is_empty() => Ok(None),
            Decoder::Identity(bytes) => Ok(Some(std::mem::take(bytes))),
            Decoder::Gzip(gunzip) => gunzip.portion(),
        }
    }

    /// Whether the body may end here, after [`Arrived::End`].
    pub(crate) fn finish(&self) -> Result<(), GunzipError> {
        match &self.decoder {
            Decoder::Identity(_) => Ok(()),
            Decoder::Gzip(gunzip) => gunzip.finish(),
        }
    }

    /// Takes a body that says it is gzip, and does not begin like it, for what it is: some servers compress everything but errors.
    pub(super) fn believe_bytes(&mut self) {
        if let Decoder::Gzip(gunzip) = &mut self.decoder
            && let Some(bytes) = gunzip.refuse()
        {
            self.decoder = Decoder::Identity(bytes);
        }
    }
}
