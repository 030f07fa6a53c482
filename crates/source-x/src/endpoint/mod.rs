//! Catalogue of X's streams: one row an endpoint, and nothing about an endpoint is written anywhere else. A row says where the
//! stream is, what it may be asked for, and what it brings; a new endpoint is a new row.

mod parameter;

use std::time::Duration;

use http::Method;
use stream_core::model::Lane;

use self::parameter::{
    BACKFILL, Group, LIKE_FIELDS, LOCAL, PARTS_OF_2, PARTS_OF_4, PARTS_OF_8, PARTS_OF_20, POST_FIELDS,
    RECOVERY,
};
pub use self::parameter::{Parameter, Takes};

/// What there is to know about an endpoint.
struct Row {
    /// In configuration, and in the `source` of CloudEvents.
    name: &'static str,
    /// X's own server of it.
    base_url: &'static str,
    method: Method,
    path: &'static str,
    /// What its query takes.
    parameters: &'static [Group],
    /// Whether it brings what matches the app's rules, and is refused while there are none.
    rules: bool,
    messages: Messages,
}

/// What the messages of a stream are, so that they can be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Messages {
    /// v2: a post under `data`, with what belongs to it beside it. Compliance events have the same outer shape.
    Posts,
    /// v2: a like under `data`, with what belongs to it beside it.
    Likes,
    /// v2: an event of an account under `data`, whatever it is about.
    Activity,
    /// v1.1: statuses, and messages that are named by their one member.
    Statuses,
    /// The same, alone on its line or in a list.
    Batches,
}

impl Messages {
    /// The lane of what such a stream is asked for.
    pub const fn lane(self) -> Lane {
        match self {
            Self::Posts | Self::Statuses | Self::Batches => Lane::Tweets,
            Self::Likes => Lane::Likes,
            Self::Activity => Lane::Activity,
        }
    }
}

/// Version of X's API: which credentials it wants, how long its streams may be silent, how they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// v1.1, which X has retired: OAuth 1.0a, a [`Filter`](crate::Filter) in a form.
    V1,
    /// v2: a bearer token, a [`Query`](crate::Query).
    V2,
}

impl Version {
    /// Without a single byte for this long, a stream has stalled. v2 sends an empty line at least every 20 s, often a little
    /// late; v1.1 every 30 s, and asks for the patience of three
    /// (<https://docs.x.com/x-api/fundamentals/handling-disconnections>).
    pub const fn silence(self) -> Duration {
        match self {
            Self::V1 => Duration::from_secs(90),
            Self::V2 => Duration::from_secs(25),
        }
    }
}

