use super::*;

#[test]
fn only_x_over_tls_and_loopback_are_taken() {
    use BaseUrlError::{CustomHost, Malformed, Path, PlainHttp, Scheme, UserInfo};
    for (text, custom, expected) in [
        ("https://api.x.com", false, None),
        ("https://API.X.com/", false, None),
        ("https://api.twitter.com:443", false, None),
        ("https://api.x.com.evil.example", false, Some(CustomHost)),
        ("https://example.com", false, Some(CustomHost)),
        ("https://example.com", true, None),
        ("http://api.x.com", false, Some(PlainHttp)),
        ("http://example.com", true, Some(PlainHttp)),
        ("http://127.0.0.1:8080", false, Some(CustomHost)),
        ("http://127.0.0.1:8080", true, None),
        ("http://[::1]:8080", true, None),
        ("http://localhost:1", true, None),
        ("http://localhost.example", true, Some(PlainHttp)),
        ("https://user:pw@api.x.com", false, Some(UserInfo)),
        ("https://api.x.com@evil.example", true, Some(UserInfo)),
        ("https://api.x.com/2", false, Some(Path)),
        ("https://api.x.com/?a=b", false, Some(Path)),
        ("ftp://api.x.com", false, Some(Scheme)),
        ("api.x.com", false, Some(Malformed)),
        ("https://", false, Some(Malformed)),
        ("https://api.x.com:99999", false, Some(Malformed)),
        ("https://api.x.com:", false, Some(Malformed)),
        ("", false, Some(Malformed)),
    ] {
        assert_eq!(BaseUrl::parse(text, custom).err(), expected, "{text}");
    }
}

#[test]
fn parts_are_those_of_the_url() {
    let url = BaseUrl::parse("http://[::1]:8080", true).unwrap();
    assert_eq!((url.host(), url.port(), url.tls()), ("::1", 8080, false));
    assert_eq!(url.authority(), "[::1]:8080");
    let url = BaseUrl::parse("https://api.x.com", false).unwrap();
    assert_eq!((url.host(), url.port(), url.tls()), ("api.x.com", 443, true));
}

#[test]
fn names_may_not_lead_to_metadata_or_out_of_loopback() {
    let x = BaseUrl::parse("https://api.x.com", false).unwrap();
    let local = BaseUrl::parse("http://localhost", true).unwrap();
    for (address, for_x, for_local) in [
        ("104.244.42.130", true, false),
        ("2606:4700::1", true, false),
        ("127.0.0.1", true, true),
        ("::1", true, true),
        ("169.254.169.254", false, false),
        ("::ffff:169.254.169.254", false, false),
        ("fe80::1", false, false),
        ("fd00:ec2::254", false, false),
        ("0.0.0.0", false, false),
        ("::", false, false),
        ("224.0.0.1", false, false),
    ] {
        let ip = address.parse().unwrap();
        assert_eq!(
            (x.may_go_to(ip), local.may_go_to(ip)),
            (for_x, for_local),
            "{address}"
        );
    }
}
