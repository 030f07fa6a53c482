//! Accept loop: connections and their requests, up to the point where a stream begins.

mod router;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use self::router::{Admitted, Answer, answer};
use crate::fault::Fault;
use crate::http::request;
use crate::http::response::stream_head;
use crate::http::wire::Wire;
use crate::ledger::End;
use crate::state::ServerState;
use crate::stream;

/// Accepts until the simulator stops.
pub(crate) async fn accept(state: Arc<ServerState>, listener: TcpListener, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = state.stop.cancelled() => return,
        };
        match accepted {
            Ok((tcp, _)) => drop(tasks.spawn(serve(state.clone(), tcp))),
            Err(error) => {
                // Most often too many open files: give the other tasks time to close some.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(state: Arc<ServerState>, tcp: TcpStream) {
    if let Some(fault) = struck_at_accept(&state) {
        if let Fault::TlsStall(span) = fault {
            stall(&state, &mut Wire::Plain(tcp), span).await;
        }
        return;
    }
    let Ok(client) = tcp.peer_addr() else {
        return;
    };
    let done = tokio::select! {
        done = converse(&state, tcp) => done,
        () = state.stop.cancelled() => Ok(None),
    };
    match done {
        Ok(Some((wire, admitted))) => {
            let Admitted { number, feed, .. } = admitted;
            state.admission().history.open(number, feed.endpoint, client.ip());
            stream_on(&state, wire, admitted).await;
        }
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

fn struck_at_accept(state: &ServerState) -> Option<Fault> {
    let mut admission = state.admission();
    let planned = state.settings.faults.at_accept(admission.attempts + 1)?;
    admission.attempts += 1;
    state.settings.faults.count(&planned);
    Some(planned.fault)
}

async fn stall(state: &ServerState, wire: &mut Wire, span: Option<Duration>) {
    let time = async {
        match span {
            Some(span) => tokio::time::sleep(span).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time => {}
        () = wire.gone() => {}
        () = state.stop.cancelled() => {}
    }
}

/// Answers requests until one becomes a stream or the connection ends.
async fn converse(state: &Arc<ServerState>, tcp: TcpStream) -> std::io::Result<Option<(Wire, Admitted)>> {
    let mut wire = Wire::accept(tcp, state.tls.as_ref()).await?;
    let mut rest = Vec::new();
    while let Some(request) = request::read(&mut wire, &mut rest).await? {
        match answer(state, &request) {
            Answer::Respond(response, rate) => {
                wire.write_all(&response.bytes(rate)).await?;
                wire.flush().await?;
                if request.wants_close() {
                    wire.finish().await;
                    return Ok(None);
                }
            }
            Answer::Stall(span) => {
                stall(state, &mut wire, span).await;
                return Ok(None);
            }
            Answer::Stream(admitted) => return Ok(Some((wire, admitted))),
        }
    }
    Ok(None)
}

async fn stream_on(state: &ServerState, mut wire: Wire, admitted: Admitted) {
    let Admitted {
        number,
        feed,
        past,
        rate,
        options,
    } = admitted;
    state.ledger.open(number, feed.endpoint, options.delimited);
    let head = stream_head(rate, &options);
    match wire.send(&head, state.settings.slow_reader, &mut 0).await {
        Ok(()) => stream::run(state, wire, number, feed, past, options).await,
        Err(_) => state.stream_ended(number, End::ClientGone),
    }
}
