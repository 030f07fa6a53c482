//! Composition root: the configuration's keys become the things that they configure, each in one file. What was checked is
//! what is used. `config/birdfeed.toml` shows every key to people.

mod account;
mod admin;
mod catalogue;
mod folders;
mod journal;
mod lanes;
mod log;
mod partition;
pub(crate) mod rules;
mod shutdown;
mod sink;
mod sink_amqp;
mod sink_file;
mod sink_kafka;
mod stream;
mod traces;
mod v1;
mod wire;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use source_x::XSource;
use stream_core::model::LaneSet;
use stream_core::pipeline::{NamedSink, Settings};

pub(crate) use self::admin::AdminConfig;
pub(crate) use self::catalogue::{SECRETS, every_key};
use self::rules::Reading;
pub(crate) use self::rules::{RulesConfig, RulesFile, RulesMode};
use self::sink::{SinkContext, SinkType};
use crate::config::{Asked, Document, Environment, Leaves, Problems, Section, quoted};
use crate::logging::Logging;
use crate::traces::Endpoint;

/// The sinks that there are.
const SINKS: &[SinkType] = &[
    ("kafka", sink_kafka::build),
    ("amqp", sink_amqp::build),
    ("file", sink_file::build),
];

/// The default file, commented: what `birdfeed config default` prints.
pub(crate) const DEFAULT_FILE: &str = include_str!("../../../../config/birdfeed.toml");

/// Parts of a daemon, ready for use. Nothing is connected or opened yet.
pub(crate) struct Parts {
    /// The stream and where it goes.
    pub(crate) data_path: DataPath,
    /// The admin server.
    pub(crate) admin: AdminConfig,
    /// Where spans go, if anywhere.
    pub(crate) traces: Option<Endpoint>,
    /// What is logged, and how; not started yet.
    pub(crate) log: Logging,
    /// How long the end may take.
    pub(crate) drain: Duration,
    /// What works and may not be what was meant.
    pub(crate) warnings: Vec<String>,
}

/// Data path, not started yet: what [`Pipeline::start`](stream_core::pipeline::Pipeline::start) takes.
pub(crate) struct DataPath {
    pub(crate) settings: Settings,
    pub(crate) source: Arc<XSource>,
    pub(crate) sinks: Vec<NamedSink>,
    /// The rules that X is to have.
    pub(crate) rules: RulesConfig,
    /// How often the account's usage is asked for; `None` for never.
    pub(crate) usage_every: Option<Duration>,
}

/// Builds the parts that `file`, if there is one, and `environment` describe, or says everything that is wrong.
pub(crate) fn load(file: Option<&Path>, environment: &Environment) -> Result<Parts, Problems> {
    Document::read(file, environment)?.build(|root| parts(root, environment))
}

/// Says everything that is wrong as [`load`] does, except that secrets are not here.
pub(crate) fn judge(file: Option<&Path>, environment: &Environment) -> Result<(), Problems> {
    Document::read(file, environment)?.judge(|root| parts(root, environment))
}

/// What is asked for of `file` and `environment`, with what each key was given, and everything that is wrong as [`judge`] says it.
pub(crate) fn asked(
    file: Option<&Path>,
    environment: &Environment,
) -> Result<(Vec<Asked>, Result<(), Problems>), Problems> {
    Ok(Document::read(file, environment)?.asked(|root| parts(root, environment)))
}

