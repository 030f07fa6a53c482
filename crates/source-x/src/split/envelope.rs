//! Envelope: the outer shapes of messages, as far as splitting needs them, borrowed from the message.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use stream_core::source::ServerDisconnect;

use super::id::{Id, name};
use crate::response::{self, Problem};

/// The outermost object. `null` members count as absent.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub(super) data: Option<&'a RawValue>,
    pub(super) includes: Option<&'a RawValue>,
    pub(super) errors: Option<&'a RawValue>,
    pub(super) matching_rules: Option<&'a RawValue>,
    /// The singular form in which GNIP, which X has bought, ends a stream.
    error: Option<&'a RawValue>,
    /// A member of ours was there twice.
    pub(super) duplicate: bool,
}

impl<'a> Envelope<'a> {
    /// What came in the place of data, if that is an error; an empty list says nothing.
    pub(super) fn error(&self) -> Option<&'a RawValue> {
        let empty = |raw: &RawValue| {
            let inside = raw.get().strip_prefix('[');
            inside.is_some_and(|rest| rest.trim_ascii_start() == "]")
        };
        self.errors.filter(|raw| !empty(raw)).or(self.error)
    }

    /// The server's disconnect that errors without data are: not every one of them ends a stream.
    pub(super) fn server_disconnect(&self) -> Option<ServerDisconnect> {
        let listed = self.errors.and_then(|errors| {
            problems(errors)
                .into_iter()
                .map(|raw| Problem::of(raw.get().as_bytes()))
                .find(Problem::ends_a_stream)
                .map(|problem| response::disconnect(&problem))
        });
        listed.or_else(|| response::forced_disconnect(&Problem::of(self.error?.get().as_bytes())))
    }

    /// Whether none of the other members that we know is there.
    pub(super) fn is_data_alone(&self) -> bool {
        let others = [self.includes, self.errors, self.matching_rules, self.error];
        others.iter().all(Option::is_none)
    }
}

const MEMBERS: [&str; 5] = ["data", "includes", "errors", "matching_rules", "error"];

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut slots: [Option<&'de RawValue>; MEMBERS.len()] = [None; MEMBERS.len()];
        let mut duplicate = false;
        // Raw: as text, a name with half a surrogate pair would be an error.
        while let Some(key) = map.next_key::<&RawValue>()? {
            let name = name(key.get());
            match MEMBERS.iter().position(|member| name.as_deref() == Some(member)) {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(at) => duplicate |= slots[at].replace(map.next_value()?).is_some(),
            }
        }
        let [data, includes, errors, matching_rules, error] =
            slots.map(|slot| slot.filter(|raw| raw.get() != "null"));
        Ok(Envelope {
            data,
            includes,
            errors,
            matching_rules,
            error,
            duplicate,
        })
    }
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// A compliance event: the id that it concerns.
pub(super) struct Compliance<'a>(pub(super) &'a str);

/// Who or what an event of X's compliance and label streams concerns.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    tweet: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    favorite: Option<&'a RawValue>,
}

/// `data` as the compliance and label streams send it: one member, named after what happened (`OpenAPI` 2.166).
#[derive(Deserialize)]
enum Happening<'a> {
    #[serde(
        borrow,
        rename = "delete",
        alias = "drop",
        alias = "undrop",
        alias = "withheld",
        alias = "tweet_edit",
        alias = "user_delete",
        alias = "user_undelete",
        alias = "user_protect",
        alias = "user_unprotect",
        alias = "user_suspend",
        alias = "user_unsuspend",
        alias = "user_withheld",
        alias = "scrub_geo",
        alias = "user_profile_modification",
        alias = "public_tweet_notice",
        alias = "public_tweet_unviewable"
    )]
    Event(Event<'a>),
}

impl<'a> Compliance<'a> {
    /// The event in `data`, if it is one that X documents.
    pub(super) fn of(data: &'a RawValue) -> Option<Self> {
        let Happening::Event(event) = serde_json::from_str(data.get()).ok()?;
        let concerned = event.tweet.or(event.user).or(event.favorite)?;
        Id::of(concerned).map(|Id(id)| Self(id))
    }
}

/// The problems of a list, or the one that stands in its place.
fn problems(errors: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(errors.get()).unwrap_or_else(|_| vec![errors])
}
