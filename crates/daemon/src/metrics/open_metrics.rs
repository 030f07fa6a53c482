//! OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>), for whoever asks for it: the same page, with what
//! the format writes otherwise than Prometheus' text does.

/// The format's name, as scrapers ask for it.
pub(crate) const NAME: &str = "application/openmetrics-text";
/// The type of a page in it.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A page in Prometheus' text format as OpenMetrics.
pub(crate) fn page(text: &str) -> String {
    let mut page = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        match line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')) {
            Some((keyword, rest)) => page.push_str(&described(keyword, rest)),
            None => page.push_str(&with_float_bound(line)),
        }
        page.push('\n');
    }
    page.push_str("# EOF\n");
    page
}

/// Counters are described by their name without `_total`; quotes are escaped.
fn described(keyword: &str, rest: &str) -> String {
    let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let name = name.strip_suffix("_total").unwrap_or(name);
    format!("# {keyword} {name} {}", words.replace('"', "\\\""))
}

/// The bound of a bucket is a float, also where it is whole.
fn with_float_bound(line: &str) -> String {
    let is_whole = |bound: &str| bound.bytes().all(|byte| byte.is_ascii_digit());
    let found = line.split_once("le=\"").and_then(|(before, rest)| {
        let (bound, after) = rest.split_once('"')?;
        let is_bound = before.ends_with(['{', ',']) && is_whole(bound);
        is_bound.then(|| format!("{before}le=\"{bound}.0\"{after}"))
    });
    found.unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_formats_write_differently_is_translated_and_nothing_else() {
        let text = "# HELP a_total Of \"x\".\n# TYPE a_total counter\na_total{b=\"# c\",role=\"7\"} 1\n\
                    # HELP d_seconds D.\n# TYPE d_seconds histogram\n\
                    d_seconds_bucket{sink=\"s\",le=\"0.5\"} 1\nd_seconds_bucket{sink=\"s\",le=\"10\"} 2\n\
                    d_seconds_bucket{sink=\"s\",le=\"+Inf\"} 2\nd_seconds_sum{sink=\"s\"} 3\nd_seconds_count{sink=\"s\"} 2\n\
                    # HELP e E.\n# TYPE e gauge\ne NaN\n";
        let expected = "# HELP a Of \\\"x\\\".\n# TYPE a counter\na_total{b=\"# c\",role=\"7\"} 1\n\
                        # HELP d_seconds D.\n# TYPE d_seconds histogram\n\
                        d_seconds_bucket{sink=\"s\",le=\"0.5\"} 1\nd_seconds_bucket{sink=\"s\",le=\"10.0\"} 2\n\
                        d_seconds_bucket{sink=\"s\",le=\"+Inf\"} 2\nd_seconds_sum{sink=\"s\"} 3\nd_seconds_count{sink=\"s\"} 2\n\
                        # HELP e E.\n# TYPE e gauge\ne NaN\n# EOF\n";
        assert_eq!(page(text), expected);
    }
}
