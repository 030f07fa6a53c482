//! The socket under a connection, kept in reach so that it can be cut.
//!
//! lapin's I/O thread lives as long as its socket does: after a handshake that is never answered, or behind an alarm that
//! stops all writes, dropping the connection would leave thread and socket behind. Shutting the socket down ends both.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by whoever makes the socket and whoever may have to cut it.
#[derive(Clone, Default)]
pub(crate) struct Plug(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    NoSocketYet,
    In(TcpStream),
    Pulled,
}

impl Plug {
    /// Remembers `socket`; an error if the plug has been pulled meanwhile.
    pub(crate) fn insert(&self, socket: &impl AsFd) -> io::Result<()> {
        let socket = TcpStream::from(socket.as_fd().try_clone_to_owned()?);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Pulled => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            State::NoSocketYet | State::In(_) => {
                *state = State::In(socket);
                Ok(())
            }
        }
    }

    fn pull(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::In(socket) = std::mem::replace(&mut *state, State::Pulled) {
            // It may be gone already, which is what we want.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Pulls the plug when dropped.
pub(crate) struct PullOnDrop(pub(crate) Plug);

impl PullOnDrop {
    /// Ends the socket now, and with it whatever waits for an answer from it.
    pub(crate) fn pull(&self) {
        self.0.pull();
    }
}

impl Drop for PullOnDrop {
    fn drop(&mut self) {
        self.pull();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn pulling_ends_the_socket_and_any_later_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let plug = Plug::default();
        plug.insert(&client).unwrap();
        drop(PullOnDrop(plug.clone()));
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert!(plug.insert(&client).is_err());
    }
}
