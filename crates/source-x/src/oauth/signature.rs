//! Signature of a request: HMAC-SHA1 over its method, address and parameters (RFC 5849, 3.4;
//! <https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature>). Pure.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// What RFC 3986 does not call unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What of a request is signed besides the `oauth_…` parameters.
pub(crate) struct Signable<'a> {
    pub(crate) method: &'a str,
    /// Scheme, host and path: lower case, without the scheme's own port, without a query.
    pub(crate) address: &'a str,
    /// The query's and the form's pairs as they are sent, [encoded](encode): `a=1&b=2`.
    pub(crate) pairs: [&'a str; 2],
}

/// What a signature is made with, besides what the request shows.
pub(super) struct Secrets<'a> {
    pub(super) consumer: &'a str,
    pub(super) token: &'a str,
}

/// Percent-encoding as OAuth wants it: all but the unreserved characters, byte by byte, in capitals.
pub(crate) fn encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// The signature of `request` with the parameters `oauth`, in base64.
pub(super) fn signature(request: &Signable<'_>, oauth: &[(&str, &str)], secrets: &Secrets<'_>) -> String {
    let key = format!("{}&{}", encode(secrets.consumer), encode(secrets.token));
    // X knows no other algorithm.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base(request, oauth).as_bytes()))
}

/// The text that is signed.
fn base(request: &Signable<'_>, oauth: &[(&str, &str)]) -> String {
    let sent = request.pairs.iter().flat_map(|pairs| pairs.split('&'));
    let mut pairs: Vec<(String, String)> = sent
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let oauth = oauth
        .iter()
        .map(|(name, value)| (encode(name).to_string(), encode(value).to_string()));
    pairs.extend(oauth);
    pairs.sort();
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let pairs = pairs.join("&");
    format!(
        "{}&{}&{}",
        request.method,
        encode(request.address),
        encode(&pairs)
    )
}
