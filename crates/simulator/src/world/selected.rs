//! What is left of a message for a client that names what it wants. Without a name, X gives a few.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::compose::Parts;
use crate::endpoint::Kind;
use crate::selection::Selection;

/// The members of `includes`: each with the list of its fields, and what is there without being asked for.
const INCLUDED: [(&str, &str, &[&str]); 5] = [
    ("users", "user.fields", &["id", "name", "username"]),
    ("tweets", "tweet.fields", POST),
    ("media", "media.fields", &["media_key", "type"]),
    ("places", "place.fields", &["id", "full_name"]),
    ("polls", "poll.fields", &["id", "options"]),
];
const POST: &[&str] = &["id", "text", "edit_history_tweet_ids"];

impl Selection {
    /// What is left of a message. Events have no fields; of a like, X documents no default, and all of it stays.
    pub(super) fn of(&self, kind: Kind, parts: &Parts) -> Parts {
        let data = match kind {
            Kind::Posts => self.post(&parts.data),
            _ => parts.data.clone(),
        };
        let includes = parts.includes.as_ref();
        Parts {
            language: parts.language,
            includes: includes.and_then(|includes| self.includes(kind, &parts.data, includes)),
            errors: parts
                .errors
                .clone()
                .filter(|_| self.expands("referenced_tweets.id")),
            data,
        }
    }

    /// A post keeps the members that its expansions start from.
    fn post(&self, post: &str) -> String {
        let expanded = |member: &str| {
            let from: &[&str] = match member {
                "author_id" => &["author_id"],
                "in_reply_to_user_id" => &["in_reply_to_user_id"],
                "referenced_tweets" => &["referenced_tweets.id", "referenced_tweets.id.author_id"],
                "attachments" => &["attachments.media_keys", "attachments.poll_ids"],
                "geo" => &["geo.place_id"],
                _ => &[],
            };
            from.iter().any(|expansion| self.expands(expansion))
        };
        let mut members = Members::of(post);
        members
            .0
            .retain(|(name, _)| POST.contains(name) || self.has("tweet.fields", name) || expanded(name));
        members.json()
    }

    /// What the expansions bring; nothing if that is nothing.
    fn includes(&self, kind: Kind, data: &str, includes: &str) -> Option<String> {
        let mut all = Vec::new();
        for (name, list) in Members::of(includes).0 {
            let (_, fields, always) = INCLUDED.iter().find(|(known, ..)| *known == name)?;
            let items: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap_or_default();
            let wanted = items
                .into_iter()
                .filter(|item| self.brings(kind, name, data, includes, item));
            let trimmed: Vec<_> = wanted
                .map(|item| {
                    let mut members = Members::of(item.get());
                    members
                        .0
                        .retain(|(name, _)| always.contains(name) || self.has(fields, name));
                    members.json()
                })
                .collect();
            if !trimmed.is_empty() {
                all.push(format!("\"{name}\":[{}]", trimmed.join(",")));
            }
        }
        (!all.is_empty()).then(|| format!("{{{}}}", all.join(",")))
    }

    /// Is something included by one of the expansions?
    fn brings(&self, kind: Kind, list: &str, data: &str, includes: &str, item: &RawValue) -> bool {
        match (list, kind) {
            ("users", Kind::Likes) => self.expands("liked_tweet_author_id"),
            ("users", _) => {
                let id = Members::of(item.get()).text("id");
                let data = Members::of(data);
                let author = self.expands("author_id") && data.text("author_id") == id;
                let replied = self.expands("in_reply_to_user_id") && data.text("in_reply_to_user_id") == id;
                let referenced = self.expands("referenced_tweets.id.author_id")
                    && Members::of(includes).text("tweets").is_some_and(|tweets| {
                        id.is_some_and(|id| tweets.contains(&format!("\"author_id\":{id}")))
                    });
                author || replied || referenced
            }
            ("tweets", _) => {
                self.expands("referenced_tweets.id") || self.expands("referenced_tweets.id.author_id")
            }
            ("media", _) => self.expands("attachments.media_keys"),
            ("places", _) => self.expands("geo.place_id"),
            ("polls", _) => self.expands("attachments.poll_ids"),
            _ => false,
        }
    }
}

/// The members of an object, in their order and with their bytes.
struct Members<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'a> Members<'a> {
    fn of(object: &'a str) -> Self {
        serde_json::from_str(object).expect("the pool's messages are JSON, which its tests read")
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.get())
    }

    fn json(&self) -> String {
        let members = self
            .0
            .iter()
            .map(|(name, value)| format!("\"{name}\":{}", value.get()));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(&'de str, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Members)
    }
}
