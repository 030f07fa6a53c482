//! `/2/connections`: what the account has open and had open, and the end of what it names. A ghost is open as far as X knows.

use std::time::Instant;

use serde::Deserialize;

use super::parameter::{names, outside, unknown};
use crate::admission::Admission;
use crate::endpoint::Endpoint;
use crate::history::Known;
use crate::http::bodies::invalid;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::json::string;
use crate::state::ServerState;
use crate::template::{Values, fill};
use crate::time;

/// Connections that one request may end.
const MOST: usize = 100;
/// What is said of a connection.
const FIELDS: [&str; 6] = [
    "client_ip",
    "connected_at",
    "disconnect_reason",
    "disconnected_at",
    "endpoint_name",
    "id",
];

/// Which connections a GET asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Active,
    Inactive,
    All,
}

/// Answers a GET: one page.
pub(super) fn get(admission: &Admission, request: &Request) -> Result<Response, Response> {
    let (mut which, mut endpoints, mut fields) = (Which::Active, None, vec!["id"]);
    let (mut most, mut from) = (10, 0);
    for (name, value) in &request.query {
        match (name.as_str(), value.as_str(), value.parse()) {
            ("status", "active", _) => which = Which::Active,
            ("status", "inactive", _) => which = Which::Inactive,
            ("status", "all", _) => which = Which::All,
            ("endpoints", ids, _) => endpoints = Some(names(name, ids, &Endpoint::ids())?),
            ("connection.fields", list, _) => fields = names(name, list, &FIELDS)?,
            ("max_results", _, Ok(number @ 1..=100_usize)) => most = number,
            ("max_results", ..) => return Err(outside(name, value, 1, 100)),
            ("pagination_token", _, Ok(number)) if value.len() == 16 => from = number,
            ("status" | "pagination_token", ..) => {
                let message = format!("The `{name}` query parameter value [{value}] is not valid");
                return Err(invalid(name, Some(value), &message));
            }
            _ => return Err(unknown(name, value)),
        }
    }
    let now = Instant::now();
    let wanted = |known: &&Known| {
        let active = admission.slots.holds(known.number, now);
        let status = which == Which::All || active == (which == Which::Active);
        status
            && endpoints
                .as_ref()
                .is_none_or(|some| some.contains(&known.endpoint))
    };
    let all: Vec<_> = admission.history.known().filter(wanted).collect();
    let page = all.iter().skip(from).take(most);
    let data: Vec<_> = page
        .map(|known| described(known, admission.slots.holds(known.number, now), &fields))
        .collect();
    let next = from + data.len();
    let values = Values::new()
        .list("data", &data)
        .with("count", data.len())
        .maybe("next", (next < all.len()).then(|| format!("{next:016}")));
    Ok(Response::json(
        200,
        fill(include_str!("../../data/account/connections.tpl"), &values),
    ))
}

fn described(known: &Known, is_active: bool, fields: &[&str]) -> String {
    let has = |field: &str| fields.contains(&field);
    let ended = known.ended.filter(|_| !is_active);
    let values = Values::new()
        .maybe("id", has("id").then_some(&known.id))
        .maybe("endpoint", has("endpoint_name").then_some(known.endpoint))
        .maybe("client", has("client_ip").then_some(known.client))
        .maybe("since", has("connected_at").then(|| time::rfc3339(known.since)))
        .maybe(
            "until",
            ended
                .filter(|_| has("disconnected_at"))
                .map(|(at, _)| time::rfc3339(at)),
        )
        .maybe(
            "reason",
            ended
                .filter(|_| has("disconnect_reason"))
                .map(|(_, reason)| reason),
        );
    fill(include_str!("../../data/account/connection.tpl"), &values)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    uuids: Vec<String>,
}

/// Answers a DELETE of connections that are named by their ids.
pub(super) fn kill_named(
    state: &ServerState,
    admission: &mut Admission,
    request: &Request,
) -> Result<Response, Response> {
    let named = serde_json::from_slice::<Named>(&request.body).ok();
    let named = named.filter(|named| (1..=MOST).contains(&named.uuids.len()));
    let Some(Named { uuids }) = named else {
        let message = format!("The request body must hold `uuids`, 1 to {MOST} of them");
        return Err(invalid("uuids", None, &message));
    };
    let now = Instant::now();
    let mut killed = Vec::new();
    let mut results = Vec::new();
    for id in &uuids {
        let known = admission.history.known().find(|known| known.id == *id);
        let known = known.filter(|known| admission.slots.holds(known.number, now));
        killed.extend(known.map(|known| known.number));
        let wrong = known
            .is_none()
            .then(|| string("Connection not found or no longer active"));
        results.push(result(id, wrong));
    }
    killed.sort_unstable();
    killed.dedup();
    Ok(kill(state, admission, killed, &results))
}

/// Answers a DELETE of all connections, or of one endpoint's.
pub(super) fn kill_of(
    state: &ServerState,
    admission: &mut Admission,
    which: &str,
) -> Result<Response, Response> {
    if which != "all" && !Endpoint::ids().contains(&which) {
        let message = format!("The `endpoint_id` path parameter value [{which}] is not valid");
        return Err(invalid("endpoint_id", Some(which), &message));
    }
    let now = Instant::now();
    let known = admission.history.known();
    let open = known.filter(|known| {
        (which == "all" || known.endpoint == which) && admission.slots.holds(known.number, now)
    });
    let (killed, results): (Vec<_>, Vec<_>) =
        open.map(|known| (known.number, result(&known.id, None))).unzip();
    Ok(kill(state, admission, killed, &results))
}

fn result(id: &str, wrong: Option<String>) -> String {
    let values = Values::new()
        .with("id", string(id))
        .with("success", wrong.is_none())
        .maybe("wrong", wrong);
    fill(include_str!("../../data/account/kill.tpl"), &values)
}

/// Frees the slots at once; the streams end as soon as they notice.
fn kill(state: &ServerState, admission: &mut Admission, killed: Vec<u32>, results: &[String]) -> Response {
    for number in &killed {
        admission.slots.release(*number);
        admission.history.close(*number, "operator_disconnect");
    }
    let values = Values::new()
        .with("successful", killed.len())
        .with("failed", results.len() - killed.len().min(results.len()))
        .list("results", results);
    state.evict(killed);
    Response::json(200, fill(include_str!("../../data/account/killed.tpl"), &values))
}
