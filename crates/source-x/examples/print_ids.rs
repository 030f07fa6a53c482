//! Prints the id of each post, as tweepy's first example does.
//!
//! ```text
//! X_BEARER_TOKEN_FILE=token cargo run -p source-x --example print_ids
//! ```
//!
//! This is one connection: it ends when X ends it. Keeping a stream alive is the work of `stream-core`'s supervisor.

mod support;

use source_x::XSource;
use source_x::split::MessageKind;
use stream_core::source::Source as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = XSource::new(&support::settings())?;
    let mut messages = support::Messages::new(source.connect().await?);
    while let Some(message) = messages.next().await? {
        let split = source.split(&message);
        if let Some(id) = split.key.filter(|_| split.kind == MessageKind::Post.name()) {
            println!("{}", String::from_utf8_lossy(&id));
        }
    }
    Ok(())
}
