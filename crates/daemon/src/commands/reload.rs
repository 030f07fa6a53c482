//! `birdfeed reload`: looks at the configuration, has the running daemon read it, and says what came of it.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::say;
use crate::admin::report::Report;
use crate::admin::{Address, client};
use crate::cli::ConfigArgs;
use crate::components;
use crate::config::environment;
use crate::exit::{CommandError, SysExit};
use crate::reload_status::{ReloadResult, ReloadStatus};

/// How long the daemon may take.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
/// systemd's variable with the daemon's process, for `ExecReload`.
const MAIN_PID: &str = "MAINPID";

/// Asks, waits, tells. A configuration that is wrong does not get as far as the daemon.
pub fn run(args: &ConfigArgs) -> Result<(), CommandError> {
    let (file, environment) = (args.config.as_deref(), environment());
    // The daemon has secrets that whoever asks need not have.
    components::judge(file, &environment)?;
    let Some(address) = components::load_admin(file, &environment)?.listen else {
        let pid = environment.get(MAIN_PID).and_then(|pid| pid.parse().ok());
        let pid = pid.ok_or_else(|| {
            let message = "the configuration switches the admin server off, which knows the daemon: kill -HUP it; its log says more";
            CommandError::new(SysExit::Usage, message)
        })?;
        hang_up(pid)?;
        say("asked; what came of it stands in the daemon's log");
        return Ok(());
    };
    let before = look(&address)?;
    hang_up(before.pid)?;
    let count = before.reload.as_ref().map_or(0, |reload| reload.count);
    tell(&outcome(&address, count)?, before.reload.as_ref())
}

fn look(address: &Address) -> Result<Report, CommandError> {
    let body = client::status(address).map_err(CommandError::unavailable)?;
    Report::read(&body).map_err(|error| CommandError::unavailable(format!("{address} is {error}")))
}

/// Sends SIGHUP to `pid`, if that is a birdfeed: of a daemon in a container the number would be somebody else's here.
fn hang_up(pid: u32) -> Result<(), CommandError> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(process) = process.filter(|_| name.trim_end() == "birdfeed") else {
        let message = format!("the daemon is process {pid}, which is no birdfeed here: reload where it runs");
        return Err(CommandError::unavailable(message));
    };
    kill_process(process, Signal::HUP)
        .map_err(|error| CommandError::unavailable(format!("process {pid} cannot be signalled: {error}")))
}

/// The first report after the one with the number `before`.
fn outcome(address: &Address, before: u64) -> Result<ReloadStatus, CommandError> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        std::thread::sleep(LOOK);
        if let Some(reload) = look(address)?.reload.filter(|reload| reload.count > before) {
            return Ok(reload);
        }
    }
    Err(CommandError::unavailable(format!(
        "{address}: nothing has come of it within {PATIENCE:?}"
    )))
}

fn tell(reload: &ReloadStatus, before: Option<&ReloadStatus>) -> Result<(), CommandError> {
    if reload.result == ReloadResult::Refused {
        let problems = reload.problems.as_deref().unwrap_or_default();
        let message = format!("the daemon goes on with what it has:\n{problems}");
        return Err(CommandError::new(SysExit::Usage, message));
    }
    if reload.result == ReloadResult::Unchanged {
        // The daemon looks at the file by itself, and may have been quicker.
        let since = before.map_or_else(String::new, |before| format!(" since {}", before.at));
        say(&format!("read again: no key has changed{since}"));
    }
    for key in &reload.changed {
        say(&format!("{key}: changed"));
    }
    for fixed in &reload.needs_restart {
        say(&format!("{}: needs a restart: {}", fixed.key, fixed.why));
    }
    Ok(())
}
