//! Problem details (RFC 9457) as X writes them: the members that tell its problems apart; texts may be anything.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::text::{MAX_TEXT, one_line};

/// The problems that end a stream, by the last segment of their `type`.
const ENDS: [&str; 3] = [
    "operational-disconnect",
    "client-disconnected",
    "streaming-connection",
];

/// A problem, with what X adds to it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    detail: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    pub(super) connection_issue: Text<'a>,
    #[serde(borrow)]
    disconnect_type: Text<'a>,
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
    /// What GNIP, which X has bought, says instead of all that.
    #[serde(borrow)]
    message: Text<'a>,
    /// A number, if it is one that X wrote.
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

/// A text as JSON, and as text if it is one that can be read: half a surrogate pair in a detail must not hide the rest.
#[derive(Default)]
pub(super) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// A member of `errors`: which parameter was wrong, and why.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault<'a> {
    #[serde(borrow)]
    message: Text<'a>,
}

impl<'a> Problem<'a> {
    /// The problem in `json`; one without members if there is none.
    pub(crate) fn of(json: &'a [u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// What tells problems apart: the last segment of `type`, since X has written two hosts in front of it.
    pub(super) fn last_segment(&self) -> &str {
        let kind = self.kind.get().unwrap_or_default();
        kind.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it names a problem at all.
    pub(crate) fn is_one(&self) -> bool {
        self.ends_a_stream()
            || self.refuses()
            || self.kind.get().is_some_and(|kind| kind.contains("/problems/"))
    }

    /// Whether it says that a stream is over
    /// (<https://docs.x.com/x-api/fundamentals/handling-disconnections>).
    pub(crate) fn ends_a_stream(&self) -> bool {
        self.disconnect_type.get().is_some()
            || self.connection_issue.get().is_some()
            || ENDS.contains(&self.last_segment())
    }

    /// Whether it is the body of a refusal, which may come where a stream was to begin.
    pub(crate) fn refuses(&self) -> bool {
        let bare = matches!(self.kind.get(), None | Some("about:blank"));
        self.usage_capped()
            || self.last_segment() == "rate-limit-exceeded"
            || (bare && self.status().is_some())
    }

    /// Whether the account's posts are used up.
    pub(super) fn usage_capped(&self) -> bool {
        self.last_segment() == "usage-capped" || self.title.get() == Some("UsageCapExceeded")
    }

    /// The HTTP status of an error that it repeats.
    pub(super) fn status(&self) -> Option<u16> {
        let status = self.status?.get().parse().ok()?;
        (400..600).contains(&status).then_some(status)
    }

    /// GNIP's message, which ends a stream.
    pub(super) fn message(&self) -> Option<&str> {
        self.message.get()
    }

    /// What the server said, in one line; `None` if nothing.
    pub(super) fn words(&self) -> Option<String> {
        let errors = self.errors.map_or("[]", RawValue::get);
        let faults: Vec<Fault<'_>> = serde_json::from_str(errors).unwrap_or_default();
        let mut said: Vec<&str> = [&self.disconnect_type, &self.title, &self.detail, &self.message]
            .into_iter()
            .chain(faults.iter().map(|fault| &fault.message))
            .filter_map(Text::get)
            .collect();
        // X often gives the title as the detail, too.
        said.dedup();
        let line = one_line(&said.join(": "), MAX_TEXT);
        (!line.is_empty()).then_some(line)
    }
}
