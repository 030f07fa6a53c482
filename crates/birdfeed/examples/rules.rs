//! Adds two rules to the filtered stream, prints all, and deletes them: `cargo run --example rules`.

#[tokio::main]
async fn main() -> Result<(), birdfeed::Error> {
    let rules = birdfeed::Rules::new(std::env::var("X_BEARER_TOKEN")?)?;
    rules.add([("cats has:images", "cats"), ("dogs", "dogs")]).await?;
    let stored = rules.get().await?;
    for rule in &stored {
        println!("{}: {}", rule.id, rule.value);
    }
    rules.delete(&stored).await.map(drop)
}
