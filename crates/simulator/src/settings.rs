//! Configuration: what a simulator is told at its start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use crate::fault::FaultPlan;
use crate::keys::OAuthKeys;
use crate::time::MAX_SPAN;

/// How lines of the stream end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnd {
    /// CR LF, as X does.
    #[default]
    CrLf,
    /// LF alone, as some proxies make of it.
    Lf,
}

impl LineEnd {
    /// The bytes that end a line.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::CrLf => b"\r\n",
            LineEnd::Lf => b"\n",
        }
    }
}

/// Where the borders of HTTP chunks fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Chunking {
    /// Anywhere: inside a UTF-8 sequence, between CR and LF. Chosen by the seed.
    Random,
    /// One chunk for each batch of lines: the cheap way, for high rates.
    #[default]
    WholeBatches,
}

/// How big the posts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum SizeProfile {
    /// All fields and expansions: a mean of about 4.3 KB, as in real captures.
    #[default]
    Typical,
    /// Few fields: a mean of about 1.6 KB.
    Small,
}

/// What the world does while nobody is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Absence {
    /// No posts are made.
    #[default]
    Pauses,
    /// Posts are made, and are in the ledger once they are sent.
    GoesOn,
}

/// How rules' ids are written in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum RuleIds {
    /// As strings, as X documents it.
    #[default]
    Text,
    /// As numbers, as older answers of X's had them.
    Number,
}

/// How an untagged rule's tag is written in answers; X's documents leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Untagged {
    /// There is none.
    #[default]
    Absent,
    /// `"tag":null`
    Null,
    /// `"tag":""`
    Empty,
}

/// Whether streams are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Compression {
    /// Never.
    #[default]
    Off,
    /// For clients that take gzip, as X does.
    Gzip,
}

/// What a stream brings that was asked for no field and no expansion. One that was brings what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Unasked {
    /// All that there is, so that a stream weighs what streams weigh.
    #[default]
    Everything,
    /// X's few defaults.
    Defaults,
}

/// What the ledger keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Keep {
    /// Everything, in memory (about 50 bytes for a post): for tests and demos.
    #[default]
    Memory,
    /// Everything, appended to this file, and counts in memory: for long runs.
    File(PathBuf),
    /// Counts only: for benchmarks.
    Counts,
}

/// Everything that a simulator can be told. `Settings::default()` is a working stream of 50 posts/s on a free port.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Serve TLS, with a certificate authority made at the start.
    pub tls: bool,
    /// Names that the certificate is for, besides loopback and the address of `listen`.
    pub tls_names: Vec<String>,
    /// The authority's key: read from this file, or made and kept there. Without it each start has an authority of its own.
    pub ca_key: Option<PathBuf>,
    /// Decides the posts, their order and the chunk borders.
    pub seed: u64,
    /// Posts per second while a stream is connected, up to [`MAX_RATE`]; 0 means keep-alives only.
    pub rate: f64,
    /// Stop after that many posts; from then on, keep-alives only.
    pub posts: Option<u64>,
    /// The bearer token that is accepted.
    pub token: String,
    /// The keys that v1.1 accepts.
    pub oauth: OAuthKeys,
    /// How lines of the stream end.
    pub line_end: LineEnd,
    /// Silence after which an empty line is sent (a jitter of 0 to 300 ms is added when it is 1 s or more). v1.1 waits half as
    /// long again: 30 s.
    pub keep_alive: Duration,
    /// Where chunk borders fall.
    pub chunking: Chunking,
    /// How long the slot of a client that has gone stays taken. X: 5 to 30 s; zero frees it at once.
    pub ghost_slot: Duration,
    /// Connections that each stream of v2 may have at a time. X: 1, and 2 for some.
    pub slots: u8,
    /// Posts that the account may read; then streams are refused. `None` for more than anybody reads.
    pub usage_cap: Option<u64>,
    /// Stream connects allowed in one window. X: 50.
    pub connect_limit: u32,
    /// The rate-limit window. X: 15 minutes.
    pub window: Duration,
    /// Answer 409 to a filtered stream without rules, as X does.
    pub rules_required: bool,
    /// How many rules fit. X: 1,000 for pay-per-use.
    pub rule_cap: usize,
    /// Status of the refusal when they do not fit: X does not document it.
    pub rule_cap_status: u16,
    /// Requests that change rules allowed in one window. X: 100.
    pub rule_write_limit: u32,
    /// How long until changed rules show in the stream. X: up to 20 s.
    pub rule_delay: Duration,
    /// How an untagged rule's tag is written.
    pub untagged: Untagged,
    /// How rules' ids are written.
    pub rule_ids: RuleIds,
    /// Is the account entitled to `backfill_minutes`, to recovery, and to v1.1's `count`?
    pub backfill_allowed: bool,
    /// What the world does while nobody is connected.
    pub absence: Absence,
    /// What goes wrong, and when.
    pub faults: FaultPlan,
    /// How big posts are.
    pub size: SizeProfile,
    /// What they bring to whom asks for nothing.
    pub unasked: Unasked,
    /// Whether they are compressed.
    pub compression: Compression,
    /// First post id (19 digits). Time then advances 1 ms per post from that id's own time, so a run repeats exactly.
    /// Without it, ids and times are those of the clock.
    pub start_id: Option<u64>,
    /// Close a stream whose client has taken no byte for so long.
    pub slow_reader: Duration,
    /// What the ledger keeps.
    pub keep: Keep,
}

