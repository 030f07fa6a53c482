//! `birdfeed tap`: records as they pass a running daemon, in colours on a terminal, as NDJSON otherwise.

mod colour;

use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;

use serde::Deserialize;

use self::colour::coloured;
use super::asked::address;
use super::say;
use crate::admin::client;
use crate::cli::TapArgs;
use crate::exit::CommandError;

/// Shows what passes until interrupted, or nobody reads.
pub fn run(args: &TapArgs) -> Result<(), CommandError> {
    let address = address(&args.daemon)?;
    let lane = args.lane.map_or_else(String::new, |lane| format!("lane={lane}&"));
    let path = format!("/tap?{lane}sample={}", args.sample);
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    client::lines(&address, &path, |line| {
        if let Some(missed) = missed(line) {
            // Nobody reading is no reason to stop.
            let _ = writeln!(
                std::io::stderr(),
                "birdfeed: {missed} messages went by unseen: a sample (--sample 0.1) or one lane is less"
            );
            return ControlFlow::Continue(());
        }
        let shown = if colours { say(&coloured(line)) } else { say(line) };
        if shown {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })
    .map_err(CommandError::unavailable)
}

/// How many messages a line stands for that says so.
fn missed(line: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Missed {
        missed: u64,
    }
    // What is no such line is found out at its first letters.
    let told = line.starts_with("{\"missed\"").then_some(line)?;
    let Missed { missed } = serde_json::from_str(told).ok()?;
    Some(missed)
}
