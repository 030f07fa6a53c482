//! Query parameters: their names, and the values that an endpoint takes for them.

use std::ops::RangeInclusive;

use crate::fields;

/// A query parameter of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// What a post may carry.
    TweetFields,
    /// What is included besides the post.
    Expansions,
    /// What included media may carry.
    MediaFields,
    /// What an included poll may carry.
    PollFields,
    /// What an included user may carry.
    UserFields,
    /// What an included place may carry.
    PlaceFields,
    /// What a like may carry.
    LikeFields,
    /// Minutes to repeat at the start.
    BackfillMinutes,
    /// The start of a recovery.
    StartTime,
    /// The end of a recovery.
    EndTime,
    /// Which part of a stream that X delivers in several; whoever wants the whole opens each.
    Partition,
    /// Powerstream: only what the data centre that answers has itself.
    LocalDcOnly,
}

impl Parameter {
    /// All that there are, in the order in which they stand in a request.
    pub const ALL: [Self; 12] = [
        Self::TweetFields,
        Self::Expansions,
        Self::MediaFields,
        Self::PollFields,
        Self::UserFields,
        Self::PlaceFields,
        Self::LikeFields,
        Self::BackfillMinutes,
        Self::StartTime,
        Self::EndTime,
        Self::Partition,
        Self::LocalDcOnly,
    ];

    /// X's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TweetFields => "tweet.fields",
            Self::Expansions => "expansions",
            Self::MediaFields => "media.fields",
            Self::PollFields => "poll.fields",
            Self::UserFields => "user.fields",
            Self::PlaceFields => "place.fields",
            Self::LikeFields => "like_with_tweet_author.fields",
            Self::BackfillMinutes => "backfill_minutes",
            Self::StartTime => "start_time",
            Self::EndTime => "end_time",
            Self::Partition => "partition",
            Self::LocalDcOnly => "localDcOnly",
        }
    }

    /// Powerstream's name of it.
    pub(super) const fn in_camel_case(self) -> &'static str {
        match self {
            Self::BackfillMinutes => "backfillMinutes",
            Self::StartTime => "startTime",
            Self::EndTime => "endTime",
            _ => self.name(),
        }
    }
}

/// The values that an endpoint takes for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A list of these names, each at most once.
    Names(&'static [&'static str]),
    /// A whole number within these bounds.
    Number {
        /// The least and the most; of [`Parameter::Partition`], the most is how many partitions there are.
        range: RangeInclusive<u8>,
        /// Whether X refuses a request without it.
        required: bool,
    },
    /// A time of the form `YYYY-MM-DDTHH:mm:ssZ`.
    Time,
    /// `true` or `false`.
    Flag,
}

/// Parameters that endpoints have together.
pub(super) type Group = &'static [(Parameter, Takes)];

/// What posts and all that comes with them may carry.
pub(super) const POST_FIELDS: Group = &[
    (Parameter::TweetFields, Takes::Names(fields::TWEET)),
    (Parameter::Expansions, Takes::Names(fields::EXPANSIONS)),
    (Parameter::MediaFields, Takes::Names(fields::MEDIA)),
    (Parameter::PollFields, Takes::Names(fields::POLL)),
    (Parameter::UserFields, Takes::Names(fields::USER)),
    (Parameter::PlaceFields, Takes::Names(fields::PLACE)),
];

/// What likes and all that comes with them may carry.
pub(super) const LIKE_FIELDS: Group = &[
    (Parameter::LikeFields, Takes::Names(fields::LIKE)),
    (Parameter::Expansions, Takes::Names(fields::LIKE_EXPANSIONS)),
    (Parameter::MediaFields, Takes::Names(fields::MEDIA)),
    (Parameter::UserFields, Takes::Names(fields::USER)),
    (Parameter::TweetFields, Takes::Names(fields::TWEET)),
];

/// The last minutes once more, for accounts that have it.
pub(super) const BACKFILL: Group = &[(
    Parameter::BackfillMinutes,
    Takes::Number {
        range: 0..=5,
        required: false,
    },
)];

/// One data centre alone.
pub(super) const LOCAL: Group = &[(Parameter::LocalDcOnly, Takes::Flag)];

/// A stretch of the past, for accounts that have it.
pub(super) const RECOVERY: Group = &[
    (Parameter::StartTime, Takes::Time),
    (Parameter::EndTime, Takes::Time),
];

const fn parts<const N: u8>() -> (Parameter, Takes) {
    let takes = Takes::Number {
        range: 1..=N,
        required: true,
    };
    (Parameter::Partition, takes)
}

/// One of two parts: who wants the whole opens both, each on a connection of its own.
pub(super) const PARTS_OF_2: Group = &[parts::<2>()];
/// One of four parts.
pub(super) const PARTS_OF_4: Group = &[parts::<4>()];
/// One of eight parts.
pub(super) const PARTS_OF_8: Group = &[parts::<8>()];
/// One of twenty parts.
pub(super) const PARTS_OF_20: Group = &[parts::<20>()];
