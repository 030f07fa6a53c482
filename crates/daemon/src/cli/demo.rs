//! Arguments of `birdfeed demo`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// `birdfeed demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How long: 20s, 1min, or a number of seconds.
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = some_time)]
    pub length: Duration,
    /// Posts per second.
    #[arg(long, default_value_t = 250.0, value_parser = some_rate)]
    pub rate: f64,
    /// Where to put the files.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}

fn some_time(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map(Duration::from_secs);
    match seconds.or_else(|_| humantime::parse_duration(text)) {
        Ok(Duration::ZERO) => Err("must be more than nothing".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

fn some_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 => Ok(rate),
        _ => Err("must be a number above 0".to_owned()),
    }
}
