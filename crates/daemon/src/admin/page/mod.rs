//! `/`: the status page, one file that fetches nothing but `/events`, under a Content-Security-Policy that lets nothing else run.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::answer::{self, Answer};

const PAGE: &str = include_str!("page.html");

/// The page's own script and style by their hashes, and nothing from elsewhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let (script, style) = (hash("script"), hash("style"));
    let policy = format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("hashes are ASCII")
});

/// The page.
pub(super) fn answer() -> Answer {
    let mut answer = answer::whole(StatusCode::OK, "text/html; charset=utf-8", PAGE);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// The hash of what stands between the tags of this name.
fn hash(tag: &str) -> String {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let inside = PAGE
        .split_once(&open)
        .and_then(|(_, rest)| rest.split_once(&close));
    let (inside, _) = inside.expect("the page has a script and a style");
    format!("sha256-{}", STANDARD.encode(Sha256::digest(inside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_in_itself_and_takes_everything_as_text() {
        for foreign in ["http:", "https:", "//", "@import", "url(", "src="] {
            assert!(!PAGE.contains(foreign), "{foreign}");
        }
        for unsafe_way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            " onclick",
            " style=",
        ] {
            assert!(!PAGE.contains(unsafe_way), "{unsafe_way}");
        }
        // Nothing on it can change anything.
        for control in ["<form", "<input", "<button", "<select", "method:"] {
            assert!(!PAGE.contains(control), "{control}");
        }
    }

    #[test]
    fn the_policy_names_the_page_s_own_script_and_style() {
        let answer = answer();
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'sha256-"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
    }
}
