//! The streams that are served: a row each.

/// What there is to know about a stream.
struct Row {
    path: &'static str,
    /// Its name among the account's connections, if it stands there.
    id: Option<&'static str>,
    brings: Kind,
    /// Of posts, only those in this language.
    language: Option<&'static str>,
    /// In how many parts it is served; a client has to name one.
    partitions: Option<u8>,
    /// Is a stretch of the past to be had?
    has_past: bool,
    fields: Fields,
}

/// What one message of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A post of v2 with what belongs to it.
    Posts,
    /// What to do about a post.
    PostsCompliance,
    /// What to do about a user.
    UsersCompliance,
    /// What to do about a like.
    LikesCompliance,
    /// A label given to a post, or taken from it.
    Labels,
    /// A like with what belongs to it.
    Likes,
    /// Something that an account did.
    Activity,
    /// A status of v1.1.
    Statuses,
    /// The same, alone on its line or in a list.
    Batches,
}

/// Which lists of fields and expansions a stream takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fields {
    None,
    Posts,
    Likes,
}

macro_rules! endpoints {
    ($($(#[$doc:meta])+ $endpoint:ident = $row:expr;)+) => {
        /// A stream, by its path.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Endpoint {
            $($(#[$doc])+ $endpoint,)+
        }

        const ALL: &[Endpoint] = &[$(Endpoint::$endpoint),+];
        const ROWS: &[Row] = &[$($row),+];
    };
}

/// What most rows have in common: posts with their fields.
const POSTS: Row = Row {
    path: "",
    id: None,
    brings: Kind::Posts,
    language: None,
    partitions: None,
    has_past: true,
    fields: Fields::Posts,
};

const EVENTS: Row = Row {
    fields: Fields::None,
    ..POSTS
};

const STATUSES: Row = Row {
    brings: Kind::Statuses,
    has_past: false,
    ..EVENTS
};

endpoints! {
    /// `/2/tweets/search/stream`: needs rules, has `matching_rules`.
    Search = Row { path: "/2/tweets/search/stream", id: Some("filtered_stream"), ..POSTS };
    /// `/2/tweets/sample/stream`: matches nothing, needs no rules.
    Sample = Row { path: "/2/tweets/sample/stream", id: Some("sample_stream"), has_past: false, ..POSTS };
    /// `/2/tweets/sample10/stream`
    Sample10 = Row {
        path: "/2/tweets/sample10/stream",
        id: Some("sample10_stream"),
        partitions: Some(2),
        ..POSTS
    };
    /// `/2/tweets/firehose/stream`
    Firehose = Row {
        path: "/2/tweets/firehose/stream",
        id: Some("firehose_stream"),
        partitions: Some(20),
        ..POSTS
    };
    /// `/2/tweets/firehose/stream/lang/en`
    FirehoseEn = Row {
        path: "/2/tweets/firehose/stream/lang/en",
        id: Some("firehose_stream_lang_en"),
        partitions: Some(8),
        language: Some("en"),
        ..POSTS
    };
    /// `/2/tweets/firehose/stream/lang/ja`
    FirehoseJa = Row {
        path: "/2/tweets/firehose/stream/lang/ja",
        id: Some("firehose_stream_lang_ja"),
        partitions: Some(2),
        language: Some("ja"),
        ..POSTS
    };
    /// `/2/tweets/firehose/stream/lang/ko`
    FirehoseKo = Row {
        path: "/2/tweets/firehose/stream/lang/ko",
        id: Some("firehose_stream_lang_ko"),
        partitions: Some(2),
        language: Some("ko"),
        ..POSTS
    };
    /// `/2/tweets/firehose/stream/lang/pt`
    FirehosePt = Row {
        path: "/2/tweets/firehose/stream/lang/pt",
        id: Some("firehose_stream_lang_pt"),
        partitions: Some(2),
        language: Some("pt"),
        ..POSTS
    };
    /// `/2/tweets/compliance/stream`
    PostsCompliance = Row {
        path: "/2/tweets/compliance/stream",
        id: Some("tweets_compliance_stream"),
        brings: Kind::PostsCompliance,
        partitions: Some(4),
        ..EVENTS
    };
    /// `/2/users/compliance/stream`
    UsersCompliance = Row {
        path: "/2/users/compliance/stream",
        id: Some("users_compliance_stream"),
        brings: Kind::UsersCompliance,
        partitions: Some(4),
        ..EVENTS
    };
    /// `/2/likes/compliance/stream`
    LikesCompliance = Row {
        path: "/2/likes/compliance/stream",
        id: Some("likes_compliance_stream"),
        brings: Kind::LikesCompliance,
        ..EVENTS
    };
    /// `/2/tweets/label/stream`
    Labels = Row {
        path: "/2/tweets/label/stream",
        id: Some("tweet_label_stream"),
        brings: Kind::Labels,
        ..EVENTS
    };
    /// `/2/likes/firehose/stream`
    LikesFirehose = Row {
        path: "/2/likes/firehose/stream",
        id: Some("likes_firehose_stream"),
        brings: Kind::Likes,
        partitions: Some(20),
        fields: Fields::Likes,
        ..EVENTS
    };
    /// `/2/likes/sample10/stream`
    LikesSample10 = Row {
        path: "/2/likes/sample10/stream",
        id: Some("likes_sample10_stream"),
        brings: Kind::Likes,
        partitions: Some(2),
        fields: Fields::Likes,
        ..EVENTS
    };
    /// `/2/activity/stream`
    Activity = Row { path: "/2/activity/stream", brings: Kind::Activity, ..EVENTS };
    /// `/2/powerstream`: statuses of v1.1, alone or in lists of one; names of its own for the parameters.
    Powerstream = Row { path: "/2/powerstream", brings: Kind::Batches, ..EVENTS };
    /// `/1.1/statuses/filter.json`: signed, with predicates in the request.
    Filter = Row { path: "/1.1/statuses/filter.json", ..STATUSES };
    /// `/1.1/statuses/sample.json`: signed.
    StatusSample = Row { path: "/1.1/statuses/sample.json", ..STATUSES };
}

impl Endpoint {
    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The stream at a path, if there is one.
    pub(crate) fn at(path: &str) -> Option<Endpoint> {
        ALL.iter().copied().find(|endpoint| endpoint.row().path == path)
    }

    /// Its name among the account's connections, if it stands there.
    pub(crate) fn id(self) -> Option<&'static str> {
        self.row().id
    }

    /// Every such name.
    pub(crate) fn ids() -> Vec<&'static str> {
        ROWS.iter().filter_map(|row| row.id).collect()
    }

    /// Is it one of v1.1?
    pub(crate) fn is_v1(self) -> bool {
        self.row().path.starts_with("/1.1/")
    }

    /// Is it asked for with this verb?
    pub(crate) fn takes(self, method: &str) -> bool {
        method == "GET" || (method == "POST" && self == Endpoint::Filter)
    }

    /// In how many parts it is served, if a client has to name one.
    pub(crate) fn partitions(self) -> Option<u8> {
        self.row().partitions
    }

    /// Is a stretch of the past to be had?
    pub(crate) fn has_past(self) -> bool {
        self.row().has_past
    }

    /// Which lists of fields and expansions it takes.
    pub(crate) fn fields(self) -> Fields {
        self.row().fields
    }
}

/// A stream as it is asked for: the whole, or one part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feed {
    pub(crate) endpoint: Endpoint,
    /// From 1; of a stream that has no parts, 1.
    pub(crate) partition: u8,
}

impl Feed {
    /// All of a stream that has no parts.
    pub(crate) const fn whole(endpoint: Endpoint) -> Feed {
        Feed {
            endpoint,
            partition: 1,
        }
    }

    pub(crate) fn brings(self) -> Kind {
        self.endpoint.row().brings
    }

    /// Of posts, only those in this language.
    pub(crate) fn language(self) -> Option<&'static str> {
        self.endpoint.row().language
    }

    /// Do its posts come with the rules that they match?
    pub(crate) fn has_rules(self) -> bool {
        self.endpoint == Endpoint::Search
    }

    /// The first id, from `id` on, of what belongs to this part.
    pub(crate) fn first_id(self, id: u64) -> u64 {
        let parts = u64::from(self.endpoint.partitions().unwrap_or(1));
        id.next_multiple_of(parts) + u64::from(self.partition - 1)
    }

    /// Does what has this id belong to this part?
    pub(crate) fn has_id(self, id: u64) -> bool {
        let parts = u64::from(self.endpoint.partitions().unwrap_or(1));
        id % parts == u64::from(self.partition - 1)
    }
}
