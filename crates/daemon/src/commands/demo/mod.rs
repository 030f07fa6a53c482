//! `birdfeed demo`: the whole data path against the simulator, into files, with proof that the numbers agree. The daemon in
//! it is the real one; only its settings are made here. In the middle the stream breaks, and comes back.

mod folder;
mod posts;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use simulator::{Chunking, Fault, Simulator};
use stream_core::model::Lane;
use stream_core::telemetry::{Status, View};

use super::run::{Started, WORKERS, runtime, start};
use super::say;
use crate::cli::DemoArgs;
use crate::components;
use crate::exit::{CommandError, SysExit};
use crate::logging::{LogFormat, Logging};
use crate::proof::{self, Proof};
use crate::signals::Signals;

/// How long the last messages and the end may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the demo and shows its proof.
pub fn run(args: &DemoArgs) -> Result<(), CommandError> {
    let log = Logging::new(LogFormat::Pretty, "warn")
        .map_err(|error| CommandError::new(SysExit::Invariant, error))?
        .start();
    let dir = folder::choose(args.dir.as_deref())?;
    let runtime = runtime(WORKERS)?;
    runtime.spawn(log.what_is_held_back());
    let ended = runtime.block_on(demo(args, &dir));
    runtime.shutdown_background();
    ended
}

async fn demo(args: &DemoArgs, dir: &Path) -> Result<(), CommandError> {
    let mut signals = Signals::new().map_err(|error| CommandError::new(SysExit::LocalIo, error))?;
    let settings = simulator::Settings {
        rate: args.rate,
        rules_required: true,
        chunking: Chunking::Random,
        ..simulator::Settings::default()
    };
    let simulator = Simulator::start(settings)
        .await
        .map_err(|error| CommandError::new(SysExit::Usage, error))?;
    for (value, tag) in [("bird has:images", Some("birds")), ("\"good morning\"", None)] {
        simulator.add_rule(value, tag);
    }
    let parts = components::load(None, &environment(&simulator, dir))
        .map_err(|problems| CommandError::new(SysExit::Invariant, problems))?;
    let Started {
        mut pipeline, admin, ..
    } = start(parts.data_path, Some(listen()?), false, None)?;
    let view = pipeline.view();
    say(&format!(
        "simulator {} → birdfeed → files in {}",
        simulator.base_url(),
        dir.display()
    ));
    if let Some(admin) = admin {
        say(&format!("look while it runs: http://{admin}/"));
    }
    let lanes = dir.join("lanes");
    let posts = lanes.join("tweets");
    tokio::select! {
        () = watch(&view, &simulator, args.length, &posts) => {}
        _ = signals.next() => {}
        failure = pipeline.failed() => return Err(CommandError::new(SysExit::Invariant, failure)),
    }
    simulator.pause();
    let rest = async {
        let sent = simulator.at_rest().await.whole_posts;
        caught_up(sent, &view).await?;
        Ok::<_, CommandError>(pipeline.drain(PATIENCE).await)
    };
    let rest = tokio::select! {
        rest = rest => rest?,
        _ = signals.next() => return Err(CommandError::new(SysExit::Unavailable, "ended before the proof")),
    };
    let proof = proof::of_files(&simulator.ledger().posts(), &lanes)
        .map_err(|error| CommandError::new(SysExit::LocalIo, format!("{}: {error}", lanes.display())))?;
    simulator.shutdown().await;
    conclude(&rest.status, &proof, dir)
}

