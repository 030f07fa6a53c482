//! Structured logging to standard error: for people on a terminal, JSON for machines, with priorities for systemd's journal.

mod journald;
mod limit;

use std::io::{IsTerminal as _, Write as _};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, registry, reload};

use self::journald::Prioritized;
use self::limit::LineLimit;
use crate::config::suggestion;
use crate::library_logs;

/// The words for how much is logged.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// In colours on a terminal, a line for people.
    Pretty,
}

/// Logging of this process, not started yet.
pub struct Logging {
    format: LogFormat,
    filter: EnvFilter,
}

impl Logging {
    /// Logs what `level` lets through: tracing's directives, as `info` or `debug,stream_core=trace`.
    /// An error says which of them is none.
    pub fn new(format: LogFormat, level: &str) -> Result<Self, String> {
        // A bare word that is no level would be a target, and silence everything else.
        level.split(',').try_for_each(names_a_level)?;
        let filter = EnvFilter::builder()
            .with_default_directive(LevelFilter::INFO.into())
            .parse(library_logs::without(level))
            .map_err(|error| error.to_string())?;
        Ok(Self { format, filter })
    }

    /// Starts it for the whole process, and gives a hold on how much is logged. Called once.
    pub fn start(self) -> Log {
        let terminal = std::io::stderr().is_terminal();
        let json = match self.format {
            LogFormat::Auto => !terminal,
            LogFormat::Json => true,
            LogFormat::Pretty => false,
        };
        let (filter, level) = reload::Layer::new(self.filter);
        let limit = LineLimit::default();
        let look = Look {
            json,
            colours: terminal,
            priorities: journald::has_stderr(),
        };
        subscriber(look, filter, std::io::stderr)
            .with(limit.clone())
            .init();
        Log { level, limit }
    }
}

/// What the lines of a log look like.
#[derive(Clone, Copy)]
struct Look {
    json: bool,
    colours: bool,
    /// Each line begins with its priority.
    priorities: bool,
}

/// Says why the program ends, also where there is no log yet. Nobody may be able to read it; the exit code says it too.
pub fn complain(message: &str) {
    let mut text = format!("birdfeed: {message}\n");
    if journald::has_stderr() {
        text = journald::prioritized(Level::ERROR, &text);
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The log of this process, started.
pub struct Log {
    level: reload::Handle<EnvFilter, Registry>,
    limit: LineLimit,
}

impl Log {
    /// Tells once a minute what the limit on lines holds back, which is shown nowhere else; it never ends.
    pub fn what_is_held_back(&self) -> impl Future<Output = ()> + Send + use<> {
        self.limit.clone().tell()
    }

    /// Logs what `logging` lets through from now on; the format stays.
    pub fn change(&self, logging: Logging) -> Result<(), reload::Error> {
        self.level.reload(logging.filter)
    }
}

/// Whether a directive is a level, or ends in `=` and one.
fn names_a_level(directive: &str) -> Result<(), String> {
    // The `=` of a span's fields is none of ours.
    let behind_span = directive.rfind(']').map_or(0, |at| at + 1);
    let (target, word) = match directive[behind_span..].rsplit_once('=') {
        Some((target, level)) => (Some(&directive[..behind_span + target.len()]), level),
        None => (None, directive),
    };
    let word = word.trim();
    if LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word)) {
        return Ok(());
    }
    let lower = word.to_lowercase();
    let begun = |level: &&str| lower.starts_with(level) || (!lower.is_empty() && level.starts_with(&lower));
    let near = LEVELS
        .into_iter()
        .find(begun)
        .or_else(|| suggestion(&lower, &LEVELS));
    let meant = near.map_or_else(
        || format!("one of: {}", LEVELS.join(", ")),
        |near| format!("did you mean {near}?"),
    );
    Err(match target {
        Some(target) => format!("{word:?}, for {target}, is no level: {meant}"),
        None => format!("{word:?} is no level: {meant}"),
    })
}

