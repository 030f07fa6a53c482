//! A handler that disconnects on the first error, whether it comes beside a post or alone.
//!
//! ```text
//! X_BEARER_TOKEN_FILE=token cargo run -p source-x --example stop_on_error
//! ```

mod support;

use bytes::Bytes;
use source_x::XSource;
use stream_core::model::Lane;
use stream_core::source::{Source as _, Split};

/// What becomes of the connection after a message.
enum Next {
    Continue,
    Disconnect(String),
}

/// The handler: one message in, one decision out.
fn on_message(message: &Bytes, split: &Split) -> Next {
    match split.value(Lane::Errors, message) {
        Some(errors) => Next::Disconnect(String::from_utf8_lossy(&errors).into_owned()),
        None => Next::Continue,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = XSource::new(&support::settings())?;
    let mut messages = support::Messages::new(source.connect().await?);
    let mut posts = 0_u64;
    while let Some(message) = messages.next().await? {
        match on_message(&message, &source.split(&message)) {
            Next::Continue => posts += 1,
            // Leaving the loop drops the connection, and that closes it.
            Next::Disconnect(errors) => {
                println!("first error after {posts} messages: {errors}");
                break;
            }
        }
    }
    Ok(())
}
