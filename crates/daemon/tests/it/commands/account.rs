//! `birdfeed connections` and `birdfeed usage`.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use simulator::{Settings, Simulator};
use source_x::{Token, XSource};
use stream_core::source::Source as _;

use super::{Ended, end};
use crate::support::{birdfeed, stream};

struct Account {
    simulator: Simulator,
    dir: tempfile::TempDir,
}

impl Account {
    async fn start(settings: Settings) -> Self {
        let simulator = Simulator::start(settings).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("birdfeed.toml"), stream(&simulator)).unwrap();
        Self { simulator, dir }
    }

    /// A stream of which nothing but the slot is left; gives its id.
    async fn ghost(&self) -> String {
        let mut settings = source_x::Settings::new(Token::from_value("simulator-token"));
        settings.base_url = Some(self.simulator.base_url());
        drop(XSource::new(&settings).unwrap().connect().await.unwrap());
        self.simulator
            .ledger()
            .wait_for(|totals| totals.ended == totals.connections)
            .await;
        let listed = self.say(&["connections", "list", "--json"]);
        let listed: Value = serde_json::from_str(&listed.out).unwrap();
        listed.as_array().unwrap().last().unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn say(&self, words: &[&str]) -> Ended {
        say(self.dir.path(), words, "simulator-token")
    }
}

fn say(dir: &Path, words: &[&str], token: &str) -> Ended {
    let mut command = birdfeed();
    command
        .current_dir(dir)
        .args(words)
        .args(["--config", "birdfeed.toml"]);
    end(command.env("X_BEARER_TOKEN", token))
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_listed_and_closed() {
    let account = Account::start(Settings {
        ghost_slot: Duration::from_secs(3_600),
        slots: 3,
        ..Settings::default()
    })
    .await;
    let none = account.say(&["connections", "list"]);
    none.expect(0, &[]);
    assert_eq!(none.out, "X knows of none\n");
    let ghost = account.ghost().await;
    let listed = account.say(&["connections", "list"]);
    let line = listed.out.lines().nth(1).unwrap();
    assert!(
        line.starts_with(&ghost) && line.contains(" filtered_stream ") && line.contains(" 127.0.0.1 "),
        "{line}"
    );
    let closed = account.say(&["connections", "close", &ghost, "nobody"]);
    closed.expect(1, &["1 not closed"]);
    assert!(
        closed.out.starts_with("closed 1\nnot closed: nobody: "),
        "{closed:#?}"
    );
    let ended = account.say(&["connections", "list", "--status", "inactive"]);
    assert!(ended.out.contains("client_disconnect"), "{ended:#?}");
    for how in ["--stream", "--all"] {
        account.ghost().await;
        account.ghost().await;
        let closed = account.say(&["connections", "close", how]);
        closed.expect(0, &[]);
        assert_eq!(closed.out, "closed 2\n", "{how}");
    }
    for wrong in [
        &["close"][..],
        &["close", "--all", "--stream"],
        &["close", "--all", "id"],
    ] {
        account.say(&[&["connections"], wrong].concat()).expect(64, &[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_shown() {
    let account = Account::start(Settings::default()).await;
    let usage = account.say(&["usage", "--days", "2"]);
    usage.expect(0, &[]);
    assert!(
        usage.out.starts_with(
            "project        1595000000000000000\nposts          0 of 2000000 (0.0 %)\ncap_reset_day  12 "
        ),
        "{usage:#?}"
    );
    assert!(usage.out.contains("posts of app 27000001"), "{usage:#?}");
    let json: Value = serde_json::from_str(&account.say(&["usage", "--json"]).out).unwrap();
    assert_eq!(json["cap"], 2_000_000);
    account.say(&["usage", "--days", "91"]).expect(64, &["1..=90"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_told() {
    let script = "account 1: status 403\naccount 2: status 429-rate 60s\naccount 3: garbage not-json\naccount 4: status 404\n";
    let account = Account::start(Settings {
        faults: script.parse().unwrap(),
        ..Settings::default()
    })
    .await;
    account.say(&["usage"]).expect(69, &["HTTP 403: "]);
    account
        .say(&["connections", "list"])
        .expect(69, &["HTTP 429: Too Many Requests"]);
    account
        .say(&["usage"])
        .expect(69, &["the answer cannot be read: "]);
    account
        .say(&["connections", "close", "--all"])
        .expect(69, &["HTTP 404: "]);
    say(account.dir.path(), &["usage"], "wrong").expect(69, &["HTTP 401: "]);
    say(account.dir.path(), &["usage"], "").expect(64, &["stream.bearer_token_file: is missing"]);
    let nobody = tempfile::tempdir().unwrap();
    std::fs::write(
        nobody.path().join("birdfeed.toml"),
        "[stream]\nbase_url = \"http://127.0.0.1:1\"\n",
    )
    .unwrap();
    say(nobody.path(), &["connections", "list"], "t").expect(69, &["connecting to 127.0.0.1:1: "]);
    std::fs::write(
        nobody.path().join("birdfeed.toml"),
        "[stream]\nendpoint = \"activity\"\n",
    )
    .unwrap();
    say(nobody.path(), &["connections", "close", "--stream"], "t").expect(
        64,
        &["X's Connections API does not know the activity stream: name ids"],
    );
}
