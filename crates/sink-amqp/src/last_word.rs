//! Last word of a broker that hangs up when TLS stands: it refuses our certificate, or the want of one, only then, and what we
//! send meanwhile makes the kernel throw its words away. Asked once more, without a word of ours, it can be heard.

use std::io::{self, Read as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use lapin::ErrorKind;
use lapin::tcp::RustlsConnector;
use lapin::uri::AMQPAuthority;

use crate::error::hung_up;

/// How long each step may take. A broker that likes our certificate says nothing first.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the broker hung up, if it says so.
pub(crate) async fn ask(
    authority: AMQPAuthority,
    tls: RustlsConnector,
    error: &lapin::Error,
) -> Option<io::Error> {
    match error.kind() {
        ErrorKind::IOError(error) if hung_up(error) => {}
        _ => return None,
    }
    let heard = tokio::task::spawn_blocking(move || listen(&authority, &tls)).await;
    heard
        .ok()?
        .err()
        .filter(|error| error.kind() == io::ErrorKind::InvalidData)
}

/// Connects and reads; blocks for a few times [`PATIENCE`].
fn listen(authority: &AMQPAuthority, tls: &RustlsConnector) -> io::Result<()> {
    let host = (authority.host.as_str(), authority.port);
    let address = host.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let stream = tls.connect(&authority.host, socket);
    let mut stream = stream.map_err(|error| io::Error::other(error.to_string()))?;
    stream.read(&mut [0]).map(drop)
}
