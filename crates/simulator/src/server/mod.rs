//! Accepting connections and answering requests, up to the point where a stream begins.

use crate::endpoint::Endpoint;
use crate::fault::{Fault, Planned, Status};
use crate::http::response::{RateLimit, Response, stream_head};
use crate::http::wire::Wire;
use crate::http::{bodies, params, request};
use crate::ledger::End;
use crate::state::Shared;
use crate::stream;
use crate::time;
use request::Request;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

/// What becomes of a request.
enum Answer {
    Respond(Response, Option<RateLimit>),
    Stream(Admitted),
    Stall(Option<Duration>),
}

/// A stream that was let in.
struct Admitted {
    number: u32,
    endpoint: Endpoint,
    backfill_minutes: u8,
    rate: RateLimit,
}

/// Accepts until the simulator stops.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stop.cancelled() => return,
        };
        match accepted {
            Ok((tcp, _)) => drop(tasks.spawn(serve(shared.clone(), tcp))),
            Err(error) => {
                // Most often too many open files: give the other tasks time to close some.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(shared: Arc<Shared>, tcp: TcpStream) {
    if let Some(fault) = struck_at_accept(&shared) {
        if let Fault::TlsStall(span) = fault {
            stall(&shared, &mut Wire::Plain(tcp), span).await;
        }
        return;
    }
    let done = tokio::select! {
        done = converse(&shared, tcp) => done,
        () = shared.stop.cancelled() => Ok(None),
    };
    match done {
        Ok(Some((wire, admitted))) => stream_on(&shared, wire, admitted).await,
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

fn struck_at_accept(shared: &Shared) -> Option<Fault> {
    let mut desk = shared.desk();
    let planned = shared.settings.faults.at_accept(desk.attempts + 1)?;
    desk.attempts += 1;
    shared.settings.faults.count(&planned);
    Some(planned.fault)
}

async fn stall(shared: &Shared, wire: &mut Wire, span: Option<Duration>) {
    let time = async {
        match span {
            Some(span) => tokio::time::sleep(span).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time => {}
        () = wire.gone() => {}
        () = shared.stop.cancelled() => {}
    }
}

/// Answers requests until one becomes a stream or the connection ends.
async fn converse(shared: &Shared, tcp: TcpStream) -> std::io::Result<Option<(Wire, Admitted)>> {
    let mut wire = Wire::accept(tcp, shared.tls.as_ref()).await?;
    let mut rest = Vec::new();
    while let Some(request) = request::read(&mut wire, &mut rest).await? {
        match answer(shared, &request) {
            Answer::Respond(response, rate) => {
                wire.write_all(&response.bytes(rate)).await?;
                wire.flush().await?;
                if request.wants_close() {
                    wire.finish().await;
                    return Ok(None);
                }
            }
            Answer::Stall(span) => {
                stall(shared, &mut wire, span).await;
                return Ok(None);
            }
            Answer::Stream(admitted) => return Ok(Some((wire, admitted))),
        }
    }
    Ok(None)
}

async fn stream_on(shared: &Shared, mut wire: Wire, admitted: Admitted) {
    let Admitted {
        number,
        endpoint,
        backfill_minutes,
        rate,
    } = admitted;
    shared.ledger.open(number, endpoint);
    let head = stream_head(rate);
    match wire.send(&head, shared.settings.slow_reader, &mut 0).await {
        Ok(()) => stream::run(shared, wire, number, endpoint, backfill_minutes).await,
        Err(_) => shared.stream_ended(number, End::ClientGone),
    }
}

fn answer(shared: &Shared, request: &Request) -> Answer {
    let refuse = |status| Answer::Respond(bodies::refusal(status), None);
    let authorised = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let authorised = authorised == Some(shared.settings.token.as_str());
    match (
        request.method.as_str(),
        request.path.as_str(),
        Endpoint::at(&request.path),
    ) {
        ("GET", _, Some(endpoint)) => answer_stream(shared, request, endpoint, authorised),
        _ if !authorised => refuse(Status::Unauthorized),
        ("GET", "/2/tweets/search/stream/rules/counts", _) => {
            Answer::Respond(shared.desk().rules.counts(), None)
        }
        ("GET" | "POST", "/2/tweets/search/stream/rules", _) => answer_rules(shared, request),
        _ => refuse(Status::NotFound),
    }
}

fn answer_stream(shared: &Shared, request: &Request, endpoint: Endpoint, authorised: bool) -> Answer {
    let mut desk = shared.desk();
    desk.attempts += 1;
    let number = desk.attempts;
    if let Some(planned) = shared.settings.faults.at_request(number) {
        let rate = desk.connects.take(Instant::now());
        return struck(shared, &planned, rate.unwrap_or_else(|spent| spent));
    }
    if !authorised {
        return Answer::Respond(bodies::refusal(Status::Unauthorized), None);
    }
    let rate = match desk.connects.take(Instant::now()) {
        Ok(rate) => rate,
        Err(rate) => {
            return Answer::Respond(
                bodies::refusal(Status::RateLimited {
                    reset: Duration::ZERO,
                }),
                Some(rate),
            );
        }
    };
    let query = match params::check(request, endpoint, shared.settings.backfill_allowed) {
        Ok(query) => query,
        Err(response) => return Answer::Respond(response, Some(rate)),
    };
    if endpoint == Endpoint::Search && shared.settings.rules_required && desk.rules.all().is_empty() {
        return Answer::Respond(bodies::refusal(Status::Conflict), Some(rate));
    }
    if !desk.slots.take(endpoint, number, Instant::now()) {
        return Answer::Respond(bodies::refusal(Status::TooManyConnections), Some(rate));
    }
    Answer::Stream(Admitted {
        number,
        endpoint,
        backfill_minutes: query.backfill_minutes,
        rate,
    })
}

/// A planned answer.
fn struck(shared: &Shared, planned: &Planned, mut rate: RateLimit) -> Answer {
    shared.settings.faults.count(planned);
    let Fault::Status(status) = planned.fault else {
        let span = if let Fault::HeadStall(span) = planned.fault {
            span
        } else {
            None
        };
        return Answer::Stall(span);
    };
    if let Status::RateLimited { reset } | Status::RateLimitedText { reset } = status {
        rate.remaining = 0;
        rate.reset = (time::now_ms() + reset.as_millis() as u64).div_ceil(1000);
    }
    Answer::Respond(bodies::refusal(status), Some(rate))
}

fn answer_rules(shared: &Shared, request: &Request) -> Answer {
    let mut desk = shared.desk();
    desk.rule_requests += 1;
    let is_read = request.method == "GET";
    let window = if is_read {
        &mut desk.rule_reads
    } else {
        &mut desk.rule_writes
    };
    let taken = window.take(Instant::now());
    if let Some(planned) = shared.settings.faults.at_rules(desk.rule_requests) {
        return struck(shared, &planned, taken.unwrap_or_else(|spent| spent));
    }
    let rate = match taken {
        Ok(rate) => rate,
        Err(rate) => {
            return Answer::Respond(
                bodies::refusal(Status::RateLimited {
                    reset: Duration::ZERO,
                }),
                Some(rate),
            );
        }
    };
    let response = if is_read {
        desk.rules.get(request)
    } else {
        let response = desk.rules.post(request);
        shared.rules_changed(&desk);
        response
    };
    Answer::Respond(response, Some(rate))
}
