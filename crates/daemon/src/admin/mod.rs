//! Observability endpoint: metrics, health and status over HTTP. On a thread and a runtime of its own, so that it answers when the data path is
//! wedged; it only reads.
//!
//! | module | what it does |
//! |---|---|
//! | `server`, `connections`, `pace` | one request a connection; of too many clients the idlest goes, and who takes nothing |
//! | `answer` | an answer, whole or as it comes |
//! | [`health`], [`report`] | the verdict of the probes; `/status` |
//! | `page` | `/`: all of it for people, live |
//! | `live` | `/events`: a report a second, and the last 15 minutes |
//! | `tap` | `/tap`: records as they pass |
//! | [`client`], `address`, `causes` | for those who ask |

mod address;
mod answer;
pub(crate) mod causes;
pub mod client;
mod connections;
pub mod health;
pub(crate) mod live;
mod pace;
mod page;
pub mod report;
mod server;
mod tap;

use std::sync::Arc;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use stream_core::telemetry::View;

pub use self::address::Address;
pub(crate) use self::answer::{Answer, metrics, not_found};
use self::live::Live;
use self::report::Report;
pub(crate) use self::server::{Pages, serve};
use self::tap::Taps;
use crate::metrics::Metrics;
use crate::reload_status::ReloadBoard;
use crate::usage::UsageBoard;

/// Sources of the pages.
pub struct Admin {
    /// The data path from outside, for health and status.
    view: View,
    /// The registry behind `/metrics`.
    metrics: Arc<Metrics>,
    /// What X last said of the account.
    usage: UsageBoard,
    /// What became of the last reload.
    reloads: ReloadBoard,
    /// What happens, as it happens.
    live: Live,
    /// Who looks at records, if that is allowed.
    taps: Option<Taps>,
}

impl Admin {
    /// The pages of one data path; with a `tap`, records too.
    pub fn new(
        view: View,
        metrics: Arc<Metrics>,
        usage: UsageBoard,
        reloads: ReloadBoard,
        tap: bool,
    ) -> Self {
        Self {
            view,
            metrics,
            usage,
            reloads,
            live: Live::default(),
            taps: tap.then(Taps::default),
        }
    }

    fn tap(&self, query: Option<&str>) -> Answer {
        match &self.taps {
            Some(taps) => taps.answer(&self.view, query.unwrap_or_default()),
            None => answer::text(
                StatusCode::FORBIDDEN,
                "it is off: [admin] tap = true\n".to_owned(),
            ),
        }
    }

    fn report(&self) -> Report {
        Report::of(
            &self.view,
            self.usage.read(),
            self.reloads.read(),
            self.metrics.rule_matches(),
        )
    }
}

impl Pages for Admin {
    fn answer(&self, request: &Request<Incoming>) -> Answer {
        match request.uri().path() {
            "/" => page::answer(),
            "/metrics" => metrics(request, self.metrics.render()),
            "/livez" => answer::probe(&health::live(&self.view, &self.view.status())),
            "/readyz" => answer::probe(&health::ready(
                &self.view,
                &self.view.status(),
                self.usage.read().as_ref(),
            )),
            "/status" => answer::json(&self.report()),
            "/events" => self.live.events(),
            "/tap" => self.tap(request.uri().query()),
            _ => not_found("there is / /metrics /livez /readyz /status /events /tap\n"),
        }
    }

    async fn keep(self: Arc<Self>) {
        self.live.keep(self.taps.is_some(), || self.report()).await;
    }
}
