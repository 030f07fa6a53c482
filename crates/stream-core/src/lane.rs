//! The kinds of record, and small collections over them.

use std::fmt;

/// One kind of record on its way to a sink. The order here is the order of every list that users see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The post itself, verbatim.
    Tweets,
    /// Users, media, places, polls and referenced posts that came with a post.
    Includes,
    /// Errors beside a post, and in-stream errors that came alone.
    Errors,
    /// The rules of the filtered stream that a post matched.
    MatchingRules,
    /// Deletions, withholdings and other duties of a holder of posts.
    Compliance,
    /// JSON objects of a kind that nobody has seen.
    Unknown,
    /// What could not be read, or what a broker refused, with the reason.
    DeadLetter,
    /// Connects, disconnects and gaps.
    Events,
    /// The whole message, verbatim.
    Responses,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 9] = [
        Self::Tweets,
        Self::Includes,
        Self::Errors,
        Self::MatchingRules,
        Self::Compliance,
        Self::Unknown,
        Self::DeadLetter,
        Self::Events,
        Self::Responses,
    ];

    /// The name in configuration, topics, headers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tweets => "tweets",
            Self::Includes => "includes",
            Self::Errors => "errors",
            Self::MatchingRules => "matching_rules",
            Self::Compliance => "compliance",
            Self::Unknown => "unknown",
            Self::DeadLetter => "dead_letter",
            Self::Events => "events",
            Self::Responses => "responses",
        }
    }

    /// The `type` of a record of this lane in CloudEvents and AMQP.
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Tweets => "com.x.tweet",
            Self::Includes => "com.x.includes",
            Self::Errors => "com.x.errors",
            Self::MatchingRules => "com.x.matching_rules",
            Self::Compliance => "com.x.compliance",
            Self::Unknown => "com.x.unknown",
            Self::DeadLetter => "com.x.dead_letter",
            Self::Events => "com.x.event",
            Self::Responses => "com.x.response",
        }
    }

    /// The lane called `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
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

    /// Adds `lane`.
    pub fn insert(&mut self, lane: Lane) {
        self.0 |= lane.bit();
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

    /// The set as a number, for [`from_bits`](Self::from_bits).
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
    fn names_are_unique_and_lead_back() {
        for lane in Lane::ALL {
            assert_eq!(Lane::from_name(lane.name()), Some(lane));
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
