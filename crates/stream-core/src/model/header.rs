//! The one header that every record carries: its place in the sequence, the record before it in its lane, and where else its
//! message went. By it the chain of a lane can be walked from outside.

use std::fmt;

use super::lane::{Lane, LaneSet};
use super::place::Place;

/// The header's name (Kafka, AMQP); its value is a [`Header`] as text.
pub const HEADER: &str = "birdfeed";

/// The name of a second header, with the value `true`, of a record whose thing came before under the same id.
pub const REPEAT: &str = "birdfeed-repeat";

/// Provenance of a record: `epoch:sequence:previous:lanes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The place of the message.
    pub place: Place,
    /// The record before it in the same lane: as text its sequence, or `epoch.sequence` if that was in another epoch; nothing
    /// at the first record of a journal folder.
    pub previous: Option<Place>,
    /// Every lane that the message went to.
    pub lanes: LaneSet,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.place)?;
        match self.previous {
            Some(previous) if previous.epoch == self.place.epoch => write!(f, "{}", previous.seq)?,
            Some(Place { epoch, seq }) => write!(f, "{epoch}.{seq}")?,
            None => {}
        }
        write!(f, ":{}", self.lanes)
    }
}

impl Header {
    /// The header that `text` is; `None` if it is none. Lanes that this program does not know are left out.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ':');
        let mut part = || parts.next();
        let (epoch, seq, previous, lanes) = (part()?, part()?, part()?, part()?);
        let place = Place {
            epoch: number(epoch)?,
            seq: number(seq)?,
        };
        let previous = match previous.split_once('.') {
            _ if previous.is_empty() => None,
            Some((epoch, seq)) => Some(Place {
                epoch: number(epoch)?,
                seq: number(seq)?,
            }),
            None => Some(Place {
                seq: number(previous)?,
                ..place
            }),
        };
        Some(Self {
            place,
            previous,
            lanes: lanes.split(',').filter_map(Lane::from_name).collect(),
        })
    }
}

/// A number in digits alone: `parse` takes a sign, too.
fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_the_one_of_the_design() {
        let place = Place {
            epoch: 1_764_000_000,
            seq: 12_345,
        };
        let lanes = "tweets,includes,matching_rules";
        let previous = |epoch, seq| Some(Place { epoch, seq });
        for (previous, text) in [
            (previous(place.epoch, 12_344), "12344"),
            (previous(1_763_000_000, 12_344), "1763000000.12344"),
            (None, ""),
        ] {
            let header = Header {
                place,
                previous,
                lanes: [Lane::Tweets, Lane::Includes, Lane::MatchingRules]
                    .into_iter()
                    .collect(),
            };
            let text = format!("1764000000:12345:{text}:{lanes}");
            assert_eq!(header.to_string(), text);
            assert_eq!(Header::parse(&text), Some(header));
        }
    }

    #[test]
    fn what_is_no_header_is_none() {
        for text in [
            "",
            "1:2",
            "1:2:3",
            "a:2::tweets",
            "1:-2::tweets",
            "1:+2::tweets",
            ":2::",
            "1:2:3.x:tweets",
            "1:2:.:t",
        ] {
            assert_eq!(Header::parse(text), None, "{text}");
        }
        let later = Header::parse("1:2::tweets,colours").unwrap();
        assert_eq!(later.lanes.to_string(), "tweets");
    }
}
