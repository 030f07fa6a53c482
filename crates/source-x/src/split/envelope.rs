//! Envelope: the outer shapes of messages, as far as splitting needs them, by the place of their bytes.

use serde::Deserialize;
use serde_json::value::RawValue;
use stream_core::model::{DeadLetterReason, Span};
use stream_core::source::ServerDisconnect;

use super::id;
use super::scan::{NotJson, Passed, Scan};
use crate::response::{self, Problem};

/// The outermost object. `null` members count as absent.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    message: &'a [u8],
    pub(super) data: Option<Span>,
    /// The id of `data`.
    pub(super) id: Option<Span>,
    pub(super) includes: Option<Span>,
    pub(super) errors: Option<Span>,
    pub(super) matching_rules: Option<Span>,
    /// The singular form in which GNIP, which X has bought, ends a stream.
    pub(super) error: Option<Span>,
    /// A member of ours was there twice.
    duplicate: bool,
}

const MEMBERS: [&str; 5] = ["data", "includes", "errors", "matching_rules", "error"];

impl<'a> Envelope<'a> {
    /// The envelope of a message, or why it has none.
    pub(super) fn of(message: &'a [u8]) -> Result<Self, DeadLetterReason> {
        let mut scan = Scan::new(message);
        let mut envelope = Self {
            message,
            ..Self::default()
        };
        let is_object = scan.token() == b'{';
        let passed = if is_object {
            envelope.read(&mut scan)
        } else {
            scan.value().map(drop)
        };
        match passed.and_then(|()| scan.end()) {
            Err(NotJson) if std::str::from_utf8(message).is_err() => Err(DeadLetterReason::NotUtf8),
            Err(NotJson) => Err(DeadLetterReason::NotJson),
            Ok(()) if !is_object => Err(DeadLetterReason::NotAnObject),
            Ok(()) if envelope.duplicate => Err(DeadLetterReason::DuplicateKey),
            Ok(()) => Ok(envelope),
        }
    }

    fn read(&mut self, scan: &mut Scan<'_>) -> Passed {
        let mut slots = [None; MEMBERS.len()];
        scan.members(|scan, name| {
            let Some(at) = MEMBERS.iter().position(|member| scan.spells(name, member)) else {
                return scan.value().map(drop);
            };
            let value = if MEMBERS[at] == "data" {
                let (data, id) = id::pass(scan)?;
                self.id = id;
                data
            } else {
                scan.value()?
            };
            self.duplicate |= slots[at].replace(value).is_some();
            Ok(())
        })?;
        let there = |span: &Span| self.bytes(*span) != b"null";
        [
            self.data,
            self.includes,
            self.errors,
            self.matching_rules,
            self.error,
        ] = slots.map(|slot| slot.filter(there));
        Ok(())
    }

    fn bytes(&self, span: Span) -> &'a [u8] {
        &self.message[span.range()]
    }

    /// Whether something came in the place of data that is an error; an empty list says nothing.
    pub(super) fn is_error(&self) -> bool {
        let empty = |errors| {
            let inside = self.bytes(errors).strip_prefix(b"[");
            inside.is_some_and(|rest| rest.trim_ascii_start() == b"]")
        };
        self.error.is_some() || self.errors.is_some_and(|errors| !empty(errors))
    }

    /// The server's disconnect that errors without data are: not every one of them ends a stream.
    pub(super) fn server_disconnect(&self) -> Option<ServerDisconnect> {
        let listed = self.errors.and_then(|errors| {
            problems(self.bytes(errors))
                .into_iter()
                .map(Problem::of)
                .find(Problem::ends_a_stream)
                .map(|problem| response::disconnect(&problem))
        });
        listed.or_else(|| response::forced_disconnect(&Problem::of(self.bytes(self.error?))))
    }

    /// The event in `data`, if it is one that X documents, and nothing that we know stands beside it.
    pub(super) fn compliance(&self) -> Option<Compliance<'a>> {
        let others = [self.includes, self.errors, self.matching_rules, self.error];
        let alone = others.iter().all(Option::is_none);
        self.data
            .filter(|_| alone)
            .and_then(|data| Compliance::of(self.bytes(data)))
    }
}

/// A compliance event: the id that it concerns.
pub(super) struct Compliance<'a>(pub(super) &'a [u8]);

/// Who or what an event of X's compliance and label streams concerns; version 2.167 of the `OpenAPI` says post for tweet.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, alias = "post")]
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
        alias = "post_edit",
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
        alias = "public_tweet_unviewable",
        alias = "public_post_notice",
        alias = "public_post_unviewable"
    )]
    Event(Event<'a>),
}

impl<'a> Compliance<'a> {
    /// The event in `data`, if it is one that X documents.
    fn of(data: &'a [u8]) -> Option<Self> {
        let Happening::Event(event) = serde_json::from_slice(data).ok()?;
        let concerned = event.tweet.or(event.user).or(event.favorite)?.get().as_bytes();
        let (_, id) = id::pass(&mut Scan::new(concerned)).ok()?;
        Some(Self(&concerned[id?.range()]))
    }
}

/// An event of an account, as far as it must be known (<https://docs.x.com/x-api/activity/introduction>).
pub(super) struct AccountEvent<'a> {
    /// The user that the subscription is about, if it is about one: news are about a word.
    pub(super) user: Option<&'a [u8]>,
}

impl<'a> AccountEvent<'a> {
    /// The event in `data`; whatever has a type is one.
    pub(super) fn of(data: &'a [u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Data<'a> {
            #[serde(borrow, rename = "event_type")]
            _type: &'a RawValue,
            #[serde(borrow)]
            filter: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Filter<'a> {
            #[serde(borrow)]
            user_id: Option<&'a RawValue>,
        }
        let data: Data<'_> = serde_json::from_slice(data).ok()?;
        let filter: Option<Filter<'_>> = data.filter.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let user = filter
            .and_then(|filter| filter.user_id)
            .map(|raw| raw.get().trim_matches('"').as_bytes());
        Some(Self {
            user: user.filter(|user| !user.is_empty()),
        })
    }
}

/// The problems of a list, or the one that stands in its place.
fn problems(errors: &[u8]) -> Vec<&[u8]> {
    let listed: Result<Vec<&RawValue>, _> = serde_json::from_slice(errors);
    listed.map_or_else(
        |_| vec![errors],
        |list| list.into_iter().map(|raw| raw.get().as_bytes()).collect(),
    )
}
