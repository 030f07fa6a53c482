//! What the examples share: settings from the environment, and lines from bytes.
#![allow(dead_code, reason = "each example uses a part")]

use std::error::Error;

use bytes::{Bytes, BytesMut};
use simulator::Simulator;
use source_x::{Settings, Token, XSource};
use stream_core::source::{Connection, ReadError, Source as _};

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

/// So many posts of the simulator.
pub(crate) async fn posts(count: usize) -> Result<Vec<Bytes>, Box<dyn Error>> {
    let world = simulator::Settings {
        rate: 20_000.0,
        ..simulator::Settings::default()
    };
    let mut settings = Settings::new(Token::from_value(world.token.clone()));
    let simulator = Simulator::start(world).await?;
    settings.base_url = Some(simulator.base_url());
    let mut stream = Messages::new(XSource::new(&settings)?.connect().await?);
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.extend(stream.next().await?);
    }
    Ok(messages)
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
