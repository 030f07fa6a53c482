//! A service manager as the daemon sees it, and a way to stop one of the daemon's threads.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::ptrace;
use nix::unistd::Pid;

use crate::support::PATIENCE;

/// Listens to what a daemon tells.
pub(super) struct Manager(UnixDatagram);

impl Manager {
    /// Has `command` tell a new manager, whose watchdog waits for `watchdog`.
    pub(super) fn of(command: &mut Command, dir: &Path, watchdog: Duration) -> Self {
        let path = dir.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        command.env("NOTIFY_SOCKET", path);
        command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        Self(socket)
    }

    /// The next message, if one comes within `patience`.
    pub(super) fn next(&self, patience: Duration) -> Option<String> {
        // Zero would mean no limit.
        let patience = patience.max(Duration::from_millis(1));
        self.0.set_read_timeout(Some(patience)).unwrap();
        let mut message = [0; 4096];
        match self.0.recv(&mut message) {
            Ok(length) => Some(String::from_utf8(message[..length].to_vec()).unwrap()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Everything that comes within `time`.
    pub(super) fn all(&self, time: Duration) -> Vec<String> {
        let end = Instant::now() + time;
        std::iter::from_fn(|| self.next(end.saturating_duration_since(Instant::now()))).collect()
    }

    /// Waits for a message of which `wanted` holds, and gives it.
    pub(super) fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        while let Some(message) = self.next(end.saturating_duration_since(Instant::now())) {
            if wanted(&message) {
                return message;
            }
            heard.push(message);
        }
        panic!("no {what} in {heard:#?}")
    }
}

/// A thread that does not run until this is dropped.
pub(super) struct Frozen {
    thaw: Option<Sender<()>>,
    tracer: Option<JoinHandle<()>>,
}

impl Frozen {
    /// Stops the thread called `name` of the process `pid`, and no other.
    pub(super) fn thread(pid: u32, name: &str) -> Self {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let mut tasks = tasks.map(|task| task.unwrap().path());
        let task = tasks.find(|task| std::fs::read_to_string(task.join("comm")).unwrap().trim() == name);
        let task = task.unwrap_or_else(|| panic!("no thread {name}"));
        let thread = Pid::from_raw(task.file_name().unwrap().to_str().unwrap().parse().unwrap());
        let (thaw, thawed) = channel();
        let (stopped, stops) = channel();
        // A tracee runs on when its tracer, which is a thread, is no more.
        let tracer = std::thread::spawn(move || hold(thread, &stopped, &thawed));
        stops.recv().unwrap();
        Self {
            thaw: Some(thaw),
            tracer: Some(tracer),
        }
    }
}

fn hold(thread: Pid, stopped: &Sender<()>, thawed: &Receiver<()>) {
    ptrace::seize(thread, ptrace::Options::empty()).unwrap();
    ptrace::interrupt(thread).unwrap();
    stopped.send(()).unwrap();
    let _ = thawed.recv();
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.thaw.take();
        self.tracer.take().unwrap().join().unwrap();
    }
}
