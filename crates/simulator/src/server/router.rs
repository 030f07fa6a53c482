//! Routing: which answer a request gets, and whether a stream is let in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::admission::Admission;
use crate::endpoint::{Endpoint, Feed};
use crate::fault::{Fault, Planned, Status};
use crate::http::bodies;
use crate::http::coding::Coding;
use crate::http::options::Options;
use crate::http::params::{self, Asked, Past};
use crate::http::request::Request;
use crate::http::response::{RateLimit, Response};
use crate::settings::Unasked;
use crate::state::ServerState;
use crate::{account, time, v1};

/// Outcome of a request.
pub(super) enum Answer {
    Respond(Response, Option<RateLimit>),
    Stream(Admitted),
    Stall(Option<Duration>),
}

/// A stream that was let in, to be answered with 200.
pub(super) struct Admitted {
    pub(super) number: u32,
    pub(super) feed: Feed,
    pub(super) past: Past,
    pub(super) rate: RateLimit,
    pub(super) options: Options,
}

/// Answers a request, whatever it is.
pub(super) fn answer(state: &Arc<ServerState>, request: &Request) -> Answer {
    let refuse = |status| Answer::Respond(bodies::refusal(status), None);
    let authorised = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let authorised = authorised == Some(state.settings.token.as_str());
    match (
        request.method.as_str(),
        request.path.as_str(),
        Endpoint::at(&request.path),
    ) {
        (method, _, Some(endpoint)) if endpoint.takes(method) => {
            answer_stream(state, request, endpoint, authorised)
        }
        _ if !authorised => refuse(Status::Unauthorized),
        ("GET", "/2/tweets/search/stream/rules/counts", _) => {
            Answer::Respond(state.admission().rules.counts(), None)
        }
        (_, path, _) if account::is_at(path) => answer_account(state, request),
        ("GET" | "POST", "/2/tweets/search/stream/rules", _) => answer_rules(state, request),
        (_, "/2/powerstream/rules", _) => answer_powerstream_rules(state, request),
        _ => refuse(Status::NotFound),
    }
}

fn answer_stream(state: &ServerState, request: &Request, endpoint: Endpoint, authorised: bool) -> Answer {
    let mut admission = state.admission();
    admission.attempts += 1;
    let number = admission.attempts;
    if let Some(planned) = state.settings.faults.at_request(number) {
        let rate = admission.connects.take(Instant::now());
        return struck(state, &planned, rate.unwrap_or_else(|spent| spent));
    }
    if endpoint.is_v1() {
        drop(admission);
        return match v1::admit(state, request, endpoint, number) {
            Ok((options, rate)) => Answer::Stream(Admitted {
                number,
                feed: Feed::whole(endpoint),
                past: Past::Minutes(0),
                rate,
                options: Options {
                    coding: Coding::of(request, state.settings.compression),
                    ..options
                },
            }),
            Err(response) => Answer::Respond(response, None),
        };
    }
    if !authorised {
        return Answer::Respond(bodies::refusal(Status::Unauthorized), None);
    }
    let rate = match admission.connects.take(Instant::now()) {
        Ok(rate) => rate,
        Err(rate) => return spent(rate),
    };
    match admit(state, &mut admission, request, endpoint, number) {
        Ok((feed, past, options)) => Answer::Stream(Admitted {
            number,
            feed,
            past,
            rate,
            options,
        }),
        Err(response) => Answer::Respond(response, Some(rate)),
    }
}

