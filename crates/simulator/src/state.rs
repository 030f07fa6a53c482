//! What all connections of a simulator share.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::fault::Fault;
use crate::ledger::{End, Ledger};
use crate::settings::Settings;
use crate::tls::Tls;
use crate::world::{Pool, Timeline};

/// Shared state of a running simulator, behind short locks. Admission is locked before the timeline.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) settings: Settings,
    pub(crate) tls: Option<Tls>,
    pub(crate) ledger: Ledger,
    pub(crate) pool: Arc<Pool>,
    pub(crate) stop: CancellationToken,
    /// The rate or the rules have changed, or a fault was injected.
    pub(crate) changed: Notify,
    rate: AtomicU64,
    timeline: Mutex<Timeline>,
    admission: Mutex<Admission>,
    injected: Mutex<VecDeque<Fault>>,
    /// Streams whose credentials have opened another.
    evicted: Mutex<HashSet<u32>>,
}

impl ServerState {
    pub(crate) fn new(settings: Settings, tls: Option<Tls>) -> io::Result<Self> {
        let pool = Arc::new(Pool::new(settings.seed, settings.size));
        Ok(ServerState {
            tls,
            ledger: Ledger::new(&settings.keep, pool.clone(), settings.line_end.bytes())?,
            stop: CancellationToken::new(),
            changed: Notify::new(),
            rate: AtomicU64::new(settings.rate.to_bits()),
            timeline: Mutex::new(Timeline::new(&settings, pool.clone())),
            admission: Mutex::new(Admission::new(&settings)),
            injected: Mutex::default(),
            evicted: Mutex::default(),
            pool,
            settings,
        })
    }

    pub(crate) fn admission(&self) -> MutexGuard<'_, Admission> {
        self.admission.lock()
    }

    pub(crate) fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock()
    }

    /// In posts per second; 0 is a pause.
    pub(crate) fn rate(&self) -> f64 {
        f64::from_bits(self.rate.load(Ordering::Relaxed))
    }

    pub(crate) fn set_rate(&self, rate: f64) {
        self.rate.store(rate.to_bits(), Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    pub(crate) fn inject(&self, fault: Fault) {
        self.injected.lock().push_back(fault);
        self.wake();
    }

    pub(crate) fn take_injected(&self) -> Option<Fault> {
        self.injected.lock().pop_front()
    }

    /// These streams must end: the same credentials have opened another.
    pub(crate) fn evict(&self, connections: Vec<u32>) {
        self.evicted.lock().extend(connections);
        self.wake();
    }

    /// Must this stream end?
    pub(crate) fn is_evicted(&self, connection: u32) -> bool {
        self.evicted.lock().contains(&connection)
    }

    /// From now on posts match the rules as they are now.
    pub(crate) fn rules_changed(&self, admission: &Admission) {
        let rules = admission.rules.all();
        if rules.is_empty() && self.settings.rules_required {
            self.timeline().match_nothing();
        } else {
            self.timeline().set_rules(rules);
        }
        self.wake();
    }

    /// Frees the slot of a stream that we have ended.
    pub(crate) fn release_slot(&self, connection: u32) {
        self.admission().slots.release(connection);
    }

    /// Enters the end of a stream; its slot is free, or lingers if the client has gone.
    pub(crate) fn stream_ended(&self, connection: u32, end: End) {
        match end {
            End::ClientGone => self.admission().slots.haunt(connection, Instant::now()),
            _ => self.release_slot(connection),
        }
        if let Err(error) = self.ledger.close(connection, end) {
            tracing::error!(%error, "the ledger file cannot be written");
        }
    }
}
