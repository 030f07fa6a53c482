//! Validation of the account's query parameters.

use crate::http::bodies::invalid;
use crate::http::response::Response;

/// The refusal of a parameter that an endpoint does not take.
pub(super) fn unknown(name: &str, value: &str) -> Response {
    let message = format!("The query parameter [{name}] is not one of those that this endpoint takes");
    invalid(name, Some(value), &message)
}

/// The refusal of a number that lies outside of its range.
pub(super) fn outside(name: &str, value: &str, least: u32, most: u32) -> Response {
    let message = format!("The `{name}` query parameter value [{value}] is not between {least} and {most}");
    invalid(name, Some(value), &message)
}

/// The names of a list, of those that are known.
pub(super) fn names<'r>(name: &str, value: &'r str, known: &[&str]) -> Result<Vec<&'r str>, Response> {
    let wrong = |item: &str| {
        let known = known.join(",");
        let message = format!("The `{name}` query parameter value [{item}] is not one of [{known}]");
        invalid(name, Some(item), &message)
    };
    let check = |item: &'r str| known.contains(&item).then_some(item).ok_or_else(|| wrong(item));
    value.split(',').map(check).collect()
}
