//! `birdfeed top`, which is `birdfeed status --watch`: the page of a running daemon for a terminal.
//!
//! | module | what it does |
//! |---|---|
//! | `feed` | what the daemon says, over its restarts |
//! | `seen` | what is known of it |
//! | `view` | that on a terminal of any size |
//! | `plots`, `lists` | its parts |
//! | `screen` | the terminal, and the keys |

mod feed;
mod lists;
mod plots;
mod screen;
mod seen;
mod view;

use std::io::IsTerminal as _;
use std::time::Duration;

use super::asked::address;
use super::{say, status};
use crate::admin::Address;
use crate::cli::DaemonArgs;
use crate::exit::{CommandError, SysExit};

/// How often it is looked where there is no terminal.
const EVERY: Duration = Duration::from_secs(1);

/// Shows the daemon until somebody leaves, or nobody reads. That it is not there, or not for a while, is shown too: it may come back.
pub fn run(args: &DaemonArgs) -> Result<(), CommandError> {
    let address = address(args)?;
    if is_terminal() {
        return screen::show(address)
            .map_err(|error| CommandError::new(SysExit::LocalIo, format!("the terminal: {error}")));
    }
    plain(&address);
    Ok(())
}

/// Whether there is one that can do more than print.
fn is_terminal() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !dumb
}

fn plain(address: &Address) {
    let page = || status::page(address).unwrap_or_else(|error| error.message);
    while say(&format!("{}\n", page())) {
        std::thread::sleep(EVERY);
    }
}
