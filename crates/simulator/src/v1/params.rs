//! Limits of v1.1's parameters, with the texts of its refusals.

use std::ops::RangeInclusive;

use crate::http::options::Options;
use crate::http::request::Request;
use crate::http::response::Response;

/// A refusal in plain text.
pub(super) fn plain(status: u16, text: &str) -> Response {
    Response {
        status,
        content_type: "text/plain; charset=utf-8",
        location: None,
        body: format!("{text}\r\n"),
    }
}

/// Checks what a stream was asked for; a filter needs a predicate.
pub(super) fn check(request: &Request, is_filter: bool, count_allowed: bool) -> Result<Options, Response> {
    let mut options = Options::default();
    let mut predicates = 0;
    for (name, value) in request.query.iter().cloned().chain(request.form()) {
        match name.as_str() {
            "track" | "follow" | "locations" if !is_filter => {}
            "track" => track(&value)?,
            "follow" => follow(&value)?,
            "locations" => locations(&value)?,
            "count" => options.count = count(&value, count_allowed)?,
            "delimited" if value == "length" => options.delimited = true,
            "delimited" => return Err(plain(406, "Parameter delimited must be length")),
            // tweepy writes it with a capital.
            "stall_warnings" => options.stall_warnings = value.eq_ignore_ascii_case("true"),
            _ => {}
        }
        predicates += usize::from(matches!(name.as_str(), "track" | "follow" | "locations"));
    }
    if is_filter && predicates == 0 {
        let text = "No filter parameters found. Expect at least one parameter: follow track locations";
        return Err(plain(406, text));
    }
    Ok(options)
}

fn items<'v>(value: &'v str, name: &str, most: usize) -> Result<Vec<&'v str>, Response> {
    let items: Vec<_> = value.split(',').collect();
    if items.len() > most {
        return Err(plain(
            413,
            &format!(
                "Parameter {name} has {} items; at most {most} are allowed",
                items.len()
            ),
        ));
    }
    Ok(items)
}

fn track(value: &str) -> Result<(), Response> {
    for (at, item) in items(value, "track", 400)?.into_iter().enumerate() {
        let what = match item.len() {
            0 => "too short",
            1..=60 => continue,
            _ => "too long",
        };
        return Err(plain(
            406,
            &format!("Parameter track item index {at} {what}: {item}"),
        ));
    }
    Ok(())
}

fn follow(value: &str) -> Result<(), Response> {
    for (at, item) in items(value, "follow", 5_000)?.into_iter().enumerate() {
        if item.parse::<u64>().is_err() {
            return Err(plain(
                406,
                &format!("Parameter follow item index {at} is not a user id: {item}"),
            ));
        }
    }
    Ok(())
}

fn locations(value: &str) -> Result<(), Response> {
    let numbers: Option<Vec<f64>> = value.split(',').map(|text| text.parse().ok()).collect();
    let numbers = numbers.ok_or_else(|| plain(406, "Parameter locations is not a list of numbers"))?;
    if numbers.len() > 100 {
        return Err(plain(413, "Parameter locations has too many boxes"));
    }
    let side: RangeInclusive<f64> = 0.1..=360.0;
    let is_box = |four: &[f64]| matches!(four, [west, south, east, north] if side.contains(&(east - west)) && side.contains(&(north - south)));
    match numbers.chunks(4).position(|four| !is_box(four)) {
        None => Ok(()),
        Some(at) => Err(plain(
            406,
            &format!("Parameter locations item index {at} is not a valid bounding box"),
        )),
    }
}

fn count(value: &str, allowed: bool) -> Result<i64, Response> {
    match value.parse::<i64>() {
        Ok(count) if count != 0 && (-150_000..=150_000).contains(&count) && allowed => Ok(count),
        Ok(_) => Err(plain(
            416,
            "Parameter count not allowed in this role, or out of range",
        )),
        Err(_) => Err(plain(406, "Parameter count is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Request {
        Request {
            query: pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Request::default()
        }
    }

    #[test]
    fn refusals_name_what_is_wrong() {
        let long = "x".repeat(61);
        let many = vec!["a"; 401].join(",");
        for (name, value, status, words) in [
            ("track", long.as_str(), 406, "track item index 0 too long"),
            ("track", "a,,b", 406, "index 1 too short"),
            ("track", &many, 413, "401 items"),
            ("follow", "12,x", 406, "index 1 is not a user id"),
            ("locations", "1,2,3", 406, "bounding box"),
            ("locations", "5,5,1,1", 406, "bounding box"),
            ("count", "0", 416, "count"),
            ("count", "150001", 416, "count"),
            ("language", "en", 406, "No filter parameters"),
        ] {
            let refused = check(&asked(&[(name, value)]), true, true).unwrap_err();
            assert_eq!(refused.status, status, "{name}={value}");
            assert!(refused.body.contains(words), "{}", refused.body);
        }
        let fine = [
            ("track", "a"),
            ("delimited", "length"),
            ("stall_warnings", "True"),
            ("count", "-7"),
        ];
        let options = check(&asked(&fine), true, true).unwrap();
        assert!(options.delimited && options.stall_warnings && options.count == -7);
        assert!(check(&asked(&[]), false, false).is_ok());
    }
}
