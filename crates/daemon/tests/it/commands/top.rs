//! `birdfeed top` on a terminal of its own: `script` gives it one.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use simulator::{Settings, Simulator};

use crate::support::{Daemon, PATIENCE, birdfeed, end_of, file_sink, stream};

/// What leaves the screen on which it was drawn, and with it gives back what stood there.
const GIVEN_BACK: &str = "\x1b[?1049l";

/// The program, with what it draws.
struct Screen {
    top: Child,
    drawn: Receiver<String>,
    all: String,
}

impl Screen {
    fn open(address: &str) -> Self {
        Self::of(address, "xterm-256color")
    }

    /// On a terminal that calls itself so.
    fn of(address: &str, term: &str) -> Self {
        let line = "stty cols 120 rows 40; exec \"$BIRDFEED\" top --address \"$ADDRESS\"";
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", line, "/dev/null"]);
        script
            .env("BIRDFEED", birdfeed().get_program())
            .env("ADDRESS", address);
        script.env("TERM", term).env("SHELL", "/bin/sh");
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut top = script.spawn().unwrap();
        let mut output = top.stdout.take().unwrap();
        let (tell, drawn) = channel();
        std::thread::spawn(move || {
            let mut some = [0; 4_096];
            while let Ok(read @ 1..) = output.read(&mut some) {
                let _ = tell.send(String::from_utf8_lossy(&some[..read]).into_owned());
            }
        });
        Self {
            top,
            drawn,
            all: String::new(),
        }
    }

    /// Waits until `part` is drawn: a word, for what has not changed is not drawn again, and a space may be that.
    fn until(&mut self, part: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.all.contains(part) {
            let left = deadline.saturating_duration_since(Instant::now());
            let more = self.drawn.recv_timeout(left);
            self.all += &more.unwrap_or_else(|error| panic!("{error} without {part:?}: {}", self.all));
        }
    }

    fn press(&mut self, key: &[u8]) {
        let stdin = self.top.stdin.as_mut().unwrap();
        stdin.write_all(key).unwrap();
        stdin.flush().unwrap();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The terminal goes with `script`, and the program with the terminal.
        let _ = self.top.kill();
        let _ = self.top.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_what_happens_and_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let daemon = Daemon::start(dir.path(), &[stream(&simulator), file_sink(dir.path())].concat());
    for leave in [b"q".as_slice(), b"\x03", b"\x1b"] {
        let mut screen = Screen::open(daemon.admin());
        screen.until("connected");
        screen.until("tweets");
        screen.press(b"\x1b[B");
        screen.press(leave);
        screen.until(GIVEN_BACK);
        assert!(end_of(&mut screen.top).unwrap().success());
    }
    let mut screen = Screen::open(daemon.admin());
    screen.until("connected");
    daemon.kill();
    screen.until("follows");
    screen.press(b"q");
    assert!(end_of(&mut screen.top).unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_and_the_terminal_is_given_back() {
    let mut screen = Screen::open("127.0.0.1:1");
    screen.until("nothing");
    let own = format!("/proc/{0}/task/{0}/children", screen.top.id());
    let child = std::fs::read_to_string(own).unwrap();
    let killed = Command::new("kill").arg(child.trim()).status().unwrap();
    assert!(killed.success());
    screen.until(GIVEN_BACK);
    assert!(end_of(&mut screen.top).unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_can_only_print_gets_lines() {
    let mut screen = Screen::of("127.0.0.1:1", "dumb");
    screen.until("nothing listens at 127.0.0.1:1");
    assert!(!screen.all.contains('\u{1b}'), "{}", screen.all);
}
