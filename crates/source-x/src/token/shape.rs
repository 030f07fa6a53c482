//! Shape of a bearer token: what people and tools put around one, named so that it can be taken away. Pure.

/// The longest token: those of X have about 110 bytes, and servers take heads of 8 KiB.
pub(super) const MAX_BYTES: usize = 8 * 1024;

/// The token in `text`, without the space around it, or what is wrong with it in words that do not repeat it.
pub(super) fn bare(text: &str) -> Result<&str, &'static str> {
    let token = text.trim_ascii();
    if token.starts_with('\u{feff}') {
        return Err("begins with a byte order mark: save it as UTF-8 without one");
    }
    if token.starts_with(['"', '\'']) || token.ends_with(['"', '\'']) {
        return Err(
            "has quotes around it, which are no part of a token (docker's --env-file keeps them): take them away",
        );
    }
    if begins_with_scheme(token) {
        return Err(
            "begins with \"Bearer \", which is no part of the token and goes before it by itself: take it away",
        );
    }
    if token.len() > MAX_BYTES {
        return Err("is longer than 8 KiB: is it another file?");
    }
    if token.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return Err("has space or a line break inside: the token and nothing else must be there");
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("holds a character other than visible ASCII");
    }
    Ok(token)
}

/// Whether the header's value was copied, or even its name.
fn begins_with_scheme(token: &str) -> bool {
    ["bearer", "authorization:"].iter().any(|scheme| {
        let start = token.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && token[scheme.len()..].starts_with(|c: char| c.is_ascii_whitespace() || c == '=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_a_token_is_named_and_the_token_is_not() {
        for (text, named) in [
            ("\"s3cret\"", "quotes"),
            ("'s3cret'\n", "quotes"),
            ("s3cret\"", "quotes"),
            ("Bearer s3cret", "Bearer"),
            ("bearer  s3cret", "Bearer"),
            ("Authorization: Bearer s3cret", "Bearer"),
            ("\u{feff}s3cret", "byte order mark"),
            ("s3c\nret", "line break"),
            ("s3c\u{e9}ret", "visible ASCII"),
        ] {
            let reason = bare(text).unwrap_err();
            assert!(
                reason.contains(named) && !reason.contains("s3c"),
                "{text:?}: {reason}"
            );
        }
        assert_eq!(bare(" Bearer4%2Fs3cret=\r\n"), Ok("Bearer4%2Fs3cret="));
        assert_eq!(bare(" \n"), Ok(""));
    }
}
