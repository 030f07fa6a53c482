//! The account's own endpoints: how many posts it has read, and its connections, some of which may be ghosts.

mod connections;
mod parameter;
mod usage;

pub(crate) use self::usage::is_spent;
use crate::admission::Admission;
use crate::fault::Status;
use crate::http::bodies::refusal;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::ServerState;

const USAGE: &str = "/2/usage/tweets";
const CONNECTIONS: &str = "/2/connections";

/// Is one of them at this path?
pub(crate) fn is_at(path: &str) -> bool {
    path == USAGE || path.strip_prefix(CONNECTIONS).is_some_and(is_of_connections)
}

fn is_of_connections(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// Answers a request to one of them.
pub(crate) fn answer(state: &ServerState, admission: &mut Admission, request: &Request) -> Response {
    let rest = request.path.strip_prefix(CONNECTIONS);
    let answered = match (request.method.as_str(), request.path.as_str(), rest) {
        ("GET", USAGE, _) => usage::get(state, request),
        ("GET", CONNECTIONS, _) => connections::get(admission, request),
        ("DELETE", CONNECTIONS, _) => connections::kill_named(state, admission, request),
        ("DELETE", _, Some(rest)) => connections::kill_of(state, admission, rest.trim_start_matches('/')),
        _ => Ok(refusal(Status::NotFound)),
    };
    answered.unwrap_or_else(|refused| refused)
}
