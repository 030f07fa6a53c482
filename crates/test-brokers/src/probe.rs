//! Asks an address whether a broker answers there, on the wire: no client library is needed for that.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(2);

/// Metadata, version 4, of all topics: length, key, version, correlation id, no client id, null array, false.
const METADATA_REQUEST: &[u8] = b"\0\0\0\x0f\0\x03\0\x04\0\0\0\x01\xff\xff\xff\xff\xff\xff\0";

/// The first bytes of every AMQP 0-9-1 client.
const AMQP_HEADER: &[u8] = b"AMQP\0\0\x09\x01";

/// Asks until there is an answer or the time is over; then gives the last error.
pub(crate) fn retry<T>(time: Duration, mut ask: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let deadline = Instant::now() + time;
    loop {
        match ask() {
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(100)),
            answer => return answer,
        }
    }
}

/// A broker answers at the first of these bootstrap servers. Kafka's protocol does not tell its version.
pub(crate) fn kafka(bootstrap: &str) -> Result<String, String> {
    let first = bootstrap.split(',').next().unwrap_or(bootstrap);
    // Length, correlation id, throttle time, number of brokers.
    let mut head = [0; 16];
    let mut stream = connect(first)?;
    stream
        .write_all(METADATA_REQUEST)
        .map_err(|why| format!("{first}: {why}"))?;
    stream
        .read_exact(&mut head)
        .map_err(|why| format!("{first}: {why}"))?;
    match head {
        [_, _, _, _, 0, 0, 0, 1, _, _, _, _, 0, 0, 0, 0] => Err(format!("{first}: knows no broker yet")),
        [_, _, _, _, 0, 0, 0, 1, ..] => Ok("Kafka of unknown version".to_owned()),
        _ => Err(format!("{first}: does not speak Kafka's protocol")),
    }
}

/// A broker answers at this URL; gives product and version as it tells them in its greeting.
pub(crate) fn amqp(url: &str) -> Result<String, String> {
    let host = host_of(url);
    if url.starts_with("amqps:") {
        return connect(host).map(|_| "AMQP broker behind TLS, version not asked".to_owned());
    }
    let mut stream = connect(host)?;
    stream
        .write_all(AMQP_HEADER)
        .map_err(|why| format!("{host}: {why}"))?;
    // A method frame on channel 0 (7 bytes of head, with its length), ended by one more byte.
    let mut head = [0; 7];
    stream
        .read_exact(&mut head)
        .map_err(|why| format!("{host}: {why}"))?;
    let [1, 0, 0, length @ ..] = head else {
        return Err(format!("{host}: does not speak AMQP 0-9-1"));
    };
    let length = u32::from_be_bytes(length).min(64 * 1024);
    let mut greeting = Vec::new();
    stream
        .take(length.into())
        .read_to_end(&mut greeting)
        .map_err(|why| format!("{host}: {why}"))?;
    let tell = |name| property(&greeting, name).unwrap_or_else(|| "?".to_owned());
    Ok(format!("{} {}", tell("product"), tell("version")))
}

/// `host:port` of a URL: after the credentials, before the path. Never print the URL: it holds a password.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

/// A long string out of an AMQP field table: length of the name, name, `S`, length of the value, value.
fn property(table: &[u8], name: &str) -> Option<String> {
    let mut key = vec![u8::try_from(name.len()).ok()?];
    key.extend_from_slice(name.as_bytes());
    key.push(b'S');
    let at = table.windows(key.len()).position(|window| window == key)? + key.len();
    let (length, rest) = table.get(at..)?.split_first_chunk::<4>()?;
    let value = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

fn connect(address: &str) -> Result<TcpStream, String> {
    let mut addresses = address
        .to_socket_addrs()
        .map_err(|why| format!("{address}: {why}"))?;
    let first = addresses
        .next()
        .ok_or_else(|| format!("{address}: no such host"))?;
    let stream = TcpStream::connect_timeout(&first, PATIENCE).map_err(|why| format!("{address}: {why}"))?;
    stream
        .set_read_timeout(Some(PATIENCE))
        .map_err(|why| format!("{address}: {why}"))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_what_stands_between_credentials_and_path() {
        for (url, host) in [
            ("amqp://guest:guest@127.0.0.1:5672/%2f", "127.0.0.1:5672"),
            ("amqp://127.0.0.1:5672", "127.0.0.1:5672"),
            ("amqps://a:b%40c@rabbit:5671/x", "rabbit:5671"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }

    #[test]
    fn property_is_found_and_a_cut_table_is_no_panic() {
        let table = b"\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x063.10.8";
        assert_eq!(property(table, "version").as_deref(), Some("3.10.8"));
        assert_eq!(property(table, "product").as_deref(), Some("RabbitMQ"));
        for end in 0..table.len() {
            assert_eq!(property(&table[..end], "version"), None);
        }
    }

    #[test]
    fn nothing_there_is_an_error_without_the_password() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = nobody.local_addr().expect("a bound socket has an address");
        drop(nobody);
        let why = amqp(&format!("amqp://user:secret@{address}/")).expect_err("nobody listens");
        assert!(
            why.contains(&address.to_string()) && !why.contains("secret"),
            "{why}"
        );
        assert!(kafka(&address.to_string()).is_err());
    }
}
