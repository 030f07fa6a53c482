//! Redaction: values as far as everybody may see them.

/// `value` of the key with this path, as far as everybody may see it.
pub(super) fn public(path: &[String], value: &str) -> String {
    let name = path.last().map_or("", String::as_str);
    let entry = path.iter().any(|part| part == "properties");
    // In a variable's name an underscore stands for a dot.
    if entry && sink_kafka::is_secret(&name.replace('_', ".")) {
        return "(secret)".to_owned();
    }
    without_user(value)
}

/// A text whose URL names no user and no password.
fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // A password may hold an @ that nobody has escaped.
    let host = rest.rsplit_once('@').map(|(_, host)| format!("(secret)@{host}"));
    format!("{scheme}://{}", host.unwrap_or_else(|| rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let path = |name: &str| ["sink", "0", "properties", name].map(str::to_owned).to_vec();
        for (name, value, shown) in [
            ("sasl.password", "\"feed\"", "(secret)"),
            ("sasl_password", "\"feed\"", "(secret)"),
            ("linger.ms", "5", "5"),
            (
                "proxy",
                "\"socks5://me:p@ss@proxy:1\"",
                "\"socks5://(secret)@proxy:1\"",
            ),
        ] {
            assert_eq!(public(&path(name), value), shown);
        }
        let url = ["sink", "0", "url"].map(str::to_owned);
        let shown = public(&url, "\"amqp://guest:s3cret@localhost:5672/%2f\"");
        assert_eq!(shown, "\"amqp://(secret)@localhost:5672/%2f\"");
        assert_eq!(public(&url, "\"https://api.x.com\""), "\"https://api.x.com\"");
    }
}
