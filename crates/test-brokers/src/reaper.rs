//! Supervision from outside: stops what was started when its owner is gone, however it went.
//!
//! A value in a `static` is never dropped, and a test process may be killed. So a small process waits at a
//! pipe whose other end only we hold; when that end closes, by us or by the kernel, it runs a command.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Runs a command when dropped, and also when this process ends without dropping it.
#[derive(Debug)]
pub(crate) struct Reaper(Child);

impl Reaper {
    /// `command` is a program and its arguments. A process group of its own keeps Ctrl-C away from it.
    pub(crate) fn new(command: &[&OsStr]) -> Result<Self, String> {
        Command::new("sh")
            .args(["-c", "cat >/dev/null; exec \"$@\"", "reaper"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Self)
            .map_err(|why| format!("sh does not start: {why}"))
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Whatever the command's end was: there is nobody left to tell.
        let _ = self.0.wait();
    }
}
