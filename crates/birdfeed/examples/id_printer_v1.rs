//! The same of v1.1's sample, which servers of one's own may have: `cargo run --example id_printer_v1`, with the four keys in the
//! environment.

fn main() -> Result<(), birdfeed::Error> {
    let keys = birdfeed::Keys::new(
        std::env::var("X_CONSUMER_KEY")?,
        std::env::var("X_CONSUMER_SECRET")?,
        std::env::var("X_ACCESS_TOKEN")?,
        std::env::var("X_ACCESS_TOKEN_SECRET")?,
    );
    let mut stream = birdfeed::Stream::v1_sample(keys)?;
    while let Some(event) = stream.next_blocking() {
        if let birdfeed::Event::Status(status) = event {
            println!("{}", status.id());
        }
    }
    Ok(())
}
