//! What the examples share: settings from the environment, and lines from bytes.
#![allow(dead_code, reason = "each example uses a part")]

use bytes::{Bytes, BytesMut};
use source_x::{Settings, Token};
use stream_core::source::{Connection, ReadError};

/// `X_BEARER_TOKEN` or `X_BEARER_TOKEN_FILE`; `X_BASE_URL` (any host) and `X_CA_FILE` if they are set.
pub(crate) fn settings() -> Settings {
    let var = |name: &str| std::env::var(name).ok();
    let token = match var("X_BEARER_TOKEN_FILE") {
        Some(path) => Token::from_file(path),
        None => Token::from_value(var("X_BEARER_TOKEN").unwrap_or_default()),
    };
    let mut settings = Settings::new(token);
    if let Some(url) = var("X_BASE_URL") {
        settings.base_url = Some(url);
        settings.allow_custom_host = true;
    }
    settings.ca_file = var("X_CA_FILE").map(Into::into);
    settings
}

/// The messages of one connection.
pub(crate) struct Messages {
    connection: Box<dyn Connection>,
    buffer: BytesMut,
}

impl Messages {
    pub(crate) fn new(connection: Box<dyn Connection>) -> Self {
        Self {
            connection,
            buffer: BytesMut::new(),
        }
    }

    /// The next message; `None` when the server has ended the stream. Keep-alives are passed over.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer) {
                let mut line = self.buffer.split_to(at + 1).freeze();
                line.truncate(line.trim_ascii_end().len());
                if !line.is_empty() {
                    return Ok(Some(line));
                }
                continue;
            }
            match self.connection.chunk().await? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None => return Ok(None),
            }
        }
    }
}
