//! Fallback: where a shared broker comes from: the environment, else Docker, else natively.

use std::env;
use std::time::Duration;

use crate::found::{Found, Hold, Origin, Way};
use crate::names::{AMQP_VARIABLE, KAFKA_VARIABLE};
use crate::{docker, native, probe};

/// One product, and its way up each rung.
pub(crate) struct Product {
    /// Its name for people.
    name: &'static str,
    /// The variable that may hold its address.
    variable: &'static str,
    /// Its name for `scripts/brokers`.
    script_name: &'static str,
    /// Starts it in a container and waits until it answers.
    container: fn() -> Result<Found, String>,
    /// Asks an address; gives product and version.
    probe: fn(&str) -> Result<String, String>,
}

pub(crate) const KAFKA: Product = Product {
    name: "Kafka",
    variable: KAFKA_VARIABLE,
    script_name: "kafka",
    container: docker::kafka,
    probe: probe::kafka,
};

pub(crate) const RABBITMQ: Product = Product {
    name: "RabbitMQ",
    variable: AMQP_VARIABLE,
    script_name: "rabbitmq",
    container: docker::rabbitmq,
    probe: probe::amqp,
};

/// The first rung that holds. An address that was given and does not answer is an error: whoever gave it
/// wants the tests to run there and nowhere else.
pub(crate) fn climb(product: &Product) -> Result<Found, String> {
    let found = match env::var(product.variable) {
        Ok(address) => given(product, address),
        Err(_) => (product.container)().or_else(|docker| natively(product, &docker)),
    }?;
    eprintln!("tests run on {}", found.origin);
    Ok(found)
}

fn given(product: &Product, address: String) -> Result<Found, String> {
    let version = probe::retry(Duration::from_secs(10), || (product.probe)(&address)).map_err(|why| {
        format!(
            "no {} for the tests: {} is set, but nothing answers there: {why}",
            product.name, product.variable
        )
    })?;
    Ok(Found {
        address,
        origin: Origin {
            way: Way::Given,
            version,
        },
        hold: Hold::Nothing,
    })
}

fn natively(product: &Product, docker: &str) -> Result<Found, String> {
    native::shared(product.script_name, product.variable).map_err(|native| {
        format!(
            "no {} for the tests:\n  {} is not set\n  Docker: {docker}\n  natively: {native}",
            product.name, product.variable
        )
    })
}
