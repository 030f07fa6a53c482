//! Prints ids on another thread while this one does something else: `cargo run --example background_thread`.

fn main() -> Result<(), birdfeed::Error> {
    let stream = birdfeed::Stream::sample(std::env::var("X_BEARER_TOKEN")?)?;
    let running = stream.spawn(|post: &birdfeed::Post| println!("{}", post.id()))?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    running.disconnect();
    running.join();
    Ok(())
}
