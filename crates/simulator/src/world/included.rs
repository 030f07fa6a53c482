//! Expansions: what a message brings with it, users, posts, media, places, polls.

use super::draw::Draw;
use super::entities::link;
use crate::json::string;
use crate::template::Values;

/// `includes` under construction: what is made here is remembered, and its id or key given.
#[derive(Debug, Default)]
pub(super) struct Included {
    users: Vec<String>,
    pub(super) tweets: Vec<String>,
    media: Vec<String>,
    places: Vec<String>,
    polls: Vec<String>,
}

impl Included {
    pub(super) fn user(&mut self, draw: &mut Draw<'_>) -> String {
        let (_, words) = draw.language();
        let id = draw.number(10_000_000..1_600_000_000_000_000_000);
        let values = Values::new()
            .with("id", id)
            .with("description", string(&draw.sentence(&words, 12)))
            .with("verified", draw.chance(7))
            .maybe("link", draw.chance(40).then(|| link(draw, 0)));
        self.users.push(draw.fill_shuffled("user", &values));
        id.to_string()
    }

    pub(super) fn medium(&mut self, draw: &mut Draw<'_>) -> String {
        let key = draw.one_of("media_key");
        let template = if key.starts_with("3_") { "photo" } else { "video" };
        self.media
            .push(draw.fill(template, &Values::new().with("key", &key)));
        key
    }

    pub(super) fn poll(&mut self, draw: &mut Draw<'_>) -> String {
        let id = draw.one_of("old_id");
        self.polls.push(draw.fill("poll", &Values::new().with("id", &id)));
        id
    }

    pub(super) fn place(&mut self, draw: &mut Draw<'_>) -> String {
        let id = draw.hex();
        self.places
            .push(draw.fill("place", &Values::new().with("id", &id)));
        id
    }

    /// The whole, as JSON.
    pub(super) fn json(&self, draw: &mut Draw<'_>) -> String {
        let values = Values::new()
            .list("users", &self.users)
            .list("tweets", &self.tweets)
            .list("media", &self.media)
            .list("places", &self.places)
            .list("polls", &self.polls);
        draw.fill("includes", &values)
    }
}
