//! What a stream is asked for.

use source_x::filter::FilterLevel;
use source_x::{Endpoint, Filter};
use stream_core::source::Framing;

use super::Builder;

/// Setters of lists of texts, which stand in a part of the settings under the same name.
macro_rules! lists {
    ($part:ident: $($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.settings.$part.$name = values.into_iter().map(Into::into).collect();
            self
        }
    )*};
}

/// Which stream, and what it is asked for.
impl Builder {
    /// Which stream it is; [`Endpoint::Search`], the filtered one, unless said.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings.endpoint = endpoint;
        self
    }

    lists! { query:
        /// What a post may carry (`tweet.fields`).
        tweet_fields;
        /// What is included besides the post.
        expansions;
        /// What included media may carry (`media.fields`).
        media_fields;
        /// What an included poll may carry (`poll.fields`).
        poll_fields;
        /// What an included user may carry (`user.fields`).
        user_fields;
        /// What an included place may carry (`place.fields`).
        place_fields;
        /// What a like may carry, on streams of likes (`like_with_tweet_author.fields`).
        like_fields;
    }

    /// Minutes to repeat at each connect, for accounts that have it.
    pub fn backfill_minutes(mut self, minutes: u8) -> Self {
        self.settings.query.backfill_minutes = Some(minutes);
        self
    }

    /// After each gap the minutes that are needed, where the account has it: X's 400 ends that for good. Repeats come as they come.
    pub fn backfill_as_needed(mut self) -> Self {
        self.settings.catch_up.backfill = true;
        self
    }

    /// The start of a stretch of the past, for accounts that have it; of the form `YYYY-MM-DDTHH:mm:ssZ`.
    pub fn start_time(mut self, time: impl Into<String>) -> Self {
        self.settings.query.start_time = Some(time.into());
        self
    }

    /// The end of that stretch.
    pub fn end_time(mut self, time: impl Into<String>) -> Self {
        self.settings.query.end_time = Some(time.into());
        self
    }

    /// Which part of a stream that X delivers in several, from 1.
    pub fn partition(mut self, partition: u8) -> Self {
        self.settings.query.partition = Some(partition);
        self
    }
}

/// What v1.1's streams are asked for.
impl Builder {
    /// All of it at once.
    pub fn v1(mut self, filter: Filter) -> Self {
        self.settings.filter = filter;
        self
    }

    lists! { filter:
        /// Users whose statuses are wanted, by their ids.
        follow;
        /// Phrases, one of which must match.
        track;
        /// Languages, as BCP 47 codes.
        language;
    }

    /// Boxes, four numbers each: longitude and latitude of the corner in the south-west, then of that in the north-east.
    pub fn locations(mut self, degrees: impl IntoIterator<Item = f64>) -> Self {
        self.settings.filter.locations = degrees.into_iter().collect();
        self
    }

    /// The least level of the statuses that are wanted.
    pub fn filter_level(mut self, level: FilterLevel) -> Self {
        self.settings.filter.filter_level = level;
        self
    }

    /// Has the server warn before it drops a client that falls behind.
    pub fn stall_warnings(mut self) -> Self {
        self.settings.filter.stall_warnings = true;
        self
    }

    /// How many statuses of the past come first; with a minus, and no others.
    pub fn count(mut self, count: i32) -> Self {
        self.settings.filter.count = Some(count);
        self
    }

    /// How messages are told apart: [`Framing::Lengths`] asks for `delimited=length`.
    pub fn framing(mut self, framing: Framing) -> Self {
        self.settings.filter.framing = framing;
        self
    }
}
