//! Command line: `birdfeed simulate`, the simulator as a server.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fault::FaultPlan;
use crate::keys::OAuthKeys;
use crate::settings::{
    Absence, Chunking, Compression, Keep, LineEnd, RuleIds, Settings, SizeProfile, Unasked, Untagged,
};
use crate::simulator::Simulator;

/// Arguments of `birdfeed simulate`.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Serve TLS with a certificate authority made at the start.
    #[arg(long)]
    tls: bool,
    /// Write that authority's certificate here, for clients to trust.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// Keep that authority's key here, so that clients trust the next start too.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_key: Option<PathBuf>,
    /// A further host that the certificate is for; may be given again.
    #[arg(long, value_name = "HOST", requires = "tls")]
    tls_name: Vec<String>,
    /// Posts per second, up to 150000; 0 for keep-alives only.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Stop after so many posts; from then on, keep-alives only.
    #[arg(long, value_name = "N")]
    posts: Option<u64>,
    /// Decides the posts, their order and the chunk borders.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What goes wrong, and when: a script of lines such as `connection 2 after 10 posts: reset`.
    #[arg(long, value_name = "SCRIPT")]
    fault: Option<PathBuf>,
    /// Append every line, as NDJSON, to this file (it is started anew).
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// End lines with LF alone instead of CR LF.
    #[arg(long)]
    lf: bool,
    /// Where chunk borders fall.
    #[arg(long, value_enum, default_value_t)]
    chunks: Chunking,
    /// How big posts are.
    #[arg(long, value_enum, default_value_t)]
    size: SizeProfile,
    /// What posts bring to a client that asks for no field and no expansion.
    #[arg(long, value_enum, default_value_t)]
    unasked: Unasked,
    /// Whether streams are compressed for clients that take it.
    #[arg(long, value_enum, default_value_t)]
    compression: Compression,
    /// File with the bearer token to accept, instead of `simulator-token`.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// How long the slot of a client that has gone stays taken.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    ghost_slot: Duration,
    /// Silence after which a keep-alive is sent.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = humantime::parse_duration)]
    keep_alive: Duration,
    /// Connections that each stream of v2 may have at a time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    slots: u8,
    /// Posts that the account may read; then streams are refused.
    #[arg(long, value_name = "N")]
    usage_cap: Option<u64>,
    /// Stream connects allowed in 15 minutes.
    #[arg(long, value_name = "N", default_value_t = 50)]
    connect_limit: u32,
    /// Rules to start with. With 0, the filtered stream answers 409 until a rule is added.
    #[arg(long, value_name = "N", default_value_t = 1)]
    rules: u16,
    /// Rules that fit.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    rule_cap: usize,
    /// Status of the refusal when they do not.
    #[arg(long, value_name = "STATUS", default_value_t = 422)]
    rule_cap_status: u16,
    /// Requests that change rules allowed in 15 minutes.
    #[arg(long, value_name = "N", default_value_t = 100)]
    rule_write_limit: u32,
    /// How long until changed rules show in the stream.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    rule_delay: Duration,
    /// How an untagged rule's tag is written.
    #[arg(long, value_enum, default_value_t)]
    untagged: Untagged,
    /// How rules' ids are written.
    #[arg(long, value_enum, default_value_t)]
    rule_ids: RuleIds,
    /// Allow `backfill_minutes`, recovery and v1.1's `count`.
    #[arg(long)]
    backfill: bool,
    /// What the world does while nobody is connected.
    #[arg(long, value_enum, default_value_t)]
    absence: Absence,
}

impl SimulateArgs {
    fn settings(&self) -> io::Result<Settings> {
        let defaults = Settings::default();
        let faults = match &self.fault {
            Some(path) => read(path)?
                .parse::<FaultPlan>()
                .map_err(|error| naming(path, error))?,
            None => FaultPlan::default(),
        };
        let token = match &self.token_file {
            Some(path) => read(path)?.trim().to_owned(),
            None => defaults.token.clone(),
        };
        Ok(Settings {
            listen: self.listen,
            tls: self.tls,
            tls_names: self.tls_name.clone(),
            ca_key: self.ca_key.clone(),
            seed: self.seed,
            rate: self.rate,
            posts: self.posts,
            token,
            line_end: if self.lf { LineEnd::Lf } else { LineEnd::CrLf },
            keep_alive: self.keep_alive,
            chunking: self.chunks,
            ghost_slot: self.ghost_slot,
            slots: self.slots,
            usage_cap: self.usage_cap,
            connect_limit: self.connect_limit,
            rules_required: true,
            rule_cap: self.rule_cap,
            rule_cap_status: self.rule_cap_status,
            rule_write_limit: self.rule_write_limit,
            rule_delay: self.rule_delay,
            untagged: self.untagged,
            rule_ids: self.rule_ids,
            backfill_allowed: self.backfill,
            absence: self.absence,
            faults,
            size: self.size,
            unasked: self.unasked,
            compression: self.compression,
            keep: self.ledger.clone().map_or(Keep::Counts, Keep::File),
            ..defaults
        })
    }
}

