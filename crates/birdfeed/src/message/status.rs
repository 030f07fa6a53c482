//! Status of v1.1, and of Powerstream, which has kept its shape.

use std::borrow::Cow;
use std::time::SystemTime;

use source_x::split::MessageKind;

use super::object::{Object, thing};
use super::whole::{Message, part};

part! {
    /// A status: v1.1's word for a post, and its shape.
    Status {
        /// The text; of one of more than 140 characters the beginning, see [`full_text`](Self::full_text).
        text: id = "text",
        /// The language that it seems to be in.
        lang: text = "lang",
        /// The program that it was written with, as HTML.
        source: text = "source",
        /// Whether [`text`](Self::text) is the beginning only.
        truncated: flag = "truncated",
        /// The status that it answers.
        in_reply_to_status_id: text = "in_reply_to_status_id_str",
        /// The user that it answers.
        in_reply_to_user_id: text = "in_reply_to_user_id_str",
        /// The same by name.
        in_reply_to_screen_name: text = "in_reply_to_screen_name",
        /// Whether it quotes another.
        is_quote_status: flag = "is_quote_status",
        /// The status that it quotes.
        quoted_status_id: text = "quoted_status_id_str",
        /// Links, hashtags, symbols, mentions, media.
        entities: object = "entities",
        /// All media.
        extended_entities: object = "extended_entities",
        /// GeoJSON.
        coordinates: object = "coordinates",
        /// A place of v1.1's.
        place: object = "place",
        /// How often it was quoted.
        quote_count: number = "quote_count",
        /// How often it was answered.
        reply_count: number = "reply_count",
        /// How often it was repeated.
        retweet_count: number = "retweet_count",
        /// How often it was liked.
        favorite_count: number = "favorite_count",
        /// Whether a link in it may be sensitive.
        possibly_sensitive: flag = "possibly_sensitive",
        /// Its own: `none`, `low` or `medium`.
        filter_level: text = "filter_level",
    }
}

thing! {
    /// A user of v1.1.
    StatusUser {
        /// The name shown.
        name: id = "name",
        /// The name behind the @.
        screen_name: id = "screen_name",
        /// Where the user says it is.
        location: text = "location",
        /// The user's own page.
        url: text = "url",
        /// What the user says of itself.
        description: text = "description",
        /// Whether its statuses are for followers only.
        protected: flag = "protected",
        /// Whether it is verified.
        verified: flag = "verified",
        /// How many follow it.
        followers_count: number = "followers_count",
        /// How many it follows.
        friends_count: number = "friends_count",
        /// On how many lists it is.
        listed_count: number = "listed_count",
        /// How many statuses it has liked.
        favourites_count: number = "favourites_count",
        /// How many it has written.
        statuses_count: number = "statuses_count",
        /// The picture.
        profile_image_url: text = "profile_image_url_https",
    }
}

impl Status {
    /// Decimal digits.
    pub fn id(&self) -> Cow<'_, str> {
        id(self.object())
    }

    /// When it was written.
    pub fn created_at(&self) -> Option<SystemTime> {
        time(self.object())
    }

    /// The whole text, however long.
    pub fn full_text(&self) -> String {
        let extended = self.object().object("extended_tweet");
        let long = extended.as_ref().and_then(|extended| extended.text("full_text"));
        let long = long.or_else(|| self.object().text("full_text"));
        long.unwrap_or_else(|| self.text()).into_owned()
    }

    /// Who wrote it.
    pub fn user(&self) -> Option<StatusUser> {
        self.object().object("user").map(StatusUser::new)
    }

    /// The status that it repeats.
    pub fn retweeted_status(&self) -> Option<Self> {
        self.nested("retweeted_status")
    }

    /// The status that it quotes.
    pub fn quoted_status(&self) -> Option<Self> {
        self.nested("quoted_status")
    }

    fn nested(&self, name: &str) -> Option<Self> {
        let object = self.object().object(name)?;
        Some(Self::new(object, self.message().clone()))
    }
}

impl StatusUser {
    /// Decimal digits.
    pub fn id(&self) -> Cow<'_, str> {
        id(self.object())
    }

    /// When the account was made.
    pub fn created_at(&self) -> Option<SystemTime> {
        time(self.object())
    }
}

impl Message {
    /// The status, if it is one.
    pub fn status(&self) -> Option<Status> {
        let is_status = self.kind() == MessageKind::Post && self.is_v1();
        is_status.then(|| Status::new(self.object().clone(), self.clone()))
    }
}

/// The id as text where it stands as text: v1.1 has both.
fn id(object: &Object) -> Cow<'_, str> {
    let text = object.text("id_str").or_else(|| object.text("id"));
    text.unwrap_or_default()
}

/// `Sat Mar 10 14:03:15 +0000 2018`: C's own form but for the zone, which is always that.
fn time(object: &Object) -> Option<SystemTime> {
    let text = object.text("created_at")?.replacen("+0000 ", "", 1);
    httpdate::parse_http_date(&text).ok()
}
