//! Content coding of a stream: every batch is flushed, so that each message can be read as soon as it is there.

use std::io::Write as _;

use flate2::Compression as Level;
use flate2::write::GzEncoder;

use super::request::Request;
use crate::settings::Compression;

/// How a body is coded before it is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Coding {
    #[default]
    Identity,
    Gzip,
}

impl Coding {
    /// gzip, if it is offered and the client takes it.
    pub(crate) fn of(request: &Request, offered: Compression) -> Coding {
        let takes = request.header("accept-encoding").is_some_and(|names| {
            names
                .split(',')
                .any(|name| name.trim().eq_ignore_ascii_case("gzip"))
        });
        if offered == Compression::Gzip && takes {
            Coding::Gzip
        } else {
            Coding::Identity
        }
    }
}

/// Codes a body piece by piece.
#[derive(Debug)]
pub(crate) struct Encoder(Option<GzEncoder<Vec<u8>>>);

impl Encoder {
    pub(crate) fn new(coding: Coding) -> Self {
        let gzip = || GzEncoder::new(Vec::new(), Level::fast());
        Encoder((coding == Coding::Gzip).then(gzip))
    }

    /// Is what a client can read of a part less than the part?
    pub(crate) fn is_opaque(&self) -> bool {
        self.0.is_some()
    }

    /// Codes what stands in `bytes` from here on, in its place.
    pub(crate) fn code(&mut self, bytes: &mut Vec<u8>, from: usize) {
        if let Some(gzip) = &mut self.0 {
            let coded = gzip.write_all(&bytes[from..]).and_then(|()| gzip.flush());
            coded.expect("a vector takes every byte");
            bytes.truncate(from);
            bytes.append(gzip.get_mut());
        }
    }

    /// What ends the body.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let Some(gzip) = &mut self.0 else {
            return Vec::new();
        };
        gzip.try_finish().expect("a vector takes every byte");
        std::mem::take(gzip.get_mut())
    }
}
