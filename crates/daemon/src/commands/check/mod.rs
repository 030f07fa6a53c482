//! `birdfeed check`: every mistake at once; with `--connect` also whether X, the brokers and this machine give what `run` needs.
//!
//! | module | what it does |
//! |---|---|
//! | `seen` | what is no matter of right or wrong |
//! | `disk` | what a folder lies on, the room there, how long a sync takes |

mod disk;
mod seen;

use std::future::Future;
use std::io::ErrorKind;
use std::time::Duration;

use journal::{Found, inspect};
use source_x::check::CheckError;
use stream_core::pipeline::NamedSink;
use tokio::time::error::Elapsed;

use self::seen::{Seen, warn};
use super::say;
use crate::admin::{Address, client, report};
use crate::cli::CheckArgs;
use crate::components::{self, DataPath, Parts};
use crate::config::environment;
use crate::exit::{CommandError, SysExit};

/// How many seconds the clocks may differ: the alert `BirdfeedClock` begins there too.
const LARGEST_SKEW: f64 = 5.0;
/// How long one service may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Checks, and says what is fine.
pub fn run(args: &CheckArgs) -> Result<(), CommandError> {
    let file = args.config.config.as_deref();
    if args.no_secrets {
        components::judge(file, &environment())?;
        say("the configuration is fine, as far as can be told without its secrets");
        return Ok(());
    }
    let parts = components::load(file, &environment())?;
    say("the configuration is fine");
    for warning in &parts.warnings {
        say(&format!("warning: {warning}"));
    }
    let mut findings = Findings::default();
    let dir = &parts.data_path.settings.journal.dir;
    findings.local(&format!("journal ({})", dir.display()), journal(&parts.data_path));
    if args.connect {
        if let Some(address) = &parts.admin.listen {
            findings.local(&format!("admin server ({address})"), admin(address));
        }
        let runtime = super::run::runtime(super::run::WORKERS)?;
        runtime.block_on(connect(&parts, &mut findings));
        runtime.shutdown_background();
        disk::tell(&parts);
    }
    findings.end()
}

/// What was found so far.
#[derive(Default)]
struct Findings {
    all: usize,
    /// Services that are elsewhere.
    services: usize,
    /// Folders and ports of this machine.
    local: usize,
}

impl Findings {
    fn local(&mut self, name: &str, found: Result<&str, String>) {
        self.local += usize::from(found.is_err());
        self.tell(name, found);
    }

    /// Tells whether it answers, and what it gives to be known beside that.
    async fn service<E: ToString>(
        &mut self,
        name: &str,
        check: impl Future<Output = Result<Vec<String>, E>>,
    ) {
        let found = within(tokio::time::timeout(DEADLINE, check).await);
        self.services += usize::from(found.is_err());
        let notes = found.as_ref().cloned().unwrap_or_default();
        self.tell(name, found.map(|_| "answers"));
        warn(name, &notes);
    }

    fn tell(&mut self, name: &str, found: Result<&str, String>) {
        self.all += 1;
        match found {
            Ok(how) => say(&format!("{name}: {how}")),
            Err(why) => say(&format!("{name}: FAILED: {why}")),
        };
    }

    /// A service that is away is more than a folder of ours: a restart may cure it.
    fn end(self) -> Result<(), CommandError> {
        let exit = match (self.services, self.local) {
            (0, 0) => return Ok(()),
            (0, _) => SysExit::LocalIo,
            _ => SysExit::Unavailable,
        };
        let failed = self.services + self.local;
        Err(CommandError::new(
            exit,
            format!("{failed} of {} failed", self.all),
        ))
    }
}

async fn connect(parts: &Parts, findings: &mut Findings) {
    let DataPath {
        source, sinks, rules, ..
    } = &parts.data_path;
    let x = format!("X ({}, {})", source.address(), source.endpoint().name());
    let check = async {
        match source.check().await {
            // `run` creates them first.
            Err(CheckError::NoRules) if rules.creates_some() => Ok(Vec::new()),
            outcome => outcome.map(|()| Vec::new()),
        }
    };
    findings.service(&x, check).await;
    for NamedSink { name, sink } in sinks {
        let name = format!("sink {name} ({})", sink.address());
        findings.service(&name, sink.check()).await;
    }
    if let Some(ahead) = source.clock_skew() {
        clock(ahead).tell("clock");
    }
}

/// How this machine's clock stands to X's, which it is ahead of by so many seconds.
fn clock(ahead: f64) -> Seen {
    let side = if ahead < 0.0 { "behind" } else { "ahead of" };
    let wrong = (ahead.abs() > LARGEST_SKEW).then(|| {
        "lags and gaps are told wrongly, and X may refuse v1.1's signatures: set it, and keep it by NTP (timedatectl)".to_owned()
    });
    Seen {
        facts: vec![format!("{:.0} s {side} X's", ahead.abs())],
        notes: wrong.into_iter().collect(),
    }
}

fn within<T, E: ToString>(answer: Result<Result<T, E>, Elapsed>) -> Result<T, String> {
    match answer {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {DEADLINE:?}")),
    }
}

fn journal(data_path: &DataPath) -> Result<&'static str, String> {
    match inspect(&data_path.settings.journal.dir).map_err(|error| error.to_string())? {
        Found::Nothing => Ok("can be made"),
        Found::Folder => Ok("can be used"),
        Found::InUse => Ok("in use by a daemon that is running"),
    }
}

/// Whether the admin server could listen; that a daemon of ours does so is fine.
fn admin(address: &Address) -> Result<&'static str, String> {
    match address.bind() {
        Ok(_) => Ok("can be used"),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match client::status(address) {
            Ok(body) if report::is_ready(&body).is_some() => Ok("in use by a daemon that is running"),
            Ok(_) => Err("another program listens there".to_owned()),
            Err(error) => Err(format!("another program listens there: {error}")),
        },
        Err(error) => Err(format!("cannot be listened on: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_by_more_than_the_alert_allows_is_warned_of() {
        for (ahead, how, notes) in [
            (4.9, "5 s ahead of X's", 0),
            (-5.1, "5 s behind X's", 1),
            (42.0, "42 s ahead of X's", 1),
        ] {
            let seen = clock(ahead);
            assert_eq!((seen.facts.join(""), seen.notes.len()), (how.to_owned(), notes));
        }
    }
}
