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
use crate::endpoint::Feed;
use crate::fault::{Planned, Socket};
use crate::http::options::Options;
use crate::http::params::Past;
use crate::http::wire::Wire;
use crate::ledger::{End, LineKind, Origin};
use crate::notice;
use crate::state::ServerState;

/// Runs a stream whose response head is written, to its end.
pub(crate) async fn run(
    state: &ServerState,
    wire: Wire,
    number: u32,
    feed: Feed,
    past: Past,
    options: Options,
) {
    let mut stream = Stream::new(state, wire, number, feed, options);
    let Err(end) = play(&mut stream, past, options).await;
    stream.writer.close(end).await;
}

async fn play(stream: &mut Stream<'_>, past: Past, options: Options) -> Result<Infallible, End> {
    if options.metadata {
        let (kind, what) = (LineKind::Control, "metadata".to_owned());
        stream
            .writer
            .send_line(kind, what, notice::metadata().as_bytes())
            .await?;
    }
    let missed = if options.count == 0 {
        let rate = stream.state.rate();
        let mut timeline = stream.state.timeline();
        timeline.go_on(stream.feed, rate);
        timeline.past(stream.feed, past)
    } else {
        let count = usize::try_from(options.count.unsigned_abs()).unwrap_or(usize::MAX);
        stream.state.timeline().last(stream.feed, count)
    };
    stream.writer.send_posts(&missed, Origin::Backfill).await?;
    if let Past::Window(..) = past {
        stream.end().await?;
    }
    if options.count < 0 {
        stream.disconnect_v1(9, Socket::Closed).await?;
    }
    loop {
        if stream.state.is_evicted(stream.number) {
            stream.evicted().await?;
        }
        while let Some(fault) = stream.state.take_injected() {
            stream.strike(Planned::injected(fault)).await?;
        }
        while let Some(planned) = stream.schedule.next_due() {
            stream.strike(planned).await?;
        }
        stream.advance().await?;
    }
}
