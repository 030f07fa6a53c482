//! Hands posts to a channel, from which somebody else takes them: `cargo run --example post_to_channel`.

fn main() -> Result<(), birdfeed::Error> {
    let (sender, posts) = std::sync::mpsc::sync_channel(100);
    let stream = birdfeed::Stream::sample(std::env::var("X_BEARER_TOKEN")?)?;
    let running = stream.spawn(move |post: &birdfeed::Post| drop(sender.send(post.clone())))?;
    for post in posts.iter().take(10) {
        println!("{}", post.text());
    }
    running.disconnect();
    Ok(())
}
