//! Settings to a source, sinks and a data path. Nothing connects here.

use std::sync::Arc;

use sink_amqp::AmqpSink;
use sink_file::FileSink;
use sink_kafka::KafkaSink;
use source_x::XSource;
use stream_core::pipeline::{NamedSink, Settings};
use stream_core::sink::Sink;

use crate::config::{Config, SinkSettings};
use crate::exit::{CommandError, SysExit};

/// What a data path is made of.
pub struct Parts {
    /// What it is told.
    pub settings: Settings,
    /// Where the stream comes from.
    pub source: Arc<XSource>,
    /// Where it goes.
    pub sinks: Vec<NamedSink>,
}

/// Makes the parts. The configuration has been checked, so what fails here is the machine's doing.
pub fn parts(config: &Config) -> Result<Parts, CommandError> {
    let source =
        XSource::new(&config.stream.source).map_err(|error| CommandError::new(SysExit::Usage, error))?;
    let sinks = config.sinks.iter().map(|sink| {
        Ok(NamedSink {
            name: sink.name.clone(),
            sink: open(&sink.settings).map_err(|why| CommandError::new(SysExit::Usage, why))?,
        })
    });
    let mut settings = Settings::new(config.stream.name.clone(), config.lanes, config.journal.clone());
    settings.when_full = config.when_full;
    settings.max_retries = config.stream.max_retries;
    Ok(Parts {
        settings,
        source: Arc::new(source),
        sinks: sinks.collect::<Result<_, CommandError>>()?,
    })
}

fn open(settings: &SinkSettings) -> Result<Arc<dyn Sink>, String> {
    Ok(match settings {
        SinkSettings::Kafka(settings) => {
            Arc::new(KafkaSink::new(settings.clone()).map_err(|error| error.to_string())?)
        }
        SinkSettings::Amqp(settings) => {
            Arc::new(AmqpSink::new(settings.clone()).map_err(|error| error.to_string())?)
        }
        SinkSettings::File(settings) => Arc::new(FileSink::new(settings.clone())),
    })
}
