//! Notification socket: datagrams of `NAME=value` lines, to whoever `NOTIFY_SOCKET` names.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::config::Environment;

/// How long the manager may be busy before what is told is given up.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct NotifySocket {
    socket: UnixDatagram,
    address: SocketAddr,
    watchdog: Option<Duration>,
}

impl NotifySocket {
    /// The socket that `environment` names, if it names one.
    pub(super) fn of(environment: &Environment) -> io::Result<Option<Self>> {
        let Some(name) = environment.get("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let address = match name.strip_prefix('@') {
            Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Some(Self {
            socket,
            address,
            watchdog: watchdog(environment),
        }))
    }

    /// How long the watchdog waits for a sign of life; `None` if nobody does.
    pub(super) const fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells `message`. A manager that is away for a while hears the next one.
    pub(super) fn tell(&self, message: &str) {
        if let Err(error) = self.socket.send_to_addr(message.as_bytes(), &self.address) {
            tracing::debug!(%error, "the service manager was not notified");
        }
    }
}

/// The time limit that the manager sets this process, and no other one that has inherited its environment.
fn watchdog(environment: &Environment) -> Option<Duration> {
    let number = |name: &str| environment.get(name)?.parse::<u64>().ok();
    let ours = match environment.get("WATCHDOG_PID") {
        Some(_) => number("WATCHDOG_PID") == Some(std::process::id().into()),
        None => true,
    };
    let limit = number("WATCHDOG_USEC").filter(|usec| ours && *usec > 0);
    limit.map(Duration::from_micros)
}

/// The clock by which the manager tells a reload from the one before it.
pub(super) fn monotonic_usec() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let owned = pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        owned.collect()
    }

    #[test]
    fn the_watchdog_is_that_of_this_process() {
        let pid = std::process::id().to_string();
        for (pairs, limit) in [
            (&[("WATCHDOG_USEC", "3000000")][..], Some(Duration::from_secs(3))),
            (
                &[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", &pid)],
                Some(Duration::from_secs(3)),
            ),
            (&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "1")], None),
            (&[("WATCHDOG_USEC", "0")], None),
            (&[("WATCHDOG_USEC", "soon")], None),
            (&[], None),
        ] {
            assert_eq!(watchdog(&environment(pairs)), limit, "{pairs:?}");
        }
    }

    #[test]
    fn a_socket_is_a_path_or_an_abstract_name_or_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let abstract_name = format!("birdfeed-test-{}", std::process::id());
        let by_name = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        for (listener, name) in [
            (
                UnixDatagram::bind(&path).unwrap(),
                path.to_str().unwrap().to_owned(),
            ),
            (
                UnixDatagram::bind_addr(&by_name).unwrap(),
                format!("@{abstract_name}"),
            ),
        ] {
            let socket = NotifySocket::of(&environment(&[("NOTIFY_SOCKET", &name)])).unwrap();
            socket.unwrap().tell("READY=1");
            let mut heard = [0; 16];
            let length = listener.recv(&mut heard).unwrap();
            assert_eq!(&heard[..length], b"READY=1", "{name}");
        }
        assert!(NotifySocket::of(&environment(&[])).unwrap().is_none());
        let long = "/".repeat(200);
        assert!(NotifySocket::of(&environment(&[("NOTIFY_SOCKET", &long)])).is_err());
    }
}
