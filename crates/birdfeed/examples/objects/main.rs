//! What a stream and the rules come to through this library, one JSON object a line: `scripts/like-tweepy` compares it with what
//! they come to through tweepy.
//!
//! ```text
//! objects serve                            a simulator that makes the same posts each time; ends with its standard input
//! objects filter|sample BASE_URL COUNT     so many posts
//! objects rules BASE_URL                   what became of each call
//! ```

mod shape;

use std::error::Error;

use birdfeed::{Bytes, Endpoint, Event, MessageKind, Stream};
use serde_json::{Value, json};
use simulator::{Disconnect, Fault, FaultPlan, Moment, Settings, Simulator, Socket, Step};

const TOKEN: &str = "simulator-token";

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve"] => serve().await,
        ["filter", base_url, count] => stream(Endpoint::Search, base_url, count.parse()?).await,
        ["sample", base_url, count] => stream(Endpoint::Sample, base_url, count.parse()?).await,
        ["rules", base_url] => rules(base_url).await,
        _ => Err("objects serve | filter BASE_URL COUNT | sample BASE_URL COUNT | rules BASE_URL".into()),
    }
}

async fn serve() -> Outcome {
    // Errors without data, and then a stream that goes on: both must come through both alike.
    let goodbye = Step {
        at: simulator::At::connection(1),
        moment: Moment::AfterPosts(40),
        fault: Fault::Disconnect(Disconnect::Operational, Socket::Closed),
    };
    let settings = Settings {
        rate: 500.0,
        start_id: Some(1_700_000_000_000_000_000),
        faults: FaultPlan::new([goodbye]),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await?;
    for number in 1..=3 {
        simulator.add_rule(&format!("harbour{number}"), Some(&format!("rule {number}")));
    }
    println!("{}", simulator.base_url());
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

async fn stream(endpoint: Endpoint, base_url: &str, count: usize) -> Outcome {
    let builder = Stream::builder(TOKEN).endpoint(endpoint).base_url(base_url);
    let mut stream = builder.build()?;
    let mut posts = 0;
    while let Some(event) = stream.next().await {
        let message = match &event {
            Event::Post(post) => post.message(),
            Event::Other(message) if message.kind() == MessageKind::Error => message,
            _ => continue,
        };
        println!("{}", shape::message(message));
        posts += usize::from(message.post().is_some());
        if posts == count {
            stream.disconnect();
        }
    }
    Ok(())
}

async fn rules(base_url: &str) -> Outcome {
    let client = || Stream::builder(TOKEN).base_url(base_url).rules();
    let rules = client()?;
    let stored = |rules: Vec<birdfeed::Rule>| -> Vec<Value> {
        rules
            .into_iter()
            .map(|rule| json!([rule.value, rule.tag]))
            .collect()
    };
    let list = |found| json!({"rules": stored(found)});
    println!("{}", list(rules.get().await?));
    let added = rules
        .add([("cats has:images", "cats"), ("dogs has:images", "dogs")])
        .await?;
    println!("{}", list(added.created));
    let again = rules.add(["dogs has:images", "cats has:videos"]).await?;
    let refused: Vec<_> = again.errors.iter().map(|error| &error.value).collect();
    println!("{}", json!({"created": again.created.len(), "refused": refused}));
    let tried = client()?.dry_run().add(["birds"]).await?;
    println!("{}", list(tried.created));
    let now = rules.get().await?;
    let gone = rules.delete(&now).await?;
    println!("{}", list(now));
    println!("{}", json!({"deleted": gone.deleted}));
    println!("{}", list(rules.get().await?));
    Ok(())
}

/// JSON as it came.
fn raw(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}
