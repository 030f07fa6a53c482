//! Who is let into a stream of v1.1: the reverse of v2, where the newest is refused.

use std::time::Instant;

use super::oauth::{self, Fault};
use super::params::{self, plain};
use crate::endpoint::{Endpoint, Feed};
use crate::http::options::Options;
use crate::http::request::Request;
use crate::http::response::{RateLimit, Response};
use crate::state::ServerState;
use crate::time;

/// Nonces that are remembered.
const NONCES: usize = 10_000;

/// Lets attempt `number` in, in the place of the one before it, or says why not.
pub(crate) fn admit(
    state: &ServerState,
    request: &Request,
    endpoint: Endpoint,
    number: u32,
) -> Result<(Options, RateLimit), Response> {
    let mut admission = state.admission();
    let nonce = oauth::check(request, &state.settings.oauth, state.tls.is_some(), time::now_s());
    let nonce = nonce.map_err(|fault| unauthorized(fault, &request.path))?;
    if admission.nonces.contains(&nonce) {
        return Err(unauthorized(Fault::Signature, &request.path));
    }
    admission.nonces.push_back(nonce);
    if admission.nonces.len() > NONCES {
        admission.nonces.pop_front();
    }
    let rate = admission.connects.take(Instant::now()).map_err(|_| {
        plain(
            420,
            "Easy there, Turbo. Too many requests recently. Enhance your calm.",
        )
    })?;
    let options = params::check(
        request,
        endpoint == Endpoint::Filter,
        state.settings.backfill_allowed,
    )?;
    let oldest = admission.slots.take_over(Feed::whole(endpoint), number);
    drop(admission);
    state.evict(oldest);
    Ok((options, rate))
}

fn unauthorized(fault: Fault, path: &str) -> Response {
    match fault {
        Fault::Clock => plain(401, "Timestamp out of bounds."),
        Fault::Signature => Response {
            status: 401,
            content_type: "text/html",
            location: None,
            body: format!(
                "<html>\n<head>\n<title>Error 401 Unauthorized</title>\n</head>\n<body>\n<h2>HTTP ERROR: 401</h2>\n\
                 <p>Problem accessing '{path}'. Reason:\n<pre>    Unauthorized</pre>\n</body>\n</html>\n"
            ),
        },
    }
}
