//! Client of the admin server: one page from a running daemon, or which of the things that can stand in the way does.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::address::Address;

/// How long the daemon may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The most that is read of an answer.
const MOST: usize = 4 << 20;

/// Why a page could not be had, told apart by what the operator does about it.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The name leads nowhere.
    #[error("{0}: the name cannot be looked up: {1}")]
    Unknown(Address, io::Error),
    /// Nothing listens.
    #[error("nothing listens at {0}: is birdfeed running, and is `admin.listen` the same?")]
    Refused(Address),
    /// The network in between.
    #[error("{0} cannot be reached: {1}")]
    Unreachable(Address, io::Error),
    /// Something listens, and says nothing in time.
    #[error(
        "{0} is there and does not answer within {DEADLINE:?}: the machine is overloaded, the process is stopped or stuck, or it \
         is no birdfeed"
    )]
    Silent(Address),
    /// Something answers, and not as a birdfeed does.
    #[error("what listens at {0} is no birdfeed: {1}")]
    Foreign(Address, String),
    /// It is a birdfeed, and does not give this.
    #[error("{0} does not give {1}: {2}")]
    No(Address, String, String),
    /// It went while it was listened to.
    #[error("{0} has hung up: birdfeed has ended, or this was read too slowly")]
    Ended(Address),
}

/// The body of `/status` at `address`.
pub fn status(address: &Address) -> Result<String, AskError> {
    let deadline = Instant::now() + DEADLINE;
    let mut stream = connect(address)?;
    let answer = exchange(&mut stream, address, deadline).map_err(|error| broken(address, &error))?;
    body(&answer).map_err(|why| AskError::Foreign(address.clone(), why))
}

/// Gives the lines of a page that goes on, such as `/tap`, to `take`, until that is enough.
pub fn lines(
    address: &Address,
    path: &str,
    mut take: impl FnMut(&str) -> ControlFlow<()>,
) -> Result<(), AskError> {
    let mut stream = connect(address)?;
    let broken = |error: io::Error| broken(address, &error);
    request(&mut stream, address, path).map_err(broken)?;
    // It says something every second.
    stream.set_read_timeout(Some(DEADLINE)).map_err(broken)?;
    let mut answer = BufReader::new(stream).split(b'\n');
    let mut line = || answer.next().transpose().map_err(broken);
    let first = line()?.unwrap_or_default();
    let first = String::from_utf8_lossy(&first).into_owned();
    while line()?.is_some_and(|header| !header.trim_ascii().is_empty()) {}
    if first.split(' ').nth(1) != Some("200") {
        let why = line()?.unwrap_or_default();
        let why = String::from_utf8_lossy(&why).trim().to_owned();
        return Err(AskError::No(address.clone(), path.to_owned(), why));
    }
    while let Some(line) = line()? {
        let line = String::from_utf8_lossy(&line);
        if !line.is_empty() && take(&line).is_break() {
            return Ok(());
        }
    }
    Err(AskError::Ended(address.clone()))
}

/// A connection to one of the addresses that the name has.
fn connect(address: &Address) -> Result<TcpStream, AskError> {
    let found = address.resolve();
    let found = found.map_err(|error| AskError::Unknown(address.clone(), error))?;
    let mut last = AskError::Refused(address.clone());
    for candidate in found {
        match TcpStream::connect_timeout(&candidate, DEADLINE) {
            Ok(stream) => return Ok(stream),
            // A name leads to several addresses, and the daemon listens at one of them.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                last = AskError::Refused(address.clone());
            }
            Err(error) => last = AskError::Unreachable(address.clone(), error),
        }
    }
    Err(last)
}

/// What an error means once somebody has listened.
fn broken(address: &Address, error: &io::Error) -> AskError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => AskError::Silent(address.clone()),
        _ => AskError::Foreign(address.clone(), error.to_string()),
    }
}

fn request(stream: &mut TcpStream, address: &Address, path: &str) -> io::Result<()> {
    stream.set_write_timeout(Some(DEADLINE))?;
    // HTTP/1.0: the answer comes unchunked and ends with the connection. In one write: a stranger that answers the first bytes
    // and hangs up would reset the connection for the rest, and its answer be lost.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes())
}

/// Everything that the peer says until it hangs up.
fn exchange(stream: &mut TcpStream, address: &Address, deadline: Instant) -> io::Result<Vec<u8>> {
    request(stream, address, "/status")?;
    let mut answer = Vec::new();
    let mut chunk = [0; 16 * 1024];
    while answer.len() < MOST {
        let left = deadline.saturating_duration_since(Instant::now());
        // Zero would mean no deadline.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut chunk)? {
            0 => return Ok(answer),
            _ if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
            read => answer.extend_from_slice(&chunk[..read]),
        }
    }
    Err(io::Error::other("its answer does not end"))
}

fn body(answer: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("it does not speak HTTP")?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        Some(status) => Err(format!("it answers /status with {status}")),
        None => Err("it does not speak HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What is said of a peer that greets with `greeting`, and hangs up then unless it `stays`.
    fn said_of(greeting: &'static [u8], stays: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::from(listener.local_addr().unwrap());
        let (done, ended) = std::sync::mpsc::channel::<()>();
        let peer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(greeting).unwrap();
            if stays {
                let _ = ended.recv();
            }
        });
        let error = status(&address).unwrap_err().to_string();
        drop(done);
        peer.join().unwrap();
        error
    }

    #[test]
    fn silence_refusal_and_strangers_are_told_apart() {
        assert!(said_of(b"", true).contains("is there and does not answer within 5s"));
        assert!(said_of(b"220 mail ready\r\n", false).contains("is no birdfeed: it does not speak HTTP"));
        assert!(
            said_of(b"HTTP/1.1 404 Not Found\r\n\r\n", false)
                .contains("is no birdfeed: it answers /status with 404")
        );
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = status(&closed.into()).unwrap_err().to_string();
        assert!(refused.starts_with("nothing listens at 127.0.0.1:"), "{refused}");
    }
}