fn parts(root: &mut Section, environment: &Environment) -> Option<Parts> {
    let stream = root.section("stream", |section| stream::build(section, environment));
    let rules = root.section("rules", |section| {
        rules::build(section, stream.endpoint, Reading::Now)
    });
    let lanes = root.section("lanes", |section| lanes::build(section, stream.lane));
    let mut settings = root.section("journal", |section| {
        journal::build(section, stream.name, lanes.enabled)
    });
    settings.max_retries = stream.max_retries;
    settings.dedupe = stream.dedupe;
    settings.on_stuck = lanes.on_stuck;
    let mut context = SinkContext {
        prefix: lanes.prefix,
        lanes: lanes.enabled.iter().collect(),
        event_source: stream.event_source,
        ..SinkContext::default()
    };
    let free = context.folders.claim(&settings.journal.dir, "the journal's");
    debug_assert!(free.is_ok(), "it is the first");
    let sinks = sinks(root, context);
    let admin = root.section("admin", admin::build);
    let traces = root.section("traces", traces::build);
    let log = root.section("log", log::build);
    let drain = root.section("shutdown", shutdown::build);
    let (source, sinks) = (stream.source?, sinks?);
    let of_sinks = sinks.iter().flat_map(|NamedSink { name, sink }| {
        let warnings = sink.warnings().into_iter();
        warnings.map(move |warning| format!("sink {name}: {warning}"))
    });
    let of_rules = rules.file.warnings.iter().cloned();
    let warnings = of_sinks.chain(of_rules).collect();
    Some(Parts {
        data_path: DataPath {
            settings,
            source,
            sinks,
            rules,
            usage_every: stream.usage_every,
        },
        admin,
        traces,
        log,
        drain,
        warnings,
    })
}

/// The way to X alone: who asks it about the account need not have the sinks' secrets.
pub(crate) fn load_source(file: Option<&Path>, environment: &Environment) -> Result<Arc<XSource>, Problems> {
    Document::read(file, environment)?.build_parts(|root| {
        root.section("stream", |section| stream::build(section, environment))
            .source
    })
}

/// Every key that is set, to be compared with those of another time.
pub(crate) fn leaves(file: Option<&Path>, environment: &Environment) -> Result<Leaves, Problems> {
    Ok(Document::read(file, environment)?.leaves())
}

/// The way to X and what is said about its rules, of which the file is not read.
pub(crate) fn load_rules(
    file: Option<&Path>,
    environment: &Environment,
) -> Result<(Arc<XSource>, RulesConfig), Problems> {
    Document::read(file, environment)?.build_parts(|root| {
        let stream = root.section("stream", |section| stream::build(section, environment));
        let rules = root.section("rules", |section| {
            rules::build(section, stream.endpoint, Reading::Never)
        });
        Some((stream.source?, rules))
    })
}

/// The admin server alone: who asks a daemon how it is need not have its secrets.
pub(crate) fn load_admin(file: Option<&Path>, environment: &Environment) -> Result<AdminConfig, Problems> {
    Document::read(file, environment)?.build_part("admin", admin::build)
}

/// The sinks alone, with the lanes that they get: who reads them back need not have X's secrets.
pub(crate) fn load_sinks(
    file: Option<&Path>,
    environment: &Environment,
) -> Result<(LaneSet, Vec<NamedSink>), Problems> {
    Document::read(file, environment)?.build_parts(|root| {
        let asked_for = root.section("stream", stream::asked_for);
        let lanes = root.section("lanes", |section| lanes::build(section, asked_for));
        let context = SinkContext {
            prefix: lanes.prefix,
            lanes: lanes.enabled.iter().collect(),
            ..SinkContext::default()
        };
        Some((lanes.enabled, sinks(root, context)?))
    })
}

/// The sinks; without any, files.
fn sinks(root: &mut Section, mut context: SinkContext) -> Option<Vec<NamedSink>> {
    let sinks = root.sections("sink", |section| sink::build(section, SINKS, &mut context));
    if sinks.is_empty() {
        let files = format!("[{{ type = \"file\", dir = {} }}]", quoted(sink_file::DIR));
        root.default_of("sink", files);
        let default = Path::new(sink_file::DIR);
        if let Err(message) = context.folders.claim(default, "an earlier sink's") {
            let message = format!("the files of lanes go to {}, and {message}", sink_file::DIR);
            root.note("journal", message, "name a [[sink]], or another journal.dir");
        }
        return Some(vec![NamedSink {
            name: "file".to_owned(),
            sink: sink_file::default_sink(),
        }]);
    }
    sinks.into_iter().collect()
}