fn subscriber<F, W>(look: Look, filter: F, writer: W) -> impl Subscriber
where
    F: Layer<Registry> + Send + Sync + 'static,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // A line that cannot be written is lost: saying so would go to the same place, and panic there.
    let lines = fmt::layer().with_writer(writer).log_internal_errors(false);
    let lines = match look {
        Look {
            json: true,
            priorities: true,
            ..
        } => {
            let lines = lines.json().flatten_event(true);
            lines.map_event_format(Prioritized).boxed()
        }
        Look { json: true, .. } => lines.json().flatten_event(true).boxed(),
        Look { priorities: true, .. } => lines.with_ansi(false).map_event_format(Prioritized).boxed(),
        Look { colours, .. } => lines.with_ansi(colours).boxed(),
    };
    registry().with(filter).with(filter_fn(discreet)).with(lines)
}

/// Whether an event may be shown whatever the level: lapin prints whole messages when it warns, and the password when it
/// traces.
fn discreet(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("lapin") || *metadata.level() == Level::ERROR
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    const JSON: Look = Look {
        json: true,
        colours: false,
        priorities: false,
    };

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_word_that_is_no_level_is_refused_with_the_one_that_is_near() {
        let refusal = |level| Logging::new(LogFormat::Json, level).err();
        for level in [
            "off",
            "WARN",
            "info",
            "debug,stream_core=trace",
            "info,weather=debug",
            "info,a[b{c=d}]=warn",
        ] {
            assert_eq!(refusal(level), None, "{level}");
        }
        for (level, said) in [
            ("warning", "\"warning\" is no level: did you mean warn?"),
            ("err", "\"err\" is no level: did you mean error?"),
            ("inof", "\"inof\" is no level: did you mean info?"),
            (
                "stream_core",
                "\"stream_core\" is no level: one of: off, error, warn, info, debug, trace",
            ),
            (
                "info,stream_core=warning",
                "\"warning\", for stream_core, is no level: did you mean warn?",
            ),
            (
                "info,stream_core=",
                "\"\", for stream_core, is no level: one of: off, error, warn, info, debug, trace",
            ),
        ] {
            assert_eq!(refusal(level).as_deref(), Some(said));
        }
    }

    #[test]
    fn lines_of_client_libraries_are_for_debugging() {
        for (level, shown) in [
            ("info", false),
            ("warn,stream_core=debug", false),
            ("debug", true),
            ("info,lapin=error", true),
        ] {
            let page = Page::default();
            let writer = page.clone();
            let Logging { filter, .. } = Logging::new(LogFormat::Json, level).unwrap();
            let subscriber = subscriber(JSON, filter, move || writer.clone());
            tracing::subscriber::with_default(subscriber, || {
                tracing::warn!("ours");
                tracing::error!(target: "lapin::channel", "theirs");
            });
            let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            assert!(text.contains("ours"), "{level}: {text}");
            assert_eq!(text.contains("theirs"), shown, "{level}: {text}");
        }
    }

    #[test]
    fn no_level_makes_lapin_tell_passwords() {
        let page = Page::default();
        let writer = page.clone();
        let level = "trace,lapin=trace,lapin::io_loop=trace";
        let Logging { filter, .. } = Logging::new(LogFormat::Json, level).unwrap();
        let subscriber = subscriber(JSON, filter, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!("ours");
            tracing::trace!(target: "lapin::io_loop", "StartOk guest s3cret");
            tracing::warn!(target: "lapin", "returned s3cret");
            tracing::error!(target: "lapin::channel", "closed");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("ours") && text.contains("closed"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }

    #[test]
    fn each_line_for_the_journal_begins_with_its_priority() {
        for (json, begins) in [
            (false, ["<3>", "<3>", "<6>"].as_slice()),
            (true, &["<3>{", "<6>{"]),
        ] {
            let page = Page::default();
            let writer = page.clone();
            let look = Look {
                json,
                priorities: true,
                ..JSON
            };
            let Logging { filter, .. } = Logging::new(LogFormat::Json, "info").unwrap();
            let subscriber = subscriber(look, filter, move || writer.clone());
            tracing::subscriber::with_default(subscriber, || {
                tracing::error!("two\nlines");
                tracing::info!("one");
            });
            let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), begins.len(), "{text}");
            let mut pairs = text.lines().zip(begins);
            assert!(pairs.all(|(line, begin)| line.starts_with(begin)), "{text}");
        }
    }
}