macro_rules! endpoints {
    ($($(#[$doc:meta])+ $endpoint:ident = $row:expr;)+) => {
        /// A stream of X, by name; what is known about it stands in its row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Endpoint {
            $($(#[$doc])+ $endpoint,)+
        }

        const ROWS: &[Row] = &[$($row),+];

        impl Endpoint {
            /// All that there are, in the order of their rows.
            pub const ALL: [Self; ROWS.len()] = [$(Self::$endpoint),+];
        }
    };
}

const API: &str = "https://api.x.com";
const V1_STREAM: &str = "https://stream.twitter.com";

endpoints! {
    /// The filtered stream: posts that match the app's rules.
    Search = Row {
        name: "search",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/search/stream",
        parameters: &[POST_FIELDS, BACKFILL, RECOVERY],
        rules: true,
        messages: Messages::Posts,
    };
    /// About one in a hundred of all posts.
    Sample = Row {
        name: "sample",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/sample/stream",
        parameters: &[POST_FIELDS, BACKFILL],
        rules: false,
        messages: Messages::Posts,
    };
    /// About one in ten of all posts, in parts.
    Sample10 = Row {
        name: "sample10",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/sample10/stream",
        parameters: &[POST_FIELDS, BACKFILL, RECOVERY, PARTS_OF_2],
        rules: false,
        messages: Messages::Posts,
    };
    /// All posts, in parts.
    Firehose = Row {
        name: "firehose",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/firehose/stream",
        parameters: &[POST_FIELDS, BACKFILL, RECOVERY, PARTS_OF_20],
        rules: false,
        messages: Messages::Posts,
    };
    /// All posts in English, in parts.
    FirehoseEn = Row {
        name: "firehose-en",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/firehose/stream/lang/en",
        parameters: &[POST_FIELDS, BACKFILL, RECOVERY, PARTS_OF_8],
        rules: false,
        messages: Messages::Posts,
    };
    /// All posts in Japanese, in parts.
    FirehoseJa = Row {
        name: "firehose-ja",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/firehose/stream/lang/ja",
        parameters: &[POST_FIELDS, BACKFILL, RECOVERY, PARTS_OF_2],
        rules: false,
        messages: Messages::Posts,
    };
    /// All posts in Korean, in parts.
    FirehoseKo = Row {
        name: "firehose-ko",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/firehose/stream/lang/ko",
        parameters: &[POST_FIELDS, BACKFILL, RECOVERY, PARTS_OF_2],
        rules: false,
        messages: Messages::Posts,
    };
    /// All posts in Portuguese, in parts.
    FirehosePt = Row {
        name: "firehose-pt",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/firehose/stream/lang/pt",
        parameters: &[POST_FIELDS, BACKFILL, RECOVERY, PARTS_OF_2],
        rules: false,
        messages: Messages::Posts,
    };
    /// What holders of posts must do about posts, in parts.
    TweetsCompliance = Row {
        name: "tweets-compliance",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/compliance/stream",
        parameters: &[BACKFILL, RECOVERY, PARTS_OF_4],
        rules: false,
        messages: Messages::Posts,
    };
    /// What holders of posts must do about users, in parts.
    UsersCompliance = Row {
        name: "users-compliance",
        base_url: API,
        method: Method::GET,
        path: "/2/users/compliance/stream",
        parameters: &[BACKFILL, RECOVERY, PARTS_OF_4],
        rules: false,
        messages: Messages::Posts,
    };
    /// What holders of likes must do about likes.
    LikesCompliance = Row {
        name: "likes-compliance",
        base_url: API,
        method: Method::GET,
        path: "/2/likes/compliance/stream",
        parameters: &[BACKFILL, RECOVERY],
        rules: false,
        messages: Messages::Posts,
    };
    /// Labels that X gives to posts, and takes from them.
    Labels = Row {
        name: "labels",
        base_url: API,
        method: Method::GET,
        path: "/2/tweets/label/stream",
        parameters: &[BACKFILL, RECOVERY],
        rules: false,
        messages: Messages::Posts,
    };
    /// All likes, in parts.
    LikesFirehose = Row {
        name: "likes-firehose",
        base_url: API,
        method: Method::GET,
        path: "/2/likes/firehose/stream",
        parameters: &[LIKE_FIELDS, BACKFILL, RECOVERY, PARTS_OF_20],
        rules: false,
        messages: Messages::Likes,
    };
    /// About one in ten of all likes, in parts.
    LikesSample10 = Row {
        name: "likes-sample10",
        base_url: API,
        method: Method::GET,
        path: "/2/likes/sample10/stream",
        parameters: &[LIKE_FIELDS, BACKFILL, RECOVERY, PARTS_OF_2],
        rules: false,
        messages: Messages::Likes,
    };
    /// What accounts do, by the app's subscriptions.
    Activity = Row {
        name: "activity",
        base_url: API,
        method: Method::GET,
        path: "/2/activity/stream",
        parameters: &[BACKFILL, RECOVERY],
        rules: false,
        messages: Messages::Activity,
    };
    /// Powerstream: what matches rules of its own, in v1.1's form (<https://docs.x.com/x-api/powerstream/introduction>).
    Powerstream = Row {
        name: "powerstream",
        base_url: API,
        method: Method::GET,
        path: "/2/powerstream",
        parameters: &[BACKFILL, RECOVERY, LOCAL],
        rules: false,
        messages: Messages::Batches,
    };
    /// v1.1's filtered stream: what matches the request's own predicates. Retired; other servers speak it.
    V1Filter = Row {
        name: "v1-filter",
        base_url: V1_STREAM,
        method: Method::POST,
        path: "/1.1/statuses/filter.json",
        parameters: &[],
        rules: false,
        messages: Messages::Statuses,
    };
    /// v1.1's sample: about one in a hundred of all statuses. Retired; other servers speak it.
    V1Sample = Row {
        name: "v1-sample",
        base_url: V1_STREAM,
        method: Method::GET,
        path: "/1.1/statuses/sample.json",
        parameters: &[],
        rules: false,
        messages: Messages::Statuses,
    };
}

impl Endpoint {
    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The name in configuration and in `CloudEvents`' `source`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The endpoint called `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }

    /// Scheme and host of X's own server of it.
    pub const fn base_url(self) -> &'static str {
        self.row().base_url
    }

    /// The verb of the request that opens the stream.
    pub const fn method(self) -> &'static Method {
        &self.row().method
    }

    /// The path of the request, without a query.
    pub const fn path(self) -> &'static str {
        self.row().path
    }

    /// The version of the API that it belongs to, which its path says.
    pub fn version(self) -> Version {
        if self.path().starts_with("/1.1/") {
            Version::V1
        } else {
            Version::V2
        }
    }

    /// Whether it brings what matches predicates in the request itself: they are too long for anything but a form.
    pub fn takes_predicates(self) -> bool {
        self.version() == Version::V1 && *self.method() == Method::POST
    }

    /// X's name of `parameter` here: Powerstream has a spelling of its own.
    pub const fn name_of(self, parameter: Parameter) -> &'static str {
        match self {
            Self::Powerstream => parameter.in_camel_case(),
            _ => parameter.name(),
        }
    }

    /// What it takes as the value of `parameter`; `None` if it has no such parameter.
    pub fn takes(self, parameter: Parameter) -> Option<&'static Takes> {
        let all = self.row().parameters.iter().copied().flatten();
        all.into_iter()
            .find(|(taken, _)| *taken == parameter)
            .map(|(_, takes)| takes)
    }

    /// Whether it brings what matches the app's rules, and is refused while there are none.
    pub const fn has_rules(self) -> bool {
        self.row().rules
    }

    /// What its messages are.
    pub const fn messages(self) -> Messages {
        self.row().messages
    }
}

#[cfg(test)]
mod tests;
