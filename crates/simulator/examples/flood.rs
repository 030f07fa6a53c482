//! How many posts per second one client can read: `cargo run --release -p simulator --example flood [RATE] [SECONDS]`.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use simulator::{Chunking, Keep, Settings, Simulator, SizeProfile};

fn number(at: usize, default: f64) -> f64 {
    std::env::args()
        .nth(at)
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (rate, seconds) = (number(1, 150_000.0), number(2, 3.0));
    for size in [SizeProfile::Typical, SizeProfile::Small] {
        for chunking in [Chunking::WholeBatches, Chunking::Random] {
            let settings = Settings {
                rate,
                size,
                chunking,
                keep: Keep::Counts,
                ..Settings::default()
            };
            let simulator = Simulator::start(settings).await?;
            let address = simulator.addr();
            let reading =
                tokio::task::spawn_blocking(move || read(address, Duration::from_secs_f64(seconds)));
            let bytes = reading.await.map_err(io::Error::other)??;
            let posts = simulator.ledger().totals().whole_posts;
            println!(
                "{size:?}, {chunking:?}: {:.0} posts/s, {:.0} MB/s, {} bytes a post",
                posts as f64 / seconds,
                bytes as f64 / seconds / 1e6,
                bytes / posts.max(1)
            );
            simulator.shutdown().await;
        }
    }
    Ok(())
}

/// Reads for so long; gives the bytes.
fn read(address: std::net::SocketAddr, span: Duration) -> io::Result<u64> {
    let mut socket = TcpStream::connect(address)?;
    let request =
        "GET /2/tweets/sample/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer simulator-token\r\n\r\n";
    socket.write_all(request.as_bytes())?;
    let start = Instant::now();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    while start.elapsed() < span {
        bytes += socket.read(&mut buffer)? as u64;
    }
    Ok(bytes)
}
