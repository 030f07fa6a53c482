//! A small HTTP client on a raw socket, sharing no code with the simulator.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const SEARCH: &str = "/2/tweets/search/stream";
pub(crate) const SAMPLE: &str = "/2/tweets/sample/stream";
pub(crate) const RULES: &str = "/2/tweets/search/stream/rules";
pub(crate) const TOKEN: &str = "simulator-token";

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The last chunk.
    Clean,
    /// FIN in the middle of the body.
    Eof,
    /// RST.
    Reset,
}

/// A response, its body as far as it was read.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    socket: Box<dyn Duplex>,
    raw: Vec<u8>,
    /// Decoded body.
    pub(crate) body: Vec<u8>,
    /// Body offsets where chunks ended.
    pub(crate) borders: Vec<usize>,
    lines_from: usize,
    /// Nothing more will come.
    over: Option<Ending>,
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Sends a request and reads the head of the answer; `None` if the socket ends before.
pub(crate) async fn send(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    method: &str,
    target: &str,
    token: &str,
    body: &str,
) -> Option<Reply> {
    let mut socket: Box<dyn Duplex> = Box::new(socket);
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await.ok()?;
    let mut raw = Vec::new();
    let end = loop {
        if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if socket.read_buf(&mut raw).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(raw.drain(..end).collect()).unwrap();
    let status = head[9..12].parse().unwrap();
    Some(Reply {
        status,
        head,
        socket,
        raw,
        body: Vec::new(),
        borders: Vec::new(),
        lines_from: 0,
        over: None,
    })
}

/// GET with the right token.
pub(crate) async fn get(address: SocketAddr, target: &str) -> Reply {
    send(connect(address).await, "GET", target, TOKEN, "")
        .await
        .unwrap()
}

/// GET of something small: its JSON.
pub(crate) async fn get_json(address: SocketAddr, target: &str) -> (u16, serde_json::Value) {
    get(address, target).await.into_json().await
}

/// POST of JSON.
pub(crate) async fn post_json(address: SocketAddr, target: &str, body: &str) -> (u16, serde_json::Value) {
    send(connect(address).await, "POST", target, TOKEN, body)
        .await
        .unwrap()
        .into_json()
        .await
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    }

    /// The text of a body with a content length.
    pub(crate) async fn text(&mut self) -> String {
        let length: usize = self.header("content-length").unwrap().parse().unwrap();
        while self.raw.len() < length {
            assert_ne!(
                self.socket.read_buf(&mut self.raw).await.unwrap(),
                0,
                "the body is short"
            );
        }
        String::from_utf8(self.raw.drain(..length).collect()).unwrap()
    }

    pub(crate) async fn into_json(mut self) -> (u16, serde_json::Value) {
        let text = self.text().await;
        (self.status, serde_json::from_str(&text).unwrap())
    }

    /// Reads once more and decodes what came. `Some`: it is over.
    async fn more(&mut self) -> Option<Ending> {
        let read = timeout(Duration::from_secs(20), self.socket.read_buf(&mut self.raw)).await;
        let over = match read.expect("nothing came for 20 s") {
            Ok(0) => Some(Ending::Eof),
            Ok(_) => None,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some(Ending::Reset),
            Err(_) => Some(Ending::Eof),
        };
        if self.decode() { Some(Ending::Clean) } else { over }
    }

    /// Moves whole chunks from raw bytes to the body; true at the last one.
    fn decode(&mut self) -> bool {
        loop {
            let Some(at) = self.raw.windows(2).position(|two| two == b"\r\n") else {
                return false;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.raw[..at]).unwrap(), 16).unwrap();
            if self.raw.len() < at + 2 + size + 2 {
                return false;
            }
            assert_eq!(&self.raw[at + 2 + size..at + 4 + size], b"\r\n");
            self.body.extend_from_slice(&self.raw[at + 2..at + 2 + size]);
            self.borders.push(self.body.len());
            self.raw.drain(..at + 4 + size);
            if size == 0 {
                return true;
            }
        }
    }

    /// Bytes that came after the last whole chunk.
    pub(crate) fn left_over(&self) -> &[u8] {
        &self.raw
    }

    /// The next line without its end.
    pub(crate) async fn line(&mut self) -> Option<Vec<u8>> {
        self.decode();
        loop {
            let rest = &self.body[self.lines_from..];
            if let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                let line = rest[..at].strip_suffix(b"\r").unwrap_or(&rest[..at]).to_vec();
                self.lines_from += at + 1;
                return Some(line);
            }
            if self.over.is_some() {
                return None;
            }
            self.over = self.more().await;
        }
    }

    /// So many lines.
    pub(crate) async fn lines(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        while lines.len() < count {
            lines.push(self.line().await.expect("the stream ended early"));
        }
        lines
    }

    /// Reads to the end.
    pub(crate) async fn end(&mut self) -> Ending {
        if self.decode() {
            return Ending::Clean;
        }
        loop {
            if let Some(ending) = self.over {
                return ending;
            }
            self.over = self.more().await;
        }
    }
}
