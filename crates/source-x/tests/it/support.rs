//! Servers written by hand, one script for each connection.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use simulator::Simulator;
use source_x::{Settings, Token, XSource};
use stream_core::source::{ConnectError, Connection, Source as _};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const SECRET: &str = "AAAA-secret-token";
pub(crate) const STREAM: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// Settings for a server on this machine.
pub(crate) fn settings(address: SocketAddr) -> Settings {
    let mut settings = Settings::new(Token::from_value(SECRET));
    settings.base_url = Some(format!("http://{address}"));
    settings
}

/// A simulator of this world, and settings for it.
pub(crate) async fn against(world: simulator::Settings) -> (Simulator, Settings) {
    let mut settings = Settings::new(Token::from_value(world.token.clone()));
    let simulator = Simulator::start(world).await.unwrap();
    settings.base_url = Some(simulator.base_url());
    (simulator, settings)
}

/// The authority of a simulator that serves TLS, in a file for as long as the value lives.
pub(crate) fn authority(simulator: &Simulator) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), simulator.ca_pem().unwrap()).unwrap();
    file
}

/// A server that reads each request's head and then does as `script` says with the socket.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let head = read_head(&mut socket).await;
                seen.lock().push(head);
                tokio::spawn(script(socket));
            }
        });
        Self { address, heads }
    }

    /// Writes `text` and closes.
    pub(crate) async fn saying(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::start(move |mut socket| {
            let text = text.clone();
            async move { drop(socket.write_all(text.as_bytes()).await) }
        })
        .await
    }

    /// Writes `text` and then keeps the socket open, mute, until the client goes.
    pub(crate) async fn saying_and_waiting(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::start(move |mut socket| {
            let text = text.clone();
            async move {
                socket.write_all(text.as_bytes()).await.unwrap();
                gone(&mut socket).await;
            }
        })
        .await
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().clone()
    }
}

/// Waits until the client has closed its side.
pub(crate) async fn gone(socket: &mut TcpStream) {
    let mut byte = [0];
    while matches!(socket.read(&mut byte).await, Ok(n) if n > 0) {}
}

async fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

pub(crate) async fn connect(settings: &Settings) -> Result<Box<dyn Connection>, ConnectError> {
    XSource::new(settings).unwrap().connect().await
}

/// The error of a connect that must fail; holds no secret in any form.
pub(crate) async fn refusal(settings: &Settings) -> ConnectError {
    let Err(error) = connect(settings).await else {
        panic!("connected");
    };
    let texts = format!("{error} {error:?}");
    assert!(!texts.contains(SECRET), "{texts}");
    error
}

/// Everything up to the end, whatever end.
pub(crate) async fn drain(connection: &mut dyn Connection) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(Some(bytes)) = connection.chunk().await {
        all.extend_from_slice(&bytes);
    }
    all
}
