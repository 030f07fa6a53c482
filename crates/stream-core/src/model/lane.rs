//! The kinds of record, and small collections over them.

use std::fmt;

/// Declares the lanes, a row each: the number on disk, the name, the event type, whether it is on by default.
macro_rules! lanes {
    ($($(#[$doc:meta])* $lane:ident = $number:literal $name:literal $event_type:literal $default:ident;)*) => {
        /// Lane: one kind of record on its way to a sink. The order of the rows is the order of every list that users see.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Lane {
            $($(#[$doc])* #[serde(rename = $name)] $lane,)*
        }

        impl Lane {
            /// Every lane, in the order of the rows.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$lane),*];

            /// What stands for the lane on disk, below 16. Once released it is the lane's for ever, and nobody else's.
            pub const fn number(self) -> u8 {
                match self { $(Self::$lane => $number,)* }
            }

            /// The lane that `number` stands for on disk.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$lane),)* _ => None }
            }

            /// The name in configuration, topics, headers and metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$lane => $name,)* }
            }

            /// The `type` of a record of this lane in CloudEvents and AMQP.
            pub const fn event_type(self) -> &'static str {
                match self { $(Self::$lane => $event_type,)* }
            }

            /// Whether the lane is on unless the user says otherwise.
            pub const fn is_default(self) -> bool {
                match self { $(Self::$lane => lanes!($default),)* }
            }
        }
    };
    (on) => { true };
    (off) => { false };
}

lanes! {
    /// The post itself, verbatim.
    Tweets = 0 "tweets" "com.x.tweet" on;
    /// Users, media, places, polls and referenced posts that came with a post.
    Includes = 1 "includes" "com.x.includes" on;
    /// Errors beside a post, and in-stream errors that came alone.
    Errors = 2 "errors" "com.x.errors" on;
    /// The rules of the filtered stream that a post matched.
    MatchingRules = 3 "matching_rules" "com.x.matching_rules" on;
    /// Deletions, withholdings and other duties of a holder of posts.
    Compliance = 4 "compliance" "com.x.compliance" on;
    /// JSON objects of a kind that nobody has seen.
    Unknown = 5 "unknown" "com.x.unknown" on;
    /// What could not be read, or what a broker refused, with the reason.
    DeadLetter = 6 "dead_letter" "com.x.dead_letter" on;
    /// Connects, disconnects and gaps.
    Events = 7 "events" "com.x.event" on;
    /// The whole message, verbatim.
    Responses = 8 "responses" "com.x.response" off;
    /// The like itself, verbatim.
    Likes = 9 "likes" "com.x.like" off;
    /// An event of an account's activity, whole.
    Activity = 10 "activity" "com.x.activity" off;
}

impl Lane {
    /// The lane called `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self.number()
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of lanes; displays as names joined by commas, in the order of [`Lane::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LaneSet(u16);

impl LaneSet {
    /// Whether `lane` is in the set.
    pub const fn contains(self, lane: Lane) -> bool {
        self.0 & lane.bit() != 0
    }

    /// Makes `lane` a member.
    pub fn insert(&mut self, lane: Lane) {
        self.0 |= lane.bit();
    }

    /// The set without `lane`.
    #[must_use]
    pub(crate) const fn without(self, lane: Lane) -> Self {
        Self(self.0 & !lane.bit())
    }

    /// The lanes that are in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The lanes that are in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as it stands on disk: a bit for each [`Lane::number`].
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set that `bits` stands for. Lanes that nobody knows any more are in no list.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Whether no lane is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The lanes in the set.
    pub fn iter(self) -> impl Iterator<Item = Lane> {
        Lane::ALL.into_iter().filter(move |lane| self.contains(*lane))
    }
}

impl FromIterator<Lane> for LaneSet {
    fn from_iter<I: IntoIterator<Item = Lane>>(lanes: I) -> Self {
        let mut set = Self::default();
        lanes.into_iter().for_each(|lane| set.insert(lane));
        set
    }
}

impl fmt::Display for LaneSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, lane) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            f.write_str(lane.name())?;
        }
        Ok(())
    }
}

/// One value for each lane.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PerLane<T>([T; Lane::ALL.len()]);

impl<T> std::ops::Index<Lane> for PerLane<T> {
    type Output = T;
    fn index(&self, lane: Lane) -> &T {
        &self.0[lane as usize]
    }
}

impl<T> std::ops::IndexMut<Lane> for PerLane<T> {
    fn index_mut(&mut self, lane: Lane) -> &mut T {
        &mut self.0[lane as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_unique_and_lead_back() {
        let mut bits = 0_u16;
        for lane in Lane::ALL {
            assert_eq!(Lane::from_name(lane.name()), Some(lane));
            assert_eq!(bits & lane.bit(), 0, "{lane} has another lane's number");
            bits |= lane.bit();
        }
        assert_eq!(Lane::from_name("tweet"), None);
    }

    #[test]
    fn a_set_displays_as_the_header_wants_it() {
        let set: LaneSet = [Lane::MatchingRules, Lane::Tweets, Lane::Includes]
            .into_iter()
            .collect();
        assert_eq!(set.to_string(), "tweets,includes,matching_rules");
        assert!(!set.contains(Lane::Errors));
        assert_eq!(LaneSet::default().to_string(), "");
    }
}
