//! The status page in a real browser: live, true, readable on a phone, and never silent about its own silence.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::{Settings, Simulator};
use test_brokers::unique;

use crate::support::browser::Browser;
use crate::support::{Daemon, PATIENCE, file_sink, stream};

/// A name that would be a picture if it were taken for HTML.
const NAME: &str = "a<img id=hacked src=x>";

struct Seen {
    daemon: Daemon,
    simulator: Simulator,
    browser: Browser,
    _dir: tempfile::TempDir,
}

impl Seen {
    /// A daemon whose stream has this `name`, with a file sink and `more`, and its page in a browser.
    async fn open(name: &str, more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            rate: 100.0,
            ..Settings::default()
        };
        let simulator = Simulator::start(settings).await.unwrap();
        let name = format!("name = {name:?}\n");
        let config = [stream(&simulator), name, file_sink(dir.path()), more.to_owned()].concat();
        let daemon = Daemon::start_with(dir.path(), &config, &[("BIRDFEED__ADMIN__TAP", "true")]);
        let browser = Browser::start();
        browser.look(1_000, 900, "light");
        browser.go(&format!("http://{}/", daemon.admin()));
        Self {
            daemon,
            simulator,
            browser,
            _dir: dir,
        }
    }

    /// Waits until `expression` holds on the page; gives how long that took.
    fn wait(&self, expression: &str) -> Duration {
        let started = Instant::now();
        while self.browser.eval(expression) != Value::Bool(true) {
            let text = self.browser.eval("document.body.innerText");
            assert!(started.elapsed() < PATIENCE, "never {expression}:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
        started.elapsed()
    }

    fn wait_text(&self, id: &str, part: &str) -> Duration {
        self.wait(&format!(
            "document.getElementById('{id}').innerText.includes('{part}')"
        ))
    }

    /// How much slower than planned a report comes on this machine, at least 1.
    fn slowness(&self) -> f64 {
        let mut reports = self
            .daemon
            .listen("/events")
            .filter(|line| line == "event: report");
        reports.next().unwrap();
        let between = (0..3).map(|_| {
            let started = Instant::now();
            reports.next().unwrap();
            started.elapsed().as_secs_f64()
        });
        between.fold(1.0, f64::max)
    }

    /// Whether everything fits in a window of this width.
    fn fits(&self, width: u64) -> bool {
        self.browser.look(width, 800, "light");
        let needed = self.browser.eval("document.documentElement.scrollWidth");
        needed.as_u64().unwrap() <= width
    }

    /// A picture of the whole page for the documentation, if one is asked for.
    fn picture(&self, name: &str, width: u64, scheme: &str) {
        if std::env::var_os("UPDATE").is_none() {
            return;
        }
        self.browser.look(width, 100, scheme);
        let height = self.browser.eval("document.documentElement.scrollHeight");
        self.browser.look(width, height.as_u64().unwrap(), scheme);
        let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images");
        std::fs::create_dir_all(&images).unwrap();
        std::fs::write(images.join(format!("page-{name}.png")), self.browser.picture()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_move_and_a_silence_is_said() {
    let seen = Seen::open(NAME, "").await;
    seen.wait_text("ready", "ready");
    seen.wait_text("stream", "connected for ");
    seen.wait("parseFloat(document.getElementById('rate').innerText) > 10");
    let before = seen.browser.text("messages");
    seen.wait(&format!(
        "document.getElementById('messages').innerText !== '{before}'"
    ));
    seen.wait("document.getElementById('rate-line').points.length > 2");
    assert!(seen.browser.text("lanes").contains("file tweets"));
    // What comes from outside is text.
    assert_eq!(seen.browser.text("name"), NAME);
    assert_eq!(
        seen.browser.eval("document.getElementById('hacked')"),
        Value::Null
    );
    for width in [360, 1_000] {
        assert!(seen.fits(width), "a horizontal scroll bar at {width}");
    }
    seen.browser.press("Tab");
    assert_eq!(seen.browser.eval("document.activeElement.tagName"), "SUMMARY");
    assert_eq!(seen.browser.text("posts"), "");
    seen.browser.press("Enter");
    seen.wait("document.getElementById('posts').children.length > 3");
    assert!(seen.fits(360), "a horizontal scroll bar with posts on the page");
    assert_eq!(seen.browser.console(), [""; 0]);
    assert_eq!(
        seen.browser.eval("document.getElementById('broken').hidden"),
        true
    );
    seen.daemon.signal("STOP");
    seen.wait_text("broken", "No word from birdfeed since ");
    assert_eq!(seen.browser.text("ready"), "unknown");
    seen.daemon.signal("CONT");
    seen.wait("document.getElementById('broken').hidden");
    seen.wait_text("ready", "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_outage_is_seen_within_two_seconds() {
    let broker = test_brokers::own_amqp();
    let sink = format!(
        "[[sink]]\ntype = \"amqp\"\nname = \"rabbitmq\"\nurl = \"{}\"\nexchange = \"{}\"\n",
        broker.address(),
        unique("page")
    );
    let seen = Seen::open("main", &sink).await;
    seen.wait_text("lanes", "rabbitmq tweets");
    seen.wait_text("ready", "ready");
    seen.wait("!document.getElementById('lanes').innerText.includes('behind')");
    let slowness = seen.slowness();
    broker.kill();
    let took = seen.wait_text("lanes", "not connected");
    let most = Duration::from_secs_f64(2.0 * slowness);
    assert!(
        took <= most,
        "{took:?} on a machine that is {slowness} times slower"
    );
    seen.wait_text("ready", "NOT ready");
    seen.wait_text("troubles", "sink rabbitmq: ");
    assert!(
        seen.fits(360),
        "a horizontal scroll bar with an error on the page"
    );
    seen.simulator.set_rate(160.0).unwrap();
    pause_for_a_picture();
    seen.picture("dark", 800, "dark");
    broker.up();
    seen.wait("!document.getElementById('lanes').innerText.includes('not connected')");
    seen.wait_text("troubles", "(over)");
    seen.wait_text("ready", "ready");
    assert_eq!(seen.browser.console(), [""; 0]);
    pause_for_a_picture();
    seen.picture("light", 800, "light");
    seen.picture("phone", 360, "light");
}

/// So that there is something to see.
fn pause_for_a_picture() {
    if std::env::var_os("UPDATE").is_some() {
        std::thread::sleep(Duration::from_secs(25));
    }
}
