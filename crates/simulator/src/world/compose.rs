//! The parts of one message, made of words: `data`, `includes`, `errors`. The id and the times that change from post to
//! post are left as placeholders of the right width.

use super::words;
use crate::json::{Astral, Object, array, string, strings};
use crate::settings::SizeProfile;
use fastrand::Rng;

/// Stands for the post's id. Other ids are smaller, so it occurs nowhere else.
pub(crate) const ID: &str = "9999999999999999999";
/// Stands for `created_at`.
pub(crate) const CREATED: &str = "9999-01-01T00:00:00.000Z";
/// Stands for `edit_controls.editable_until`, one hour later.
pub(crate) const EDITABLE: &str = "9999-01-01T01:00:00.000Z";

/// The parts of a message that do not depend on the rules.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) data: String,
    pub(crate) includes: Option<String>,
    pub(crate) errors: Option<String>,
}

/// Makes one message.
pub(crate) fn parts(rng: &mut Rng, size: SizeProfile) -> Parts {
    Maker {
        rng,
        size,
        users: Vec::new(),
        tweets: Vec::new(),
        media: Vec::new(),
        places: Vec::new(),
        polls: Vec::new(),
    }
    .message()
}

/// How a post refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Original,
    Retweet,
    Quote,
    Reply,
}

pub(super) struct Maker<'a> {
    pub(super) rng: &'a mut Rng,
    pub(super) size: SizeProfile,
    pub(super) users: Vec<String>,
    pub(super) tweets: Vec<String>,
    pub(super) media: Vec<String>,
    pub(super) places: Vec<String>,
    pub(super) polls: Vec<String>,
}

