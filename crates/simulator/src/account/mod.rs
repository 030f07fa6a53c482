//! The account's own endpoints: how many posts it has read, and its connections, some of which may be ghosts.

mod connections;
mod usage;

pub(crate) use self::connections::History;
pub(crate) use self::usage::is_spent;
use crate::admission::Admission;
use crate::fault::Status;
use crate::http::bodies::{invalid, refusal};
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

/// The refusal of a parameter that an endpoint does not take.
fn unknown(name: &str, value: &str) -> Response {
    let message = format!("The query parameter [{name}] is not one of those that this endpoint takes");
    invalid(name, Some(value), &message)
}

/// The refusal of a number that lies outside of its range.
fn outside(name: &str, value: &str, least: u32, most: u32) -> Response {
    let message = format!("The `{name}` query parameter value [{value}] is not between {least} and {most}");
    invalid(name, Some(value), &message)
}

/// The names of a list, of those that are known.
fn names<'r>(name: &str, value: &'r str, known: &[&str]) -> Result<Vec<&'r str>, Response> {
    let wrong = |item: &str| {
        let known = known.join(",");
        let message = format!("The `{name}` query parameter value [{item}] is not one of [{known}]");
        invalid(name, Some(item), &message)
    };
    let check = |item: &'r str| known.contains(&item).then_some(item).ok_or_else(|| wrong(item));
    value.split(',').map(check).collect()
}
