//! The suite against its own reference: what passes here is what the suite means. A process of its own: it measures the
//! memory of the process.

use stream_core::testing::conformance;
use stream_core::testing::memory::{MemorySink, Settling};

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_sink_conforms_however_it_settles() {
    let memory = MemorySink::new();
    conformance::all(&memory).await;
    memory.settle(Settling::Shuffled);
    conformance::order(&memory).await;
    conformance::confirm(&memory).await;
    conformance::reconnect(&memory).await;
    conformance::one_bad_record(&memory).await;
}