impl Maker<'_> {
    fn message(mut self) -> Parts {
        let kind = match self.rng.u8(0..100) {
            0..16 => Kind::Original,
            16..62 => Kind::Retweet,
            62..72 => Kind::Quote,
            _ => Kind::Reply,
        };
        let data = self.post(kind);
        // A deleted original: the reference stays, the included post is replaced by an error.
        let lost = kind != Kind::Original && self.rng.u8(0..100) < 6;
        if lost {
            self.tweets.clear();
        }
        let errors = lost.then(|| self.not_found());
        let bare = self.rng.u8(0..100) < 3;
        let includes = (!bare).then(|| self.includes());
        Parts {
            data,
            includes,
            errors,
        }
    }

    fn includes(&mut self) -> String {
        let list = |items: &mut Vec<String>| (!items.is_empty()).then(|| array(&std::mem::take(items)));
        Object::new()
            .maybe("users", list(&mut self.users))
            .maybe("tweets", list(&mut self.tweets))
            .maybe("media", list(&mut self.media))
            .maybe("places", list(&mut self.places))
            .maybe("polls", list(&mut self.polls))
            .in_order()
    }

    fn not_found(&mut self) -> String {
        let id = self.old_id();
        let error = Object::new()
            .text("resource_id", &id)
            .text("parameter", "referenced_tweets.id")
            .text("resource_type", "tweet")
            .text("section", "includes")
            .text("title", "Not Found Error")
            .text("value", &id)
            .text(
                "detail",
                format!("Could not find tweet with referenced_tweets.id: [{id}]."),
            )
            .text("type", "https://api.twitter.com/2/problems/resource-not-found");
        array(&[error.in_order()])
    }

    /// The post itself, its author and all that it refers to.
    fn post(&mut self, kind: Kind) -> String {
        let author = self.user();
        let (lang, words) = words::LANGUAGES[self.rng.usize(0..words::LANGUAGES.len())];
        let astral = if self.rng.u8(0..100) < 8 {
            Astral::Escaped
        } else {
            Astral::Raw
        };
        let mut text = self.sentence(words, 12);
        let mut post = Object::new();
        let mut conversation = ID.to_owned();
        if kind != Kind::Original {
            let other = self.old_id();
            let other_author = self.referenced(&other, words, lang);
            let (name, prefix) = match kind {
                Kind::Retweet => ("retweeted", "RT @someone_else: "),
                Kind::Quote => ("quoted", ""),
                _ => ("replied_to", "@someone_else "),
            };
            text.insert_str(0, prefix);
            let reference = Object::new().text("type", name).text("id", &other).in_order();
            post = post.json("referenced_tweets", array(&[reference]));
            if kind == Kind::Reply {
                post = post.text("in_reply_to_user_id", other_author);
                conversation = other;
            }
        }
        let (attachments, geo) = (self.attachments(), self.geo());
        let note = (self.size == SizeProfile::Typical && self.rng.u8(0..100) < 2)
            .then(|| Object::new().text("text", self.sentence(words, 260)).in_order());
        let editing = Object::new()
            .json("edits_remaining", 5)
            .json("is_edit_eligible", kind == Kind::Original);
        post.text("id", ID)
            .json("text", string(&text, astral))
            .json("edit_history_tweet_ids", strings(&[ID]))
            .json(
                "edit_controls",
                editing.text("editable_until", EDITABLE).in_order(),
            )
            .text("author_id", author)
            .text("created_at", CREATED)
            .text("conversation_id", conversation)
            .text("lang", lang)
            .text("source", words::SOURCES[self.rng.usize(0..words::SOURCES.len())])
            .json("possibly_sensitive", self.rng.u8(0..100) < 4)
            .text("reply_settings", "everyone")
            .json("public_metrics", self.metrics())
            .json("entities", self.entities(&text))
            .maybe("context_annotations", self.annotations())
            .maybe("attachments", attachments)
            .maybe("geo", geo)
            .maybe("note_tweet", note)
            .shuffled(self.rng)
    }

    /// Includes the post referred to and its author; gives that author's id.
    fn referenced(&mut self, id: &str, words: &'static [&'static str], lang: &str) -> String {
        if self.size == SizeProfile::Small {
            return self.old_id();
        }
        let author = self.user();
        let text = self.sentence(words, 26);
        let post = Object::new()
            .text("id", id)
            .text("text", &text)
            .json("edit_history_tweet_ids", strings(&[id]))
            .text("author_id", &author)
            .text("created_at", self.old_time())
            .text("conversation_id", id)
            .text("lang", lang)
            .text("source", words::SOURCES[self.rng.usize(0..words::SOURCES.len())])
            .json("possibly_sensitive", false)
            .text("reply_settings", "everyone")
            .json("public_metrics", self.metrics())
            .json("entities", self.entities(&text))
            .maybe("context_annotations", self.annotations())
            .shuffled(self.rng);
        self.tweets.push(post);
        author
    }

    fn metrics(&mut self) -> String {
        let mut count = |most| self.rng.u32(0..most);
        Object::new()
            .json("retweet_count", count(900))
            .json("reply_count", count(90))
            .json("like_count", count(4_000))
            .json("quote_count", count(40))
            .json("bookmark_count", count(20))
            .json("impression_count", count(90_000))
            .in_order()
    }

    pub(super) fn sentence(&mut self, words: &[&str], most: usize) -> String {
        let count = self.rng.usize(most / 2..=most).max(1);
        let mut text = String::new();
        for at in 0..count {
            if at > 0 {
                text.push_str(if self.rng.u8(0..30) == 0 { "\n" } else { " " });
            }
            match self.rng.u8(0..40) {
                0 | 1 => text.push_str(words::EMOJI[self.rng.usize(0..words::EMOJI.len())]),
                2 => text.push_str("\"so\" a/b \\ c & <d>"),
                3 => text.push_str("#harbour"),
                _ => text.push_str(words[self.rng.usize(0..words.len())]),
            }
        }
        text
    }

    fn entities(&mut self, text: &str) -> String {
        let end = text.chars().count();
        let spot = |at: usize| (at.min(end), (at + 8).min(end));
        let mut annotations = Vec::new();
        let mut tags = Vec::new();
        let most = if self.size == SizeProfile::Small { 2 } else { 4 };
        for at in 0..self.rng.usize(0..most) {
            let (start, end) = spot(at * 9);
            let topic = words::TOPICS[self.rng.usize(0..words::TOPICS.len())];
            let sure = format!("0.{:04}", self.rng.u16(3_000..10_000));
            let kind = ["Place", "Person", "Organization", "Product"][self.rng.usize(0..4)];
            let spot = Object::new()
                .json("start", start)
                .json("end", end)
                .json("probability", sure);
            annotations.push(
                spot.text("type", kind)
                    .text("normalized_text", topic.4)
                    .in_order(),
            );
            let tag = words::TAGS[self.rng.usize(0..words::TAGS.len())];
            tags.push(
                Object::new()
                    .json("start", start)
                    .json("end", end)
                    .text("tag", tag)
                    .in_order(),
            );
        }
        let mention = Object::new()
            .json("start", 0)
            .json("end", 13)
            .text("username", "someone_else");
        let links = (self.rng.u8(0..100) < 45).then(|| array(&[self.link(end)]));
        Object::new()
            .maybe(
                "annotations",
                (!annotations.is_empty()).then(|| array(&annotations)),
            )
            .maybe("hashtags", (tags.len() > 1).then(|| array(&tags)))
            .json("mentions", array(&[mention.text("id", self.old_id()).in_order()]))
            .maybe("urls", links)
            .shuffled(self.rng)
    }

    pub(super) fn link(&mut self, start: usize) -> String {
        let host = words::HOSTS[self.rng.usize(0..words::HOSTS.len())];
        let short: String = std::iter::repeat_with(|| self.rng.alphanumeric())
            .take(10)
            .collect();
        let target = format!(
            "https://{host}/2026/{:02}/{short}?from=birds&n={}",
            self.rng.u8(1..13),
            self.rng.u16(..)
        );
        Object::new()
            .json("start", start)
            .json("end", start + 23)
            .text("url", format!("https://t.example/{short}"))
            .text("expanded_url", &target)
            .text("display_url", format!("{host}/2026…"))
            .json("status", 200)
            .text("title", "Tides, bread and other news of the week")
            .text("unwound_url", target)
            .in_order()
    }

    fn annotations(&mut self) -> Option<String> {
        if self.size == SizeProfile::Small || self.rng.u8(0..100) < 12 {
            return None;
        }
        let count = self.rng.usize(2..=3);
        let items = std::iter::repeat_with(|| {
            let (id, name, about, entity, entity_name, entity_about) =
                words::TOPICS[self.rng.usize(0..words::TOPICS.len())];
            let part = |id, name, about| {
                Object::new()
                    .text("id", id)
                    .text("name", name)
                    .text("description", about)
                    .in_order()
            };
            let (domain, entity) = (part(id, name, about), part(entity, entity_name, entity_about));
            Object::new()
                .json("domain", domain)
                .json("entity", entity)
                .in_order()
        });
        let items: Vec<String> = items.take(count).collect();
        Some(array(&items))
    }

    /// The id of something older than any post of ours.
    pub(super) fn old_id(&mut self) -> String {
        self.rng
            .u64(1_000_000_000_000_000_000..1_700_000_000_000_000_000)
            .to_string()
    }

    pub(super) fn old_time(&mut self) -> String {
        let (year, month, day) = (self.rng.u16(2008..2023), self.rng.u8(1..13), self.rng.u8(1..29));
        format!(
            "{year}-{month:02}-{day:02}T{:02}:{:02}:09.000Z",
            self.rng.u8(0..24),
            self.rng.u8(0..60)
        )
    }
}
