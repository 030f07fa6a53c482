//! OAuth 1.0a, the server's side (RFC 5849): whether a request was signed with our keys, just now.

use std::fmt::Write as _;

use super::sha1::{base64, hmac};
use crate::http::request::Request;
use crate::keys::OAuthKeys;

/// How wrong a client's clock may be, in seconds.
const SKEW: u64 = 300;

/// What is wrong with a request's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Keys that we do not know, or a signature that is not theirs.
    Signature,
    /// A time that is too far from ours.
    Clock,
}

/// Whether `request` is signed with `keys`; gives its nonce, which may be used once.
pub(super) fn check(request: &Request, keys: &OAuthKeys, tls: bool, now: u64) -> Result<String, Fault> {
    let header = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("OAuth "));
    let oauth = pairs_of_header(header.ok_or(Fault::Signature)?).ok_or(Fault::Signature)?;
    let get = |name: &str| {
        oauth
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    let known = get("oauth_consumer_key") == Some(&keys.consumer_key)
        && get("oauth_token") == Some(&keys.access_token)
        && get("oauth_signature_method") == Some("HMAC-SHA1")
        && get("oauth_version").is_none_or(|version| version == "1.0");
    let (Some(signature), Some(nonce), true) = (get("oauth_signature"), get("oauth_nonce"), known) else {
        return Err(Fault::Signature);
    };
    let time: u64 = get("oauth_timestamp")
        .and_then(|text| text.parse().ok())
        .ok_or(Fault::Signature)?;
    if time.abs_diff(now) > SKEW {
        return Err(Fault::Clock);
    }
    let mut pairs: Vec<_> = oauth
        .iter()
        .filter(|(name, _)| name != "oauth_signature" && name != "realm")
        .cloned()
        .collect();
    pairs.extend(request.query.iter().cloned());
    pairs.extend(request.form());
    let expected = sign(&request.method, &address(request, tls), pairs, keys);
    if signature == expected {
        Ok(nonce.to_owned())
    } else {
        Err(Fault::Signature)
    }
}

fn sign(method: &str, address: &str, pairs: Vec<(String, String)>, keys: &OAuthKeys) -> String {
    let mut pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let base = format!("{method}&{}&{}", encode(address), encode(&pairs.join("&")));
    let key = format!(
        "{}&{}",
        encode(&keys.consumer_secret),
        encode(&keys.access_token_secret)
    );
    base64(&hmac(key.as_bytes(), base.as_bytes()))
}

fn address(request: &Request, tls: bool) -> String {
    let host = request.header("host").unwrap_or_default().to_ascii_lowercase();
    let (scheme, own) = if tls { ("https", ":443") } else { ("http", ":80") };
    format!(
        "{scheme}://{}{}",
        host.strip_suffix(own).unwrap_or(&host),
        request.path
    )
}

fn pairs_of_header(header: &str) -> Option<Vec<(String, String)>> {
    let pair = |pair: &str| {
        let (name, value) = pair.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        Some((decode(name)?, decode(value)?))
    };
    header.split(',').map(pair).collect()
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let hex = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_request_of_the_reference_is_good_and_any_change_is_not() {
        let keys = OAuthKeys {
            consumer_key: "ck-TEST".to_owned(),
            consumer_secret: "cs&secret".to_owned(),
            access_token: "tok-TEST".to_owned(),
            access_token_secret: "ts+secret".to_owned(),
        };
        let body = "delimited=length&follow=12%2C13&locations=-122.7500,36.8000,-121.7500,37.8000&stall_warnings=true&track=rust%2Ctokio+%26%20async";
        let header = "OAuth oauth_consumer_key=\"ck-TEST\", oauth_nonce=\"0123456789abcdef\", oauth_signature=\"Y4ZbnXm0w3RmnTlG09NHGvV7RA0%3D\", \
                      oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1700000000\", oauth_token=\"tok-TEST\", oauth_version=\"1.0\"";
        let request = |header: &str, body: &str| Request {
            method: "POST".to_owned(),
            path: "/1.1/statuses/filter.json".to_owned(),
            headers: [
                ("host", "stream.twitter.com"),
                ("authorization", header),
                ("content-type", "application/x-www-form-urlencoded"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            body: body.into(),
            ..Request::default()
        };
        let judge = |header: &str, body: &str, now| check(&request(header, body), &keys, true, now);
        assert_eq!(judge(header, body, 1_700_000_299).unwrap(), "0123456789abcdef");
        assert_eq!(judge(header, body, 1_700_000_301), Err(Fault::Clock));
        for wrong in [
            header.replace("Y4Z", "Z4Z"),
            header.replace("ck-TEST", "ck"),
            String::new(),
            "Bearer x".to_owned(),
        ] {
            assert_eq!(
                judge(&wrong, body, 1_700_000_000),
                Err(Fault::Signature),
                "{wrong}"
            );
        }
        assert_eq!(judge(header, "follow=12", 1_700_000_000), Err(Fault::Signature));
    }
}
