//! Connection history: the streams that were let in, as the account is told of them.

use std::collections::VecDeque;
use std::net::IpAddr;

use fastrand::Rng;

use crate::endpoint::Endpoint;
use crate::time;

/// Connections that are remembered.
const REMEMBERED: usize = 1_000;

/// The streams that were let in, oldest first.
#[derive(Debug)]
pub(crate) struct History {
    known: VecDeque<Known>,
    rng: Rng,
}

/// What X knows of a stream.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) number: u32,
    pub(crate) id: String,
    pub(crate) endpoint: &'static str,
    pub(crate) client: IpAddr,
    /// In Unix milliseconds.
    pub(crate) since: u64,
    /// When it ended, and how X calls that.
    pub(crate) ended: Option<(u64, &'static str)>,
}

impl History {
    pub(crate) fn new(seed: u64) -> Self {
        History {
            known: VecDeque::new(),
            rng: Rng::with_seed(seed),
        }
    }

    /// Notes a stream that was let in.
    pub(crate) fn open(&mut self, number: u32, endpoint: Endpoint, client: IpAddr) {
        let Some(endpoint) = endpoint.id() else {
            return;
        };
        let half = self.rng.u128(..);
        let hex = format!("{half:032x}");
        let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        self.known.push_back(Known {
            number,
            id,
            endpoint,
            client,
            since: time::now_ms(),
            ended: None,
        });
        if self.known.len() > REMEMBERED {
            self.known.pop_front();
        }
    }

    /// Notes the end of a stream, unless one is noted.
    pub(crate) fn close(&mut self, number: u32, reason: &'static str) {
        for known in self.known.iter_mut().filter(|known| known.number == number) {
            known.ended.get_or_insert((time::now_ms(), reason));
        }
    }

    /// All that are remembered, oldest first.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Known> {
        self.known.iter()
    }
}
