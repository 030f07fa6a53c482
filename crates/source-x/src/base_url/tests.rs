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
fn loopback_needs_no_permission_and_only_its_plainest_forms_are_loopback() {
    use BaseUrlError::{CustomHost, Malformed, PlainHttp, UserInfo};
    for (host, http, https) in [
        ("127.0.0.1:1", None, None),
        ("127.255.255.254", None, None),
        ("[::1]:9", None, None),
        ("localhost", None, None),
        ("LOCALHOST:1", None, None),
        ("127.0.0.1.evil.example", Some(PlainHttp), Some(CustomHost)),
        ("localhost.evil.example", Some(PlainHttp), Some(CustomHost)),
        ("localhost.", Some(PlainHttp), Some(CustomHost)),
        ("0x7f000001", Some(PlainHttp), Some(CustomHost)),
        ("0x7f.0.0.1", Some(PlainHttp), Some(CustomHost)),
        ("2130706433", Some(PlainHttp), Some(CustomHost)),
        ("0177.0.0.1", Some(PlainHttp), Some(CustomHost)),
        ("127.1", Some(PlainHttp), Some(CustomHost)),
        ("128.0.0.1", Some(PlainHttp), Some(CustomHost)),
        ("0.0.0.0", Some(PlainHttp), Some(CustomHost)),
        ("[::ffff:127.0.0.1]", Some(PlainHttp), Some(CustomHost)),
        ("[::]", Some(PlainHttp), Some(CustomHost)),
        ("[::1]evil.example", Some(Malformed), Some(Malformed)),
        ("127.0.0.1@evil.example", Some(UserInfo), Some(UserInfo)),
        ("localhost:1@evil.example", Some(UserInfo), Some(UserInfo)),
    ] {
        let error = |scheme| BaseUrl::parse(&format!("{scheme}://{host}"), false).err();
        assert_eq!((error("http"), error("https")), (http, https), "{host}");
    }
}

#[test]
fn parts_are_those_of_the_url() {
    let url = BaseUrl::parse("http://[::1]:8080", false).unwrap();
    assert_eq!((url.host(), url.port(), url.tls()), ("::1", 8080, false));
    assert_eq!(url.authority(), "[::1]:8080");
    let url = BaseUrl::parse("https://api.x.com", false).unwrap();
    assert_eq!((url.host(), url.port(), url.tls()), ("api.x.com", 443, true));
}

#[test]
fn names_may_not_lead_to_metadata_or_out_of_loopback() {
    let x = BaseUrl::parse("https://api.x.com", false).unwrap();
    // Over TLS too: only because it leads to this machine is `localhost` taken without a word.
    let local = ["http://localhost", "https://localhost"].map(|text| BaseUrl::parse(text, false).unwrap());
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
        assert_eq!(x.may_go_to(ip), for_x, "{address}");
        for local in &local {
            assert_eq!(local.may_go_to(ip), for_local, "{address}");
        }
    }
}
