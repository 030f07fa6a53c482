//! A broker that was found: where it is, what it is, and what stops it.

use std::any::Any;
use std::fmt;

use crate::reaper::Reaper;

/// A broker that answers.
pub(crate) struct Found {
    /// Bootstrap servers, or a URL.
    pub(crate) address: String,
    /// What it is, and how it came.
    pub(crate) origin: Origin,
    /// Stops it when dropped.
    pub(crate) hold: Hold,
}

/// How a broker came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Its address stood in the environment.
    Given,
    /// A container, through testcontainers.
    Docker,
    /// A process, through `scripts/brokers`.
    Native,
}

/// What a broker is and how it came; printed once per process to stderr.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Which rung of the ladder held.
    pub way: Way,
    /// Product and version as far as they can be known, such as `RabbitMQ 3.10.8`.
    pub version: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Given => "given",
            Way::Docker => "docker",
            Way::Native => "native",
        };
        write!(f, "{} ({way})", self.version)
    }
}

/// What keeps a shared broker alive until it is dropped.
#[derive(Debug)]
pub(crate) enum Hold {
    /// Not ours to stop.
    Nothing,
    /// A container that removes itself when dropped, and whoever does so when we cannot.
    Container {
        _container: Box<dyn Any + Send + Sync>,
        _reaper: Reaper,
    },
    /// Processes that the reaper stops.
    Processes { _reaper: Reaper },
}
