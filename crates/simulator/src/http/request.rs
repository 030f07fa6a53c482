//! HTTP request parsing, bounded in size and time.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::wire::Wire;

/// Longest request head; field lists make long queries.
const MAX_HEAD: usize = 32 * 1024;
/// Longest request body: 1,000 rules of 1,024 characters.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Time for a client to send its request, once it has begun or connected.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request with its body, decoded.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Decoded query parameters, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Decoded parameters of a form, if the body is one.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let kind = self.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Vec::new();
        }
        pairs(&String::from_utf8_lossy(&self.body))
    }

    pub(crate) fn wants_close(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// Reads one request. `Ok(None)`: the client closed before sending one. `rest` holds bytes read beyond it.
pub(crate) async fn read(wire: &mut Wire, rest: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let reading = async {
        let Some(end) = read_head(wire, rest).await? else {
            return Ok(None);
        };
        let head = rest.drain(..end).collect::<Vec<u8>>();
        let mut request = parse(&head).ok_or_else(|| bad("not an HTTP/1.1 request"))?;
        read_body(wire, rest, &mut request).await?;
        Ok(Some(request))
    };
    timeout(PATIENCE, reading)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Reads up to the empty line; gives the head's length.
async fn read_head(wire: &mut Wire, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
    loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(Some(at + 4));
        }
        if buffer.len() > MAX_HEAD {
            return Err(bad("the request head is too long"));
        }
        if wire.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
}

async fn read_body(wire: &mut Wire, rest: &mut Vec<u8>, request: &mut Request) -> io::Result<()> {
    if request.header("transfer-encoding").is_some() {
        return Err(bad("chunked requests are not supported; send a content-length"));
    }
    let length: usize = match request.header("content-length") {
        Some(text) => text.parse().map_err(|_| bad("content-length is not a number"))?,
        None => 0,
    };
    if length > MAX_BODY {
        return Err(bad("the request body is too long"));
    }
    while rest.len() < length {
        if wire.read_buf(rest).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    request.body = rest.drain(..length).collect();
    Ok(())
}

fn parse(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: pairs(query),
        headers,
        body: Vec::new(),
    })
}

/// The parameters of a query or a form, decoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    text.split('&')
        .filter(|text| !text.is_empty())
        .map(pair)
        .collect()
}

/// Percent decoding; `+` is a space. What is not a valid escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = text
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], escaped) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_head() {
        let head = b"GET /2/x?a=1%2C2&b=%C3%A9+e&c HTTP/1.1\r\nHost: h\r\nAUTHORIZATION:  Bearer t \r\n\r\n";
        let request = parse(head).unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/2/x"));
        assert_eq!(request.parameter("a"), Some("1,2"));
        assert_eq!(request.parameter("b"), Some("é e"));
        assert_eq!(request.parameter("c"), Some(""));
        assert_eq!(request.header("authorization"), Some("Bearer t"));
    }

    #[test]
    fn refuses_what_is_not_a_request() {
        for head in [
            "\r\n\r\n",
            "GET /\r\n\r\n",
            "GET x HTTP/1.1\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET / HTTP/1.1\r\nx\r\n\r\n",
        ] {
            assert!(parse(head.as_bytes()).is_none(), "{head:?}");
        }
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%é"), "%é");
    }
}
