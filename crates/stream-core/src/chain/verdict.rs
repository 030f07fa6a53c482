//! What a walk has found, as one typed shape.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::model::{Lane, Place};

/// Verdict over one sink.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The sink's name.
    pub sink: String,
    /// Whether every record that must be there is, as far back as can be seen. Dead letters do not count against it: they are
    /// records themselves.
    pub whole: bool,
    /// The lanes that were read.
    pub lanes: Vec<LaneVerdict>,
    /// What the lane `events` tells of losses: of the journal, and of this sink's lanes.
    pub losses: Vec<Loss>,
    /// When X was not heard. What was posted then is not missing here: it never came.
    pub gaps: Vec<Gap>,
}

/// Blind interval, as the lane `events` tells it: X's posts of that time are not missing here, they never came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The stream's name.
    pub stream: String,
    /// The last byte before it.
    pub from: String,
    /// The connection after it.
    pub to: String,
    /// How long it was.
    pub seconds: f64,
    /// Why.
    pub reason: String,
    /// Whether it was filled afterwards.
    pub filled: bool,
}

/// Loss, as the lane `events` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// `Lost` or `Dropped`.
    pub cause: Cause,
    /// The stream's name.
    pub stream: String,
    /// When it was told.
    pub at: String,
    /// The first position of the journal that it concerns.
    pub from: u64,
    /// The first one behind it, which can be read again.
    pub to: u64,
    /// Of which lane; `None` for all of them.
    pub lane: Option<Lane>,
    /// How many records, if that was told.
    pub records: Option<u64>,
    /// Why, if that was told.
    pub reason: Option<String>,
    /// Whether the records that were read show by themselves what this sink lacks by it, if anything: then it has holes where it
    /// lacks something. If not, it counts against the whole.
    pub is_accounted_for: bool,
}

/// Verdict over one lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaneVerdict {
    /// The lane.
    pub lane: Lane,
    /// How many records there are, each counted once.
    pub records: u64,
    /// How many are there once more.
    pub duplicates: u64,
    /// How many carry no header of ours: somebody else's, or from before there was one.
    pub foreign: u64,
    /// The first place that can be judged; nothing is said of earlier ones. `None`: of no place.
    #[serde(serialize_with = "text")]
    pub from: Option<Place>,
    /// Whether that is where the lane began, so that nothing was before it.
    pub from_the_start: bool,
    /// The last place read.
    #[serde(serialize_with = "text")]
    pub to: Option<Place>,
    /// Records of messages that a power cut took from the journal after they were published: the sequence went on without them.
    pub abandoned: u64,
    /// How many missing records lie before `from`: retention may have taken them, or the lane began there.
    pub unjudged: u64,
    /// What is not there.
    pub holes: Vec<Hole>,
}

/// Records that are not there, with none that is between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// Why, as far as anything says so.
    pub cause: Cause,
    /// The first record that is known to be missing.
    #[serde(serialize_with = "text")]
    pub from: Place,
    /// The last one.
    #[serde(serialize_with = "text")]
    pub to: Place,
    /// How many are known to be missing; there may be more between `after` and `to`.
    pub records: u64,
    /// The record before them.
    #[serde(serialize_with = "text")]
    pub after: Option<Place>,
    /// The record behind them; `None` at the lane's end.
    #[serde(serialize_with = "text")]
    pub before: Option<Place>,
}

/// Why a record is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing says why.
    Missing,
    /// The journal was damaged: event `lost`.
    Lost,
    /// A power cut took the message from the journal before this lane had published its record.
    PowerCut,
    /// The configured limit of a lane that was stuck: event `dropped`.
    Dropped,
    /// The sink refused the record: it stands in `dead_letter`.
    DeadLetter,
    /// It is there, and names as the one before it a record that another one of its epoch follows already, or one that is not
    /// before it.
    Contradiction,
}

impl Hole {
    /// Whether something is not there that must be.
    pub fn counts(&self) -> bool {
        self.cause != Cause::DeadLetter
    }
}

impl LaneVerdict {
    /// The holes that count against the whole.
    pub fn counted(&self) -> impl Iterator<Item = &Hole> {
        self.holes.iter().filter(|hole| hole.counts())
    }
}

/// Places as headers write them.
fn text<'p, P, S: Serializer>(place: &'p P, serializer: S) -> Result<S::Ok, S::Error>
where
    &'p P: Into<MaybePlace>,
{
    match place.into().0 {
        Some(place) => serializer.collect_str(&place),
        None => serializer.serialize_none(),
    }
}

struct MaybePlace(Option<Place>);

impl From<&Place> for MaybePlace {
    fn from(place: &Place) -> Self {
        Self(Some(*place))
    }
}

impl From<&Option<Place>> for MaybePlace {
    fn from(place: &Option<Place>) -> Self {
        Self(*place)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Lost => "lost",
            Self::PowerCut => "power cut",
            Self::Dropped => "dropped",
            Self::DeadLetter => "dead letter",
            Self::Contradiction => "contradiction",
        })
    }
}
