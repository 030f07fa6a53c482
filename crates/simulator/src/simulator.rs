//! Lifecycle of a simulator, and what its owner can tell it while it runs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::fault::{Fault, FaultPlan};
use crate::ledger::{Ledger, Totals};
use crate::rules::Rule;
use crate::server;
use crate::settings::{Settings, check_rate};
use crate::state::ServerState;
use crate::tls::Tls;

/// A running simulator. Dropping it stops it; [`shutdown`](Simulator::shutdown) also waits.
#[derive(Debug)]
pub struct Simulator {
    state: Arc<ServerState>,
    address: SocketAddr,
    tasks: TaskTracker,
}

impl Simulator {
    /// Starts to listen. Fails on settings that cannot work, on the address, on the ledger's file.
    pub async fn start(settings: Settings) -> io::Result<Simulator> {
        settings.check()?;
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let tls = if settings.tls {
            Some(Tls::new(&settings, address.ip())?)
        } else {
            None
        };
        let state = Arc::new(ServerState::new(settings, tls)?);
        let tasks = TaskTracker::new();
        tasks.spawn(server::accept(state.clone(), listener, tasks.clone()));
        Ok(Simulator {
            state,
            address,
            tasks,
        })
    }

    /// Where it listens, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port` or, with TLS, `https://…`; no slash at the end.
    pub fn base_url(&self) -> String {
        let scheme = if self.state.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate authority that a client must trust; `None` without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.state.tls.as_ref().map(Tls::ca_pem)
    }

    /// The record of what was written.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// The fault plan with its counts.
    pub fn faults(&self) -> &FaultPlan {
        &self.state.settings.faults
    }

    /// How many times a stream was asked for, refusals included.
    pub fn attempts(&self) -> u32 {
        self.state.admission().attempts
    }

    /// The rules that are stored.
    pub fn rules(&self) -> Vec<Rule> {
        self.state.admission().rules.all().to_vec()
    }

    /// Stores a rule without a request; gives its id.
    pub fn add_rule(&self, value: &str, tag: Option<&str>) -> String {
        let mut admission = self.state.admission();
        let id = admission.rules.add(value, tag);
        self.state.rules_changed(&admission);
        id
    }

    /// Posts per second from now on; 0 pauses (keep-alives go on). Fails on a rate that [`Settings`] would not take.
    pub fn set_rate(&self, rate: f64) -> io::Result<()> {
        check_rate(rate)?;
        self.state.set_rate(rate);
        Ok(())
    }

    /// No more posts until [`resume`](Simulator::resume).
    pub fn pause(&self) {
        self.state.set_rate(0.0);
    }

    /// After a [`pause`](Simulator::pause): waits until what was on its way is written, and gives the counts, which stay as
    /// they are from then on. Waits for ever for a client that does not read.
    pub async fn at_rest(&self) -> Totals {
        loop {
            let before = self.ledger().totals();
            // A batch that was begun is entered within this time.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let totals = self.ledger().totals();
            if totals.posts == before.posts && totals.posts == totals.whole_posts + totals.cut_posts {
                return totals;
            }
        }
    }

    /// Posts at the rate of the settings again.
    pub fn resume(&self) {
        self.state.set_rate(self.state.settings.rate);
    }

    /// Lets a fault strike the open stream at its next line (or the next stream, if none is open). Fails on a fault that
    /// strikes before a stream begins: it belongs in the plan.
    pub fn inject(&self, fault: Fault) -> io::Result<()> {
        if fault.is_early() {
            let text = format!("`{}` strikes before a stream begins", fault.name());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        self.state.inject(fault);
        Ok(())
    }

    /// Closes every connection and waits until all has ended.
    pub async fn shutdown(self) {
        self.state.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.state.stop.cancel();
    }
}
