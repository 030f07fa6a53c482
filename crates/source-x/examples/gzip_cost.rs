//! CPU and bytes per message, as they are and with gzip: `cargo run --release -p source-x --example gzip_cost [ROUNDS]`.
//!
//! A thread serves posts of the simulator that were packed before, one chunk each; what is measured is the thread that reads them
//! (sockets, HTTP, inflating), by the kernel's account. Each kind is read ROUNDS times in turn, and the best counts.

mod support;

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use source_x::{Settings, Token, XSource};
use stream_core::source::Source as _;

const POSTS: usize = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds: usize = std::env::args().nth(1).as_deref().unwrap_or("20").parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let messages = runtime.block_on(support::posts(POSTS))?;
    let kinds = [("identity", plain(&messages)), ("gzip", packed(&messages)?)];
    let mut best = [u64::MAX; 2];
    for _ in 0..rounds {
        for (best, (name, body)) in best.iter_mut().zip(&kinds) {
            let expected = messages.iter().map(|message| message.len() + 2).sum();
            *best = (*best).min(read(&runtime, name, body.clone(), expected)?);
        }
    }
    for (best, (name, body)) in best.iter().zip(&kinds) {
        let micros = *best as f64 / 1e3 / POSTS as f64;
        println!(
            "{name:>8}: {micros:.2} µs CPU, {} bytes per message",
            body.len() / POSTS
        );
    }
    println!("   ratio: {:.2} of the CPU", best[1] as f64 / best[0] as f64);
    Ok(())
}

fn chunk(body: &mut Vec<u8>, data: &[u8]) {
    body.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
    body.extend_from_slice(data);
    body.extend_from_slice(b"\r\n");
}

fn plain(messages: &[bytes::Bytes]) -> Vec<u8> {
    let mut body = Vec::new();
    for message in messages {
        chunk(&mut body, &[message, &b"\r\n"[..]].concat());
    }
    body.extend_from_slice(b"0\r\n\r\n");
    body
}

fn packed(messages: &[bytes::Bytes]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (mut body, mut encoder) = (Vec::new(), GzEncoder::new(Vec::new(), Compression::default()));
    for message in messages {
        encoder.write_all(message)?;
        encoder.write_all(b"\r\n")?;
        encoder.flush()?;
        chunk(&mut body, &std::mem::take(encoder.get_mut()));
    }
    chunk(&mut body, &encoder.finish()?);
    body.extend_from_slice(b"0\r\n\r\n");
    Ok(body)
}

/// Nanoseconds of CPU that this thread spends on reading `body`.
fn read(
    runtime: &tokio::runtime::Runtime,
    coding: &str,
    body: Vec<u8>,
    expected: usize,
) -> Result<u64, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut settings = Settings::new(Token::from_value("token"));
    settings.base_url = Some(format!("http://{}", listener.local_addr()?));
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ntransfer-encoding: chunked\r\n\r\n");
    let server = thread::spawn(move || -> std::io::Result<()> {
        let (mut socket, _) = listener.accept()?;
        let _request = socket.read(&mut [0; 4096])?;
        socket.write_all(head.as_bytes())?;
        socket.write_all(&body)
    });
    let source = XSource::new(&settings)?;
    let before = cpu()?;
    let received = runtime.block_on(async {
        let mut stream = source.connect().await?;
        let mut received = 0;
        while let Some(bytes) = stream.chunk().await? {
            received += bytes.len();
        }
        Ok::<_, Box<dyn Error>>(received)
    })?;
    let spent = cpu()? - before;
    server.join().map_err(|_| "the server panicked")??;
    if received != expected {
        return Err(format!("{received} bytes of {expected}").into());
    }
    Ok(spent)
}

/// The kernel's account of this thread.
fn cpu() -> Result<u64, Box<dyn Error>> {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(account.split(' ').next().unwrap_or_default().parse()?)
}
