//! One stream, from its 200 to its end: paced posts, keep-alives, and the faults when their moment comes.
//!
//! | module | what it does |
//! |---|---|
//! | `live` | what is due: posts, keep-alives |
//! | `pacer`, `schedule` | when posts are due, when faults are; pure |
//! | `strike` | the faults |
//! | `writer`, `chunks` | into the ledger, into chunks, to the socket |

mod chunks;
mod live;
mod pacer;
mod schedule;
mod strike;
mod writer;

use std::convert::Infallible;

use self::live::Stream;
use crate::endpoint::Endpoint;
use crate::fault::Planned;
use crate::http::wire::Wire;
use crate::ledger::{End, Origin};
use crate::state::ServerState;

/// Runs a stream whose response head is written, to its end.
pub(crate) async fn run(
    state: &ServerState,
    wire: Wire,
    number: u32,
    endpoint: Endpoint,
    backfill_minutes: u8,
) {
    let mut stream = Stream::new(state, wire, number, endpoint);
    let Err(end) = play(&mut stream, backfill_minutes).await;
    stream.writer.close(end).await;
}

async fn play(stream: &mut Stream<'_>, backfill_minutes: u8) -> Result<Infallible, End> {
    let missed = stream.state.timeline().recent(stream.endpoint, backfill_minutes);
    stream.writer.send_posts(&missed, Origin::Backfill).await?;
    loop {
        while let Some(fault) = stream.state.take_injected() {
            stream.strike(Planned::injected(fault)).await?;
        }
        while let Some(planned) = stream.schedule.next_due() {
            stream.strike(planned).await?;
        }
        stream.advance().await?;
    }
}
