//! Ends at the first error of the connection, and at nothing else: `cargo run --example first_connection_error`.

fn main() -> Result<(), birdfeed::Error> {
    let mut stream = birdfeed::Stream::sample(std::env::var("X_BEARER_TOKEN")?)?;
    while let Some(event) = stream.next_blocking() {
        if let birdfeed::Event::ConnectionError(error) = event {
            println!("{}", error.detail);
            stream.disconnect();
        }
    }
    Ok(())
}