// By hand, because the token may be a real one.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("tls", &self.tls)
            .field("seed", &self.seed)
            .field("rate", &self.rate)
            .field("posts", &self.posts)
            .field("absence", &self.absence)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: false,
            tls_names: Vec::new(),
            ca_key: None,
            seed: 1,
            rate: 50.0,
            posts: None,
            token: "simulator-token".to_owned(),
            oauth: OAuthKeys::default(),
            line_end: LineEnd::default(),
            keep_alive: Duration::from_secs(20),
            chunking: Chunking::default(),
            ghost_slot: Duration::ZERO,
            slots: 1,
            usage_cap: None,
            connect_limit: 50,
            window: Duration::from_secs(15 * 60),
            rules_required: false,
            rule_cap: 1000,
            rule_cap_status: 422,
            rule_write_limit: 100,
            rule_delay: Duration::ZERO,
            untagged: Untagged::default(),
            rule_ids: RuleIds::default(),
            backfill_allowed: false,
            absence: Absence::Pauses,
            faults: FaultPlan::default(),
            size: SizeProfile::default(),
            unasked: Unasked::default(),
            compression: Compression::default(),
            start_id: None,
            slow_reader: Duration::from_secs(10),
            keep: Keep::default(),
        }
    }
}

/// The highest rate that is accepted, in posts per second.
pub const MAX_RATE: f64 = 150_000.0;
/// The lowest besides 0: a post in eleven days.
pub const MIN_RATE: f64 = 1e-6;

impl Settings {
    /// Refuses what cannot work, naming the setting.
    pub(crate) fn check(&self) -> io::Result<()> {
        check_rate(self.rate)?;
        let bad = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        for (name, span) in [
            ("keep_alive", self.keep_alive),
            ("ghost_slot", self.ghost_slot),
            ("window", self.window),
            ("rule_delay", self.rule_delay),
            ("slow_reader", self.slow_reader),
        ] {
            if span > MAX_SPAN {
                return bad(&format!("{name} must be a year at most"));
            }
        }
        if self.keep_alive < Duration::from_millis(1) {
            return bad("keep_alive must be at least 1 ms");
        }
        if !(400..600).contains(&self.rule_cap_status) {
            return bad("rule_cap_status must be from 400 to 599");
        }
        if self.token.is_empty() {
            return bad("token must not be empty");
        }
        match self.start_id {
            Some(id) if !(1_000_000_000_000_000_000..9_000_000_000_000_000_000).contains(&id) => {
                bad("start_id must have 19 digits and be below 9·10^18")
            }
            _ => Ok(()),
        }
    }
}

/// A rate must be 0 or from [`MIN_RATE`] to [`MAX_RATE`].
pub(crate) fn check_rate(rate: f64) -> io::Result<()> {
    if rate == 0.0 || (MIN_RATE..=MAX_RATE).contains(&rate) {
        return Ok(());
    }
    let text = format!("rate must be 0 or from {MIN_RATE} to {MAX_RATE} posts per second, not {rate}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}
