use super::*;

const X: &str = "https://api.x.com";

fn named(variables: &[(&str, &'static str)], base_url: &str) -> Result<Option<String>, ProxyVariableError> {
    let get = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let base_url = BaseUrl::parse(base_url, true).unwrap();
    let url = ProxyUrl::from_environment(get, &base_url)?;
    Ok(url.map(|url| url.to_string()))
}

#[test]
fn a_proxy_is_read_as_others_read_it_and_shown_without_its_password() {
    for (text, shown) in [
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "http://proxy:3128"),
        ("HTTP://proxy/", "http://proxy:80"),
        ("https://bird:s3cret@proxy", "https://proxy:443"),
        ("socks5://[::1]", "socks5://[::1]:1080"),
        ("socks5h://bird:s3%40cret@10.0.0.1:9", "socks5h://10.0.0.1:9"),
    ] {
        let url = ProxyUrl::parse(text).unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), format!("ProxyUrl({shown})"));
    }
    let url = ProxyUrl::parse("http://bird:s3%40c:ret@proxy").unwrap();
    assert_eq!(url.credentials(), Some(("bird", "s3@c:ret")));
    assert_eq!(url.basic_auth().unwrap(), "Basic YmlyZDpzM0BjOnJldA==");
    for text in [
        "",
        "http://",
        "http://proxy:x",
        "http://proxy/path",
        "http://a b",
        "http://%ff@p",
        "http://proxy?a",
    ] {
        assert_eq!(ProxyUrl::parse(text), Err(ProxyUrlError::Malformed), "{text}");
    }
    for text in ["socks4://proxy", "ftp://proxy:1", "://proxy"] {
        assert_eq!(ProxyUrl::parse(text), Err(ProxyUrlError::Scheme), "{text}");
    }
}

#[test]
fn the_environment_names_a_proxy_unless_it_excepts_the_host() {
    let proxy = ("https_proxy", "http://bird:s3cret@proxy:3128");
    let shown = Ok(Some("http://proxy:3128".to_owned()));
    assert_eq!(named(&[], X), Ok(None));
    assert_eq!(named(&[("HTTPS_PROXY", " ")], X), Ok(None));
    assert_eq!(named(&[proxy], X), shown);
    assert_eq!(named(&[("ALL_PROXY", "socks5h://s"), proxy], X), shown);
    assert_eq!(
        named(&[("ALL_PROXY", "socks5h://s")], X),
        Ok(Some("socks5h://s:1080".to_owned()))
    );
    for exceptions in ["*", "api.x.com", "localhost, .x.com", "X.COM", "x.com:443, *"] {
        assert_eq!(
            named(&[proxy, ("NO_PROXY", exceptions)], X),
            Ok(None),
            "{exceptions}"
        );
    }
    for exceptions in ["", "y.com", "notapi.x.com", "10.0.0.0/8"] {
        assert_eq!(
            named(&[proxy, ("no_proxy", exceptions)], X),
            shown,
            "{exceptions}"
        );
    }
    assert_eq!(
        named(&[proxy, ("NO_PROXY", "10.0.0.0/8")], "https://10.1.2.3"),
        Ok(None)
    );
    for own in ["http://127.0.0.1:1", "https://localhost", "https://[::1]:2"] {
        assert_eq!(named(&[proxy], own), Ok(None), "{own}");
    }
    let error = named(&[("ALL_PROXY", "socks4://bird:s3cret@proxy")], X).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ALL_PROXY: the scheme must be http, https, socks5 or socks5h"
    );
}