fn read(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path).map_err(|error| naming(path, error))
}

fn naming(path: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{}: {error}", path.display()),
    )
}

/// Serves until `shutdown` is done, printing where it listens at the start and what it wrote at the end. Fails on
/// arguments that cannot work, on the address and on files.
pub async fn run(args: SimulateArgs, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let simulator = Simulator::start(args.settings()?).await?;
    for number in 1..=args.rules {
        let tag = format!("rule {number}");
        simulator.add_rule(&format!("harbour{number}"), Some(&tag));
    }
    if let (Some(path), Some(pem)) = (&args.ca_out, simulator.ca_pem()) {
        std::fs::write(path, pem).map_err(|error| naming(path, error))?;
        say(format_args!("certificate authority: {}", path.display()));
    }
    let token = args
        .token_file
        .as_ref()
        .map_or("simulator-token".to_owned(), |path| {
            format!("in {}", path.display())
        });
    say(format_args!(
        "listening: {}\nbearer token: {token}\nv1.1's keys: {}",
        simulator.base_url(),
        keys(&OAuthKeys::default())
    ));
    shutdown.await;
    let (ledger, faults) = (simulator.ledger().clone(), simulator.faults().clone());
    simulator.shutdown().await;
    let totals = ledger.totals();
    say(format_args!(
        "streams: {}, posts: {} ({} whole), keep-alives: {}, other lines: {}, bytes: {}",
        totals.connections,
        totals.posts,
        totals.whole_posts,
        totals.keep_alives,
        totals.controls + totals.garbage + totals.oversize,
        totals.bytes
    ));
    for (step, fired) in faults.fired() {
        say(format_args!("fault {}: fired {fired} times", step.fault.name()));
    }
    Ok(())
}

/// The four keys as the variables that `birdfeed run` reads.
fn keys(keys: &OAuthKeys) -> String {
    let OAuthKeys {
        consumer_key,
        consumer_secret,
        access_token,
        access_token_secret,
    } = keys;
    format!(
        "X_CONSUMER_KEY={consumer_key} X_CONSUMER_SECRET={consumer_secret} X_ACCESS_TOKEN={access_token} \
         X_ACCESS_TOKEN_SECRET={access_token_secret}"
    )
}

/// Prints a line. That nobody reads is no reason to stop.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn args(words: &[&str]) -> Result<SimulateArgs, clap::Error> {
        let words = ["simulate", "--listen", "127.0.0.1:0"].iter().chain(words);
        Program::try_parse_from(words).map(|program| program.args)
    }

    #[tokio::test]
    async fn serves_until_it_is_told_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        let args = args(&[
            "--tls",
            "--ca-out",
            ca.to_str().unwrap(),
            "--rules",
            "2",
            "--ghost-slot",
            "5s",
        ])
        .unwrap();
        run(args, std::future::ready(())).await.unwrap();
        assert!(
            std::fs::read_to_string(ca)
                .unwrap()
                .starts_with("-----BEGIN CERTIFICATE-----")
        );
    }

    #[tokio::test]
    async fn a_kept_authority_is_for_its_owner_alone_and_a_wrong_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("ca.key");
        let args = || args(&["--tls", "--ca-key", key.to_str().unwrap(), "--tls-name", "x.test"]).unwrap();
        run(args(), std::future::ready(())).await.unwrap();
        let mode = std::fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&key, "no key").unwrap();
        let error = run(args(), std::future::ready(())).await.unwrap_err();
        assert!(error.to_string().contains("ca.key: "), "{error}");
    }

    #[test]
    fn flags_become_settings() {
        let words = [
            "--lf",
            "--chunks",
            "random",
            "--size",
            "small",
            "--rate",
            "7",
            "--keep-alive",
            "3s",
        ];
        let settings = args(&words).unwrap().settings().unwrap();
        assert_eq!(
            (settings.line_end, settings.chunking),
            (LineEnd::Lf, Chunking::Random)
        );
        assert_eq!(
            (settings.size, settings.keep_alive),
            (SizeProfile::Small, Duration::from_secs(3))
        );
        assert_eq!(settings.keep, Keep::Counts);
    }

    #[test]
    fn mistakes_name_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("faults.txt");
        std::fs::write(&script, "connection 1: end\nconnection 2: nonsense\n").unwrap();
        let error = args(&["--fault", script.to_str().unwrap()])
            .unwrap()
            .settings()
            .unwrap_err();
        assert!(
            error.to_string().contains("faults.txt: fault script, line 2"),
            "{error}"
        );
        let error = args(&["--token-file", "/no/such/token"])
            .unwrap()
            .settings()
            .unwrap_err();
        assert!(error.to_string().contains("/no/such/token"));
        assert!(args(&["--ca-out", "x"]).is_err(), "--ca-out needs --tls");
    }
}
