//! What can be asked for.

use stream_core::source::Framing;

/// A parameter of v1.1's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterParameter {
    /// Users whose statuses, and what answers them, are wanted.
    Follow,
    /// Phrases: one of them must match, with all its words.
    Track,
    /// Boxes on the map.
    Locations,
    /// Languages; they narrow what the others bring.
    Language,
    /// The least value of the attribute of that name.
    FilterLevel,
    /// Whether the server warns before it drops a client that falls behind.
    StallWarnings,
    /// How many statuses of the past come first; with a minus, and no others.
    Count,
    /// How messages are told apart.
    Delimited,
}

impl FilterParameter {
    /// The name in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::Track => "track",
            Self::Locations => "locations",
            Self::Language => "language",
            Self::FilterLevel => "filter_level",
            Self::StallWarnings => "stall_warnings",
            Self::Count => "count",
            Self::Delimited => "delimited",
        }
    }
}

/// The least `filter_level` of the statuses that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FilterLevel {
    /// All of them.
    #[default]
    None,
    /// Low and above.
    Low,
    /// Medium.
    Medium,
}

impl FilterLevel {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::None, Self::Low, Self::Medium];

    /// The value in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
        }
    }
}

/// What a stream of v1.1 is asked for; [`Filter::default`] asks for nothing, which `v1-sample` alone takes. `follow`, `track` and
/// `locations` widen what comes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Filter {
    /// Up to 5,000 user ids.
    pub follow: Vec<String>,
    /// Up to 400 phrases of 1 to 60 bytes.
    pub track: Vec<String>,
    /// Up to 25 boxes, four numbers each: longitude and latitude of the corner in the south-west, then of that in the north-east.
    pub locations: Vec<f64>,
    /// BCP 47 codes.
    pub language: Vec<String>,
    /// The least level.
    pub filter_level: FilterLevel,
    /// Warn before a client that falls behind is dropped.
    pub stall_warnings: bool,
    /// From -150,000 to 150,000, but not 0; for accounts that have it.
    pub count: Option<i32>,
    /// [`Framing::Lengths`] asks for `delimited=length`.
    pub framing: Framing,
}

/// One mistake in a [`Filter`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", parameter.name())]
pub struct FilterError {
    /// The parameter that the server would refuse.
    pub parameter: FilterParameter,
    /// What is wrong with its value, and what would be right.
    pub problem: String,
}

impl Filter {
    /// What is asked for, in the order of a request.
    pub(super) fn pairs(&self) -> Vec<(FilterParameter, String)> {
        let list = |items: &[String]| (!items.is_empty()).then(|| items.join(","));
        let numbers: Vec<_> = self.locations.iter().map(ToString::to_string).collect();
        let all = [
            (FilterParameter::Follow, list(&self.follow)),
            (FilterParameter::Track, list(&self.track)),
            (FilterParameter::Locations, list(&numbers)),
            (FilterParameter::Language, list(&self.language)),
            (
                FilterParameter::FilterLevel,
                (self.filter_level != FilterLevel::None).then(|| self.filter_level.name().to_owned()),
            ),
            (
                FilterParameter::StallWarnings,
                self.stall_warnings.then(|| "true".to_owned()),
            ),
            (FilterParameter::Count, self.count.map(|count| count.to_string())),
            (
                FilterParameter::Delimited,
                (self.framing == Framing::Lengths).then(|| "length".to_owned()),
            ),
        ];
        let asked = all
            .into_iter()
            .filter_map(|(parameter, value)| Some((parameter, value?)));
        asked.collect()
    }
}