/// The daemon's settings, as an environment.
fn environment(simulator: &Simulator, dir: &Path) -> BTreeMap<String, String> {
    let path = |name: &str| dir.join(name).display().to_string();
    [
        ("X_BEARER_TOKEN", simulator::Settings::default().token),
        ("BIRDFEED__STREAM__NAME", "demo".to_owned()),
        ("BIRDFEED__STREAM__BASE_URL", simulator.base_url()),
        // What comes again would be one more in the simulator's ledger than in the files.
        ("BIRDFEED__STREAM__BACKFILL", "off".to_owned()),
        ("BIRDFEED__LANES__ENABLED", ENABLED.to_owned()),
        ("BIRDFEED__JOURNAL__DIR", path("journal")),
        ("BIRDFEED__SINK__0__TYPE", "file".to_owned()),
        ("BIRDFEED__SINK__0__DIR", path("lanes")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Where `birdfeed status` looks, if nobody else is there.
fn listen() -> Result<TcpListener, CommandError> {
    let listener = TcpListener::bind("127.0.0.1:9464").or_else(|_| TcpListener::bind("127.0.0.1:0"));
    listener.map_err(|error| CommandError::new(SysExit::LocalIo, format!("no port is free: {error}")))
}

/// All lanes that a filtered stream fills, the whole messages included.
const ENABLED: &str = "tweets,includes,errors,matching_rules,compliance,unknown,dead_letter,events,responses";

/// Shows the first posts, and the counters until `length` is over; half way, the simulator ends the stream.
async fn watch(view: &View, simulator: &Simulator, length: Duration, posts: &Path) {
    let (started, terminal) = (Instant::now(), std::io::stdout().is_terminal());
    let mut fault = Planned::Due;
    let mut shown = false;
    while started.elapsed() < length {
        let left = length.saturating_sub(started.elapsed());
        tokio::time::sleep(left.min(Duration::from_secs(1)).min(length / 4)).await;
        let status = view.status();
        if !shown && let Some(lines) = posts::first(posts) {
            shown = true;
            tell(terminal, &format!("the first posts:\n{}", lines.join("\n")));
        }
        if let Some(line) = fault.step(simulator, &status, started.elapsed() >= length / 2) {
            tell(terminal, line);
        }
        let line = counters(&status, started.elapsed());
        if terminal {
            let mut out = std::io::stdout();
            // Nobody reading is no reason to stop.
            let _ = write!(out, "\r\x1b[K{line}").and_then(|()| out.flush());
        } else {
            say(&line);
        }
    }
    if terminal {
        say("");
    }
}

/// Says a line that stays, in the place of the counters.
fn tell(terminal: bool, line: &str) {
    say(&format!("{}{line}", if terminal { "\r\x1b[K" } else { "" }));
}

/// The planned fault, and how far it is.
enum Planned {
    Due,
    /// The stream was ended, when it had had so many connections.
    Struck(u64),
    Over,
}

impl Planned {
    /// Goes on if it is time, and says what has happened.
    fn step(&mut self, simulator: &Simulator, status: &Status, half: bool) -> Option<&'static str> {
        let connections = status.stream.connections;
        match self {
            Self::Due if half && connections > 0 => {
                *self = Self::Struck(connections);
                let told = simulator.inject(Fault::CleanEnd);
                told.is_ok()
                    .then_some("planned fault: the simulator ends the stream, as X does now and then")
            }
            Self::Struck(before) if connections > *before => {
                *self = Self::Over;
                Some("birdfeed is connected again by itself; nothing is lost")
            }
            _ => None,
        }
    }
}

fn counters(status: &Status, elapsed: Duration) -> String {
    let lanes: String = status
        .lanes
        .iter()
        .filter(|lane| lane.received > 0)
        .map(|lane| format!("  {} {}", lane.lane, lane.delivered))
        .collect();
    format!(
        "{:>4}s  {}  received {}  delivered:{lanes}",
        elapsed.as_secs(),
        status.stream.state,
        status.stream.messages
    )
}

/// Waits until so many posts have arrived and are delivered.
async fn caught_up(sent: u64, view: &View) -> Result<(), CommandError> {
    let behind = || {
        let status = view.status();
        status.stream.messages < sent || status.lanes.iter().any(|lane| lane.pending > 0)
    };
    let deadline = Instant::now() + PATIENCE;
    while behind() {
        if Instant::now() > deadline {
            let message = format!(
                "not caught up within {PATIENCE:?}: this machine is too slow for the rate; try a lower --rate"
            );
            return Err(CommandError::new(SysExit::Unavailable, message));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The lanes that must have seen something, or nothing is proven.
const NEEDED: [Lane; 3] = [Lane::Tweets, Lane::Includes, Lane::MatchingRules];

fn conclude(status: &Status, proof: &[Proof], dir: &Path) -> Result<(), CommandError> {
    say(&format!(
        "\n{:<16} {:>10} {:>10} {:>10} {:>10}   byte for byte",
        "lane", "simulator", "received", "delivered", "in files"
    ));
    let wrong = proof.iter().filter(|proof| !agrees(status, proof)).count();
    say(&format!(
        "\nthe posts:          {}",
        dir.join("lanes/tweets").display()
    ));
    say(&format!(
        "what became of it:  {}",
        dir.join("lanes/events").display()
    ));
    say(&format!(
        "next, the real X:   export X_BEARER_TOKEN=…; {0} rules add \"cats has:images\"; {0} run",
        program()
    ));
    verdict(wrong, proof)?;
    say("received = delivered for every lane, and the files hold exactly what the simulator sent.");
    Ok(())
}

/// This program, as it was called.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "birdfeed".to_owned())
}

/// Whether it is proven, given how many lanes disagree.
fn verdict(wrong: usize, proof: &[Proof]) -> Result<(), CommandError> {
    if wrong > 0 {
        let message = "the numbers do not agree; please report this with the folder above";
        return Err(CommandError::new(SysExit::Invariant, message));
    }
    let empty = |proof: &&Proof| NEEDED.contains(&proof.lane) && proof.sent == 0;
    if let Some(Proof { lane, .. }) = proof.iter().find(empty) {
        let message =
            format!("nothing was sent for the lane {lane}, so nothing is proven; try a longer --for");
        return Err(CommandError::new(SysExit::Unavailable, message));
    }
    Ok(())
}

/// Shows one lane's comparison, and says whether all its numbers are the same.
fn agrees(status: &Status, proof: &Proof) -> bool {
    let Proof {
        lane,
        sent,
        found,
        equal,
    } = proof;
    let counts = status.lanes.iter().find(|status| status.lane == *lane);
    let (received, delivered) = counts.map_or((0, 0), |status| (status.received, status.delivered));
    let agree = *equal && [received, delivered, *found].iter().all(|count| count == sent);
    let verdict = if agree { "yes" } else { "NO" };
    say(&format!(
        "{:<16} {sent:>10} {received:>10} {delivered:>10} {found:>10}   {verdict}",
        lane.name()
    ));
    agree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_proven_by_nothing() {
        let proof = [Lane::Tweets, Lane::Includes, Lane::Errors, Lane::MatchingRules].map(|lane| Proof {
            lane,
            sent: if lane == Lane::Errors { 0 } else { 9 },
            found: 9,
            equal: true,
        });
        assert!(verdict(0, &proof).is_ok());
        assert_eq!(verdict(1, &proof).unwrap_err().exit, SysExit::Invariant);
        for at in [0, 1, 3] {
            let mut proof = proof.clone();
            proof[at].sent = 0;
            assert_eq!(verdict(0, &proof).unwrap_err().exit, SysExit::Unavailable);
        }
    }
}
