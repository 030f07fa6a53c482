//! Brokers in containers, through testcontainers.

use std::any::Any;
use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use testcontainers_modules::kafka::apache::{self, KAFKA_PORT};
use testcontainers_modules::testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers_modules::testcontainers::runners::SyncRunner;
use testcontainers_modules::testcontainers::{Container, GenericImage, Image, ImageExt};

use crate::found::{Found, Hold, Origin, Way};
use crate::names::unique;
use crate::probe;
use crate::reaper::Reaper;

const KAFKA_TAG: &str = "4.4.0";
const RABBITMQ_TAG: &str = "4-management";
const RABBITMQ_PORT: u16 = 5672;

/// Pulling an image may take minutes; a registry that never answers must not hold up the next rung for ever.
const PULL_AND_START: Duration = Duration::from_secs(300);
const START: Duration = Duration::from_secs(60);

pub(crate) fn kafka() -> Result<Found, String> {
    aside(|| {
        let (name, reaper) = reaped()?;
        let mut image = apache::Kafka::default()
            .with_jvm_image()
            .with_tag(KAFKA_TAG)
            .with_container_name(name)
            .with_startup_timeout(START);
        for (key, value) in KAFKA_SETTINGS {
            image = image.with_env_var(*key, *value);
        }
        let container = image.start().map_err(|why| why.to_string())?;
        let port = container
            .get_host_port_ipv4(KAFKA_PORT)
            .map_err(|why| why.to_string())?;
        // The module advertises this address, wherever the engine is.
        let address = format!("127.0.0.1:{port}");
        probe::retry(START, || probe::kafka(&address))?;
        Ok(found(
            container,
            reaper,
            address,
            format!("Apache Kafka, image apache/kafka:{KAFKA_TAG}"),
        ))
    })
}

/// What the module leaves out: Kafka 4 wants a node id, and one node cannot hold three replicas.
const KAFKA_SETTINGS: &[(&str, &str)] = &[
    ("KAFKA_NODE_ID", "1"),
    ("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1"),
    ("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1"),
    ("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1"),
    ("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1"),
    ("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0"),
];

pub(crate) fn rabbitmq() -> Result<Found, String> {
    aside(|| {
        let (name, reaper) = reaped()?;
        let container = GenericImage::new("rabbitmq", RABBITMQ_TAG)
            .with_exposed_port(RABBITMQ_PORT.tcp())
            .with_wait_for(WaitFor::message_on_stdout("Server startup complete"))
            .with_container_name(name)
            .with_startup_timeout(START)
            .start()
            .map_err(|why| why.to_string())?;
        let host = container.get_host().map_err(|why| why.to_string())?.to_string();
        // The port is the one of IPv4; localhost may mean ::1.
        let host = if host == "localhost" { "127.0.0.1" } else { &host };
        let port = container
            .get_host_port_ipv4(RABBITMQ_PORT)
            .map_err(|why| why.to_string())?;
        let address = format!("amqp://guest:guest@{host}:{port}/%2f");
        let version = probe::retry(START, || probe::amqp(&address))?;
        Ok(found(
            container,
            reaper,
            address,
            format!("{version}, image rabbitmq:{RABBITMQ_TAG}"),
        ))
    })
}

/// A name for a container, and who removes it whatever becomes of us. Before the start, which takes seconds:
/// testcontainers removes nothing when the process is killed in them.
fn reaped() -> Result<(String, Reaper), String> {
    let name = unique("birdfeed-test");
    let remove = ["docker", "rm", "--force", "--volumes", &name].map(OsStr::new);
    let reaper = Reaper::new(&remove)?;
    Ok((name, reaper))
}

fn found<I: Image + Sync + 'static>(
    container: Container<I>,
    reaper: Reaper,
    address: String,
    version: String,
) -> Found {
    if !has_docker_program() {
        eprintln!("no docker program: container {} may stay behind", container.id());
    }
    let container: Box<dyn Any + Send + Sync> = Box::new(container);
    let hold = Hold::Container {
        _container: container,
        _reaper: reaper,
    };
    Found {
        address,
        origin: Origin {
            way: Way::Docker,
            version,
        },
        hold,
    }
}

fn has_docker_program() -> bool {
    Command::new("docker")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// On a thread of its own: testcontainers brings a runtime, which panics inside another one's.
fn aside(start: fn() -> Result<Found, String>) -> Result<Found, String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(start()));
    receive
        .recv_timeout(PULL_AND_START)
        .unwrap_or_else(|_| Err(format!("no container within {} s", PULL_AND_START.as_secs())))
}
