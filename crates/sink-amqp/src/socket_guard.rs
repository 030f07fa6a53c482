//! Guard of the socket under a connection, which is kept in reach so that it can be cut.
//!
//! lapin's I/O thread lives as long as its socket does: after a handshake that is never answered, or behind an alarm that
//! stops all writes, dropping the connection would leave thread and socket behind. Shutting the socket down ends both.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

use parking_lot::Mutex;

/// Shared by whoever makes the socket and whoever may have to cut it.
#[derive(Clone, Default)]
pub(crate) struct SocketHandle(Arc<Mutex<Socket>>);

#[derive(Default)]
enum Socket {
    #[default]
    NotYet,
    Open(TcpStream),
    ShutDown,
}

impl SocketHandle {
    /// Remembers `socket`; an error if it is to be shut down already.
    pub(crate) fn hold(&self, socket: &impl AsFd) -> io::Result<()> {
        let socket = TcpStream::from(socket.as_fd().try_clone_to_owned()?);
        let mut state = self.0.lock();
        match *state {
            Socket::ShutDown => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            Socket::NotYet | Socket::Open(_) => {
                *state = Socket::Open(socket);
                Ok(())
            }
        }
    }

    fn shut_down(&self) {
        let mut state = self.0.lock();
        if let Socket::Open(socket) = std::mem::replace(&mut *state, Socket::ShutDown) {
            // It may be gone already, which is what we want.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Shuts the socket down when dropped.
pub(crate) struct SocketGuard(pub(crate) SocketHandle);

impl SocketGuard {
    /// Ends the socket now, and with it whatever waits for an answer from it.
    pub(crate) fn shut_down(&self) {
        self.0.shut_down();
    }
}

impl Drop for SocketGuard {
    fn drop(&mut self) {
        self.shut_down();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn shutting_down_ends_the_socket_and_any_later_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let handle = SocketHandle::default();
        handle.hold(&client).unwrap();
        drop(SocketGuard(handle.clone()));
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert!(handle.hold(&client).is_err());
    }
}