/// Lets attempt `number` into a stream of v2, or says why not.
fn admit(
    state: &ServerState,
    admission: &mut Admission,
    request: &Request,
    endpoint: Endpoint,
    number: u32,
) -> Result<(Feed, Past, Options), Response> {
    let Asked {
        feed,
        past,
        options,
        selection,
    } = params::check(request, endpoint, state.settings.backfill_allowed)?;
    if feed.has_rules() && state.settings.rules_required && admission.rules.all().is_empty() {
        return Err(bodies::refusal(Status::Conflict));
    }
    if account::is_spent(state) {
        return Err(bodies::refusal(Status::UsageCap));
    }
    // Whether a recovery takes a slot, X does not say; it is there to run beside a stream.
    let is_live = matches!(past, Past::Minutes(_));
    if is_live && !admission.slots.take(feed, number, Instant::now()) {
        return Err(bodies::refusal(Status::TooManyConnections));
    }
    let everything = selection.is_empty() && state.settings.unasked == Unasked::Everything;
    let options = Options {
        coding: Coding::of(request, state.settings.compression),
        view: if everything { 0 } else { state.pool.view(selection) },
        ..options
    };
    Ok((feed, past, options))
}

/// The refusal when a window has no requests left.
fn spent(rate: RateLimit) -> Answer {
    let reset = Duration::ZERO;
    Answer::Respond(bodies::refusal(Status::RateLimited { reset }), Some(rate))
}

/// What a planned fault makes of a request.
fn struck(state: &ServerState, planned: &Planned, mut rate: RateLimit) -> Answer {
    state.settings.faults.count(planned);
    let status = match planned.fault {
        Fault::Status(status) => status,
        Fault::Garbage(kind) => {
            let body = String::from_utf8_lossy(&kind.line()).into_owned();
            return Answer::Respond(Response::json(200, body), Some(rate));
        }
        Fault::HeadStall(span) => return Answer::Stall(span),
        _ => return Answer::Stall(None),
    };
    if let Status::RateLimited { reset } | Status::RateLimitedText { reset } = status {
        rate.remaining = 0;
        rate.reset = (time::now_ms() + reset.as_millis() as u64).div_ceil(1000);
    }
    Answer::Respond(bodies::refusal(status), Some(rate))
}

fn answer_account(state: &ServerState, request: &Request) -> Answer {
    let mut admission = state.admission();
    admission.account_requests += 1;
    let window = match request.method.as_str() {
        "DELETE" => &mut admission.kills,
        _ => &mut admission.account_reads,
    };
    let taken = window.take(Instant::now());
    if let Some(planned) = state.settings.faults.at_account(admission.account_requests) {
        return struck(state, &planned, taken.unwrap_or_else(|spent| spent));
    }
    match taken {
        Ok(rate) => Answer::Respond(account::answer(state, &mut admission, request), Some(rate)),
        Err(rate) => spent(rate),
    }
}

fn answer_rules(state: &Arc<ServerState>, request: &Request) -> Answer {
    let mut admission = state.admission();
    admission.rule_requests += 1;
    let is_read = request.method == "GET";
    let window = if is_read {
        &mut admission.rule_reads
    } else {
        &mut admission.rule_writes
    };
    let taken = window.take(Instant::now());
    if let Some(planned) = state.settings.faults.at_rules(admission.rule_requests) {
        return struck(state, &planned, taken.unwrap_or_else(|spent| spent));
    }
    let rate = match taken {
        Ok(rate) => rate,
        Err(rate) => return spent(rate),
    };
    let response = if is_read {
        admission.rules.get(request)
    } else {
        let response = admission.rules.post(request);
        if state.settings.rule_delay.is_zero() {
            state.rules_changed(&admission);
        } else {
            tokio::spawn(show_rules(state.clone()));
        }
        response
    };
    Answer::Respond(response, Some(rate))
}

fn answer_powerstream_rules(state: &ServerState, request: &Request) -> Answer {
    let mut admission = state.admission();
    match admission.powerstream_requests.take(Instant::now()) {
        Ok(rate) => Answer::Respond(admission.powerstream_rules.powerstream(request), Some(rate)),
        Err(rate) => spent(rate),
    }
}

/// Lets the stream match the rules as they are now, a while later.
async fn show_rules(state: Arc<ServerState>) {
    tokio::select! {
        () = tokio::time::sleep(state.settings.rule_delay) => state.rules_changed(&state.admission()),
        () = state.stop.cancelled() => {}
    }
}
