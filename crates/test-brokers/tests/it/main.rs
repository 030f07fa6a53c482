//! The brokers that tests get do answer, and those of a test's own come back on the same address.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use test_brokers::{amqp, kafka, own_amqp, own_kafka, unique};

/// Kafka's metadata request (version 4, all topics); the answer's number of brokers.
fn brokers_at(bootstrap: &str) -> std::io::Result<u32> {
    let mut stream = TcpStream::connect(bootstrap)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"\0\0\0\x0f\0\x03\0\x04\0\0\0\x01\xff\xff\xff\xff\xff\xff\0")?;
    let mut head = [0; 16];
    stream.read_exact(&mut head)?;
    Ok(u32::from_be_bytes([head[12], head[13], head[14], head[15]]))
}

/// The type of the first frame after the AMQP header: 1, a method.
fn first_frame_at(url: &str) -> std::io::Result<u8> {
    let host = url
        .rsplit('@')
        .next()
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"AMQP\0\0\x09\x01")?;
    let mut kind = [0; 1];
    stream.read_exact(&mut kind)?;
    Ok(kind[0])
}

#[test]
fn shared_kafka_answers_and_is_shared() {
    assert_eq!(brokers_at(&kafka().bootstrap).expect("metadata"), 1);
    assert!(std::ptr::eq(kafka(), kafka()));
    assert!(!kafka().origin.version.is_empty());
}

#[test]
fn shared_rabbitmq_answers_and_is_shared() {
    assert_eq!(first_frame_at(&amqp().url).expect("Connection.Start"), 1);
    assert!(std::ptr::eq(amqp(), amqp()));
    assert!(
        amqp().origin.version.starts_with("RabbitMQ "),
        "{}",
        amqp().origin
    );
}

#[test]
fn own_kafka_dies_comes_back_and_goes() {
    let broker = own_kafka();
    let address = broker.address().to_owned();
    broker.kill();
    assert!(brokers_at(&address).is_err());
    broker.up();
    assert_eq!(brokers_at(&address).expect("metadata"), 1);
    drop(broker);
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn own_rabbitmq_dies_comes_back_and_goes() {
    let broker = own_amqp();
    let url = broker.address().to_owned();
    broker.kill();
    assert!(first_frame_at(&url).is_err());
    broker.up();
    assert_eq!(first_frame_at(&url).expect("Connection.Start"), 1);
    assert!(broker.rabbitmqctl(&["-q", "list_vhosts"]).contains('/'));
    drop(broker);
    assert!(first_frame_at(&url).is_err());
}

#[test]
fn secure_listeners_come_with_an_authority() {
    let broker = test_brokers::secure_kafka();
    let secure = broker.secure().expect("asked for");
    assert!(
        std::fs::read_to_string(&secure.ca)
            .expect("CA")
            .starts_with("-----BEGIN CERTIFICATE")
    );
    assert_ne!(secure.address, broker.address());
    assert!(TcpStream::connect(&secure.address).is_ok());
    let ca: PathBuf = secure.ca.clone();
    drop(broker);
    assert!(!ca.exists(), "the folder goes with the broker");
}

#[test]
fn unique_names_are_unique() {
    let names: HashSet<String> = (0..1000).map(|_| unique("topic")).collect();
    assert_eq!(names.len(), 1000);
    assert!(
        names
            .iter()
            .all(|name| name.len() < 64 && name.starts_with("topic-"))
    );
}
