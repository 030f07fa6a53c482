//! Test data: the parts of one message, `data`, `includes`, `errors`: of a post, or of an event. The id and the times that change from post to post are left as
//! placeholders of the right width.

use fastrand::Rng;

use super::draw::Draw;
use super::entities::{annotations, entities};
use super::included::Included;
use crate::endpoint::Kind;
use crate::json::{string, with_surrogates};
use crate::settings::SizeProfile;
use crate::template::Values;

/// Stands for the post's id. Other ids are smaller, so it occurs nowhere else.
pub(super) const ID: &str = "9999999999999999999";
/// Stands for `created_at`, which follows from the id.
pub(super) const CREATED: &str = "9999-01-01T00:00:00.000Z";
/// Stands for `edit_controls.editable_until`, one hour later.
pub(super) const EDITABLE: &str = "9999-01-01T01:00:00.000Z";

/// The members of a message that do not depend on the rules, as JSON.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// X's code of a post's language; of an event, nothing.
    pub(super) language: &'static str,
    pub(super) data: String,
    pub(super) includes: Option<String>,
    pub(super) errors: Option<String>,
}

/// How a post refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reference {
    Original,
    Retweet,
    Quote,
    Reply,
}

impl Reference {
    /// In the shares of real captures.
    fn drawn(draw: &mut Draw<'_>) -> Self {
        match draw.number(0..100) {
            0..16 => Reference::Original,
            16..62 => Reference::Retweet,
            62..72 => Reference::Quote,
            _ => Reference::Reply,
        }
    }

    /// X's name of the reference, and what the text begins with.
    fn reference(self) -> (Option<&'static str>, &'static str) {
        match self {
            Reference::Original => (None, ""),
            Reference::Retweet => (Some("retweeted"), "RT @someone_else: "),
            Reference::Quote => (Some("quoted"), ""),
            Reference::Reply => (Some("replied_to"), "@someone_else "),
        }
    }
}

/// Composes one message of about the given size.
pub(super) fn parts(rng: &mut Rng, size: SizeProfile) -> Parts {
    let draw = Draw(rng);
    let included = Included::default();
    Composer { draw, size, included }.message()
}

/// Composes an event of this template. A like comes with who made what is liked.
pub(super) fn event(rng: &mut Rng, kind: Kind, template: &str) -> Parts {
    let (mut draw, mut included) = (Draw(rng), Included::default());
    let values = Values::new()
        .with("id", ID)
        .with("created_at", CREATED)
        .with("author", included.user(&mut draw));
    Parts {
        language: "",
        data: draw.fill(template, &values),
        includes: (kind == Kind::Likes).then(|| included.json(&mut draw)),
        errors: None,
    }
}

struct Composer<'a> {
    draw: Draw<'a>,
    size: SizeProfile,
    included: Included,
}

impl Composer<'_> {
    fn message(mut self) -> Parts {
        let kind = Reference::drawn(&mut self.draw);
        let (language, data) = self.post(kind);
        // A deleted original: the reference stays, the included post is replaced by an error.
        let lost = kind != Reference::Original && self.draw.chance(6);
        if lost {
            self.included.tweets.clear();
        }
        let bare = self.draw.chance(3);
        Parts {
            language,
            data,
            errors: lost.then(|| self.not_found()),
            includes: (!bare).then(|| self.included.json(&mut self.draw)),
        }
    }

    fn not_found(&mut self) -> String {
        let id = self.draw.one_of("old_id");
        format!("[{}]", self.draw.fill("not_found", &Values::new().with("id", id)))
    }

    /// The post itself after its language; its author and all that it refers to are included.
    fn post(&mut self, kind: Reference) -> (&'static str, String) {
        let author = self.included.user(&mut self.draw);
        let (lang, words) = self.draw.language();
        let (relation, opening) = kind.reference();
        let text = format!("{opening}{}", self.draw.sentence(&words, 12));
        let other = relation.map(|_| self.referenced(lang, &words)).unzip();
        let (other, other_author) = other;
        let replied_to = other_author.filter(|_| kind == Reference::Reply);
        let conversation = other.clone().filter(|_| kind == Reference::Reply);
        let (media, poll) = self.attachments();
        let place = self.draw.chance(4).then(|| self.included.place(&mut self.draw));
        let values = Values::new()
            .with("id", ID)
            .with("created_at", CREATED)
            .with("editable_until", EDITABLE)
            .with("author", author)
            .with("lang", lang)
            .with("text", self.spelt(&text))
            .with("original", kind == Reference::Original)
            .with("conversation", conversation.as_deref().unwrap_or(ID))
            .with("sensitive", self.draw.chance(4))
            .with("entities", entities(&mut self.draw, &text, self.size))
            .list("annotations", &annotations(&mut self.draw, self.size))
            .maybe("relation", relation)
            .maybe("other", other)
            .maybe("replied_to", replied_to)
            .maybe("media_id", media)
            .maybe("poll_id", poll)
            .maybe("place_id", place)
            .maybe("note", self.note(&words));
        (lang, self.draw.fill_shuffled("post", &values))
    }

    /// A text as JSON: a few are spelt as v1.1 did.
    fn spelt(&mut self, text: &str) -> String {
        let json = string(text);
        if self.draw.chance(8) {
            with_surrogates(&json)
        } else {
            json
        }
    }

    fn attachments(&mut self) -> (Option<String>, Option<String>) {
        match self.draw.number(0..100) {
            0..12 => (Some(self.included.medium(&mut self.draw)), None),
            12..14 => (None, Some(self.included.poll(&mut self.draw))),
            _ => (None, None),
        }
    }

    /// The whole of a text that is too long for `text`.
    fn note(&mut self, words: &[&str]) -> Option<String> {
        let long = self.size == SizeProfile::Typical && self.draw.chance(2);
        long.then(|| string(&self.draw.sentence(words, 260)))
    }

    /// The post referred to is included with its author, unless messages are to be small; gives the ids of both.
    fn referenced(&mut self, lang: &str, words: &[&str]) -> (String, String) {
        let id = self.draw.one_of("old_id");
        if self.size == SizeProfile::Small {
            return (id, self.draw.one_of("old_id"));
        }
        let author = self.included.user(&mut self.draw);
        let text = self.draw.sentence(words, 26);
        let values = Values::new()
            .with("id", &id)
            .with("author", &author)
            .with("lang", lang)
            .with("text", string(&text))
            .with("entities", entities(&mut self.draw, &text, self.size))
            .list("annotations", &annotations(&mut self.draw, self.size));
        self.included
            .tweets
            .push(self.draw.fill_shuffled("referenced", &values));
        (id, author)
    }
}
