//! `/2/usage/tweets`: the posts that the account has read, by the ledger.

use super::parameter::{names, outside, unknown};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::ServerState;
use crate::template::{Values, fill};
use crate::time;

/// The month's posts of an account that pays for each.
const CAP: u64 = 2_000_000;

/// What an answer may hold.
const FIELDS: [&str; 6] = [
    "cap_reset_day",
    "daily_client_app_usage",
    "daily_project_usage",
    "project_cap",
    "project_id",
    "project_usage",
];
/// What it holds unless it is asked for something else.
const DEFAULT: [&str; 4] = ["cap_reset_day", "project_cap", "project_id", "project_usage"];

/// Are the month's posts used up?
pub(crate) fn is_spent(state: &ServerState) -> bool {
    state
        .settings
        .usage_cap
        .is_some_and(|cap| state.ledger.totals().posts >= cap)
}

pub(super) fn get(state: &ServerState, request: &Request) -> Result<Response, Response> {
    let mut fields = DEFAULT.to_vec();
    for (name, value) in &request.query {
        match (name.as_str(), value.parse()) {
            ("usage.fields", _) => fields = names(name, value, &FIELDS)?,
            ("days", Ok(1..=90_u32)) => {}
            ("days", _) => return Err(outside(name, value, 1, 90)),
            _ => return Err(unknown(name, value)),
        }
    }
    let used = state.ledger.totals().posts;
    let has = |field: &str| fields.contains(&field);
    // Everything was read today: the ledger begins with the simulator.
    let day = time::rfc3339(time::now_ms() / 86_400_000 * 86_400_000);
    let daily = |shown: bool| shown.then(|| used.to_string());
    let values = Values::new()
        .maybe("reset", has("cap_reset_day").then_some(12))
        .with("day", day)
        .maybe("apps", daily(has("daily_client_app_usage")))
        .maybe("daily", daily(has("daily_project_usage")))
        .maybe(
            "cap",
            has("project_cap").then_some(state.settings.usage_cap.unwrap_or(CAP)),
        )
        .maybe("project", has("project_id").then_some("1595000000000000000"))
        .maybe("used", daily(has("project_usage")));
    Ok(Response::json(
        200,
        fill(include_str!("../../data/account/usage.tpl"), &values),
    ))
}
