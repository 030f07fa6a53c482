//! Prints the id of every post of the filtered stream: `cargo run --example id_printer`, with the token in `X_BEARER_TOKEN`.

#[rustfmt::skip] // Word for word what the crate's documentation shows.
#[tokio::main]
async fn main() -> Result<(), birdfeed::Error> {
    let mut stream = birdfeed::Stream::filter(std::env::var("X_BEARER_TOKEN")?)?;
    while let Some(event) = stream.next().await {
        if let birdfeed::Event::Post(post) = event { println!("{}", post.id()); }
    }
    Ok(())
}
