//! What an operator meets: every command of the real program, what it says, and how it ends. No brokers needed.

mod account;
mod check;
mod config;
mod keys;
mod mistakes;
mod operation;
mod output;
mod paper;
mod rules;
mod top;
mod v1;
mod verify;

use std::path::Path;
use std::process::Command;

use crate::support::birdfeed;

/// How a command ended, and what it said.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    /// Asserts the exit code, and that standard error holds all of `parts`.
    fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            assert!(self.err.contains(part), "no {part:?} in {self:#?}");
        }
    }
}

/// Runs `command` to its end.
fn end(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `birdfeed check` of a file `birdfeed.toml` in `dir`, with a token and the name of a pod in the environment.
fn check(dir: &Path, toml: &str) -> Ended {
    std::fs::write(dir.join("birdfeed.toml"), toml).unwrap();
    end(birdfeed()
        .current_dir(dir)
        .args(["check", "--config", "birdfeed.toml"])
        .env("X_BEARER_TOKEN", "secret-token")
        .env("HOSTNAME", "birdfeed-0"))
}
