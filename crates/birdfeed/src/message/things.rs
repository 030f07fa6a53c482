//! What comes with posts (<https://docs.x.com/x-api/fundamentals/data-dictionary>): users, media, polls, places, and the rules
//! that matched.

use super::object::thing;

thing! {
    /// A user.
    User {
        /// Decimal digits; empty if X leaves it out.
        id: id = "id",
        /// The name shown.
        name: id = "name",
        /// The name behind the @.
        username: id = "username",
        /// When the account was made.
        created_at: time = "created_at",
        /// What the user says of itself.
        description: text = "description",
        /// Links, hashtags and mentions in the description and the URL.
        entities: object = "entities",
        /// Where the user says it is.
        location: text = "location",
        /// The user's own page.
        url: text = "url",
        /// The post that is pinned.
        pinned_post_id: text = "pinned_tweet_id",
        /// The latest post.
        most_recent_post_id: text = "most_recent_tweet_id",
        /// The picture.
        profile_image_url: text = "profile_image_url",
        /// The banner.
        profile_banner_url: text = "profile_banner_url",
        /// Whether its posts are for followers only.
        protected: flag = "protected",
        /// Whether it is verified.
        verified: flag = "verified",
        /// As what: `blue`, `business`, `government` or `none`.
        verified_type: text = "verified_type",
        /// `followers_count`, `following_count`, `tweet_count`, `listed_count` and so on.
        public_metrics: object = "public_metrics",
        /// Where it is withheld.
        withheld: object = "withheld",
    }
}

thing! {
    /// A photo, a video or an animated GIF.
    Media {
        /// X's key of it; empty if X leaves it out.
        media_key: id = "media_key",
        /// `photo`, `video` or `animated_gif`; empty if X leaves it out.
        kind: id = "type",
        /// Where the photo is.
        url: text = "url",
        /// What it shows, in words.
        alt_text: text = "alt_text",
        /// How long a video is, in milliseconds.
        duration_ms: number = "duration_ms",
        /// Pixels.
        width: number = "width",
        /// Pixels.
        height: number = "height",
        /// A still of it.
        preview_image_url: text = "preview_image_url",
        /// `view_count`.
        public_metrics: object = "public_metrics",
        /// Its owner's.
        non_public_metrics: object = "non_public_metrics",
        /// Its owner's.
        organic_metrics: object = "organic_metrics",
        /// Its owner's.
        promoted_metrics: object = "promoted_metrics",
        /// `bit_rate`, `content_type` and `url` of each.
        variants: objects = "variants",
    }
}

thing! {
    /// A poll.
    Poll {
        /// Decimal digits; empty if X leaves it out.
        id: id = "id",
        /// `position`, `label` and `votes` of each.
        options: objects = "options",
        /// How long one may vote, in minutes.
        duration_minutes: number = "duration_minutes",
        /// Until when.
        end_datetime: time = "end_datetime",
        /// `open` or `closed`.
        voting_status: text = "voting_status",
    }
}

thing! {
    /// A place.
    Place {
        /// X's id of it; empty if X leaves it out.
        id: id = "id",
        /// With what it lies in.
        full_name: id = "full_name",
        /// Its name.
        name: text = "name",
        /// The country's name.
        country: text = "country",
        /// Two letters.
        country_code: text = "country_code",
        /// `city`, `admin`, `country`, `neighborhood` or `poi`.
        place_type: text = "place_type",
        /// The places that it lies in, by their ids.
        contained_within: texts = "contained_within",
        /// GeoJSON.
        geo: object = "geo",
    }
}

thing! {
    /// A rule that a post matches.
    MatchingRule {
        /// Decimal digits; empty if X leaves it out.
        id: id = "id",
        /// Its tag. X leaves it out or writes it `null` or empty when there is none; only what it writes is told apart.
        tag: text = "tag",
    }
}
