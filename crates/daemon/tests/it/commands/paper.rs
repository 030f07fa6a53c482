//! Completions and manual pages know every command, and the shells and `man` take them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::end;
use crate::support::birdfeed;

/// The commands that `--help` lists.
fn commands() -> Vec<String> {
    let help = end(birdfeed().arg("--help")).out;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let list = list.split("\n\n").next().unwrap();
    let names = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

#[test]
fn every_shell_completes_every_command() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let printed = end(birdfeed().args(["completions", shell]));
        assert_eq!(printed.code, Some(0), "{printed:?}");
        for command in &commands {
            assert!(printed.out.contains(command.as_str()), "{shell}: no {command}");
        }
    }
    end(birdfeed().args(["completions", "cmd"])).expect(64, &["[possible values: bash, elvish"]);
}

#[test]
fn bash_takes_its_completions() {
    let script = end(birdfeed().args(["completions", "bash"])).out;
    let asked =
        "COMP_WORDS=(birdfeed rel); COMP_CWORD=1; _birdfeed birdfeed rel birdfeed; echo \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", &format!("{script}\n{asked}")]);
    assert_eq!(end(&mut bash).out, "reload\n");
}

#[test]
fn every_command_has_a_page_that_man_can_set() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    let written = end(birdfeed().args(["man", "--dir"]).arg(&pages));
    assert_eq!(written.code, Some(0), "{written:?}");
    for command in commands() {
        let page = std::fs::read_to_string(pages.join(format!("birdfeed-{command}.1"))).unwrap();
        // Exit codes and examples stand in what comes after the help.
        assert!(page.contains("Example: "), "{command}: {page}");
    }
    let page = end(birdfeed().arg("man")).out;
    assert_eq!(
        page.trim_end(),
        std::fs::read_to_string(pages.join("birdfeed.1"))
            .unwrap()
            .trim_end()
    );
    assert!(page.contains(".TH birdfeed 1"), "{page}");
    // groff is in Debian's base, and not everywhere.
    if let Ok(mut groff) = Command::new("groff")
        .args(["-man", "-Tutf8", "-ww"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    {
        groff.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
        let set = groff.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&set.stderr), "");
    }
    let file = dir.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    end(birdfeed().args(["man", "--dir"]).arg(&file)).expect(74, &["a-file: "]);
}
