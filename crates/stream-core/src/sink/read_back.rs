//! Reading back: what a sink has got, for whoever wants proof of it.

use futures_util::future::BoxFuture;

use super::error::SinkError;
use crate::model::{Header, Lane, Place};

/// Reader of all lanes of a sink, which takes nothing from them.
pub trait ReadBack: Send {
    /// Reads on to where the lanes end at the moment of the call, and gives what it finds to `found`, each lane's or
    /// partition's in its order; returns as soon as it is there. After an error it is not used again.
    fn read_on<'r>(
        &'r mut self,
        found: &'r mut (dyn FnMut(Found<'_>) + Send),
    ) -> BoxFuture<'r, Result<(), SinkError>>;
}

/// What was found in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'f> {
    /// A record of ours.
    Record {
        /// The lane.
        lane: Lane,
        /// Its header.
        header: Header,
        /// Its value.
        value: &'f [u8],
    },
    /// Something without a header of ours.
    Foreign {
        /// The lane.
        lane: Lane,
    },
    /// Retention has trimmed a part of the lane.
    Trimmed {
        /// The lane.
        lane: Lane,
        /// Which part: a partition.
        part: u32,
        /// The first record that is left of the part; `None` as long as there is none.
        since: Option<Place>,
    },
}

/// Why a sink cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadBackError {
    /// As it is configured it keeps nothing that proves anything; and what to do.
    #[error("{0}")]
    NotKept(String),
    /// It cannot be reached or read.
    #[error(transparent)]
    Sink(#[from] SinkError),
}
