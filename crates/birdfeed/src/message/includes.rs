//! Includes: what belongs to a post and is not in it.

use std::borrow::Cow;
use std::fmt;

use super::object::Object;
use super::post::Post;
use super::things::{Media, Place, Poll, User};
use super::whole::Message;

/// The things that a message brings beside its data.
#[derive(Clone)]
pub struct Includes {
    object: Object,
    message: Message,
}

impl Includes {
    /// The users named in the expansions.
    pub fn users(&self) -> Vec<User> {
        self.list("users", User::new)
    }

    /// The posts that are referred to.
    pub fn posts(&self) -> Vec<Post> {
        // X's description has had both names.
        let name = ["tweets", "posts"]
            .into_iter()
            .find(|name| self.object.get(name).is_some());
        self.list(name.unwrap_or("tweets"), |object| {
            Post::new(object, self.message.clone())
        })
    }

    /// Photos, videos and GIFs.
    pub fn media(&self) -> Vec<Media> {
        self.list("media", Media::new)
    }

    /// Polls.
    pub fn polls(&self) -> Vec<Poll> {
        self.list("polls", Poll::new)
    }

    /// Places.
    pub fn places(&self) -> Vec<Place> {
        self.list("places", Place::new)
    }

    /// All that there is, what nobody has seen included.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        self.object.names().next().is_none()
    }

    fn list<T>(&self, name: &str, thing: impl Fn(Object) -> T) -> Vec<T> {
        self.object.objects(name).into_iter().map(thing).collect()
    }
}

impl Message {
    /// What belongs to the data; empty if nothing came.
    pub fn includes(&self) -> Includes {
        let object = self.object().object("includes").unwrap_or_default();
        let message = self.clone();
        Includes { object, message }
    }
}

impl Post {
    /// What came with it.
    pub fn includes(&self) -> Includes {
        self.message().includes()
    }

    /// Its author, if the expansion `author_id` was asked for.
    pub fn author(&self) -> Option<User> {
        let id = self.author_id()?;
        self.includes().users().into_iter().find(|user| user.id() == id)
    }

    /// Its photos and videos, if the expansion `attachments.media_keys` was asked for.
    pub fn media(&self) -> Vec<Media> {
        let keys = self.attached("media_keys");
        let media = self.includes().media().into_iter();
        media
            .filter(|media| keys.iter().any(|key| *key == media.media_key()))
            .collect()
    }

    /// Its polls, if the expansion `attachments.poll_ids` was asked for.
    pub fn polls(&self) -> Vec<Poll> {
        let ids = self.attached("poll_ids");
        let polls = self.includes().polls().into_iter();
        polls
            .filter(|poll| ids.iter().any(|id| *id == poll.id()))
            .collect()
    }

    /// Its place, if the expansion `geo.place_id` was asked for.
    pub fn place(&self) -> Option<Place> {
        let geo = self.geo()?;
        let id: Cow<'_, str> = geo.text("place_id")?;
        self.includes()
            .places()
            .into_iter()
            .find(|place| place.id() == id)
    }

    fn attached(&self, name: &str) -> Vec<String> {
        self.attachments()
            .map(|list| list.texts(name))
            .unwrap_or_default()
    }
}

impl fmt::Debug for Includes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Includes({:?})", self.object)
    }
}
