//! Validation errors of a query, in words that name the parameter as X does.

use std::ops::RangeInclusive;

use crate::endpoint::{Endpoint, Parameter};

/// One mistake in a [`Query`](super::Query).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", parameter.name())]
pub struct QueryError {
    /// The parameter that X would refuse.
    pub parameter: Parameter,
    /// What is wrong with its value, or with its absence.
    pub problem: QueryProblem,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryProblem {
    /// A name that X does not know.
    #[error("X knows no {name:?}{}", did_you_mean(*suggestion))]
    UnknownName {
        /// The name as it was written.
        name: String,
        /// The nearest that X knows.
        suggestion: Option<&'static str>,
    },
    /// A name given twice: X refuses it.
    #[error("{0:?} is there twice")]
    Duplicate(String),
    /// A number that X refuses.
    #[error("{} to {}, not {number}", range.start(), range.end())]
    OutOfRange {
        /// The number as it was given.
        number: u8,
        /// The least and the most that X takes.
        range: RangeInclusive<u8>,
    },
    /// Nothing, where X wants a number of this range.
    #[error("is needed, {} to {}", .0.start(), .0.end())]
    Missing(RangeInclusive<u8>),
    /// A time that is not `YYYY-MM-DDTHH:mm:ssZ`.
    #[error("{0:?} is not a time of the form YYYY-MM-DDTHH:mm:ssZ")]
    NotATime(String),
    /// `end_time` is not after `start_time`.
    #[error("must be after start_time")]
    EndsBeforeStart,
    /// The endpoint has no such parameter.
    #[error("the {} stream has no such parameter", .0.name())]
    NotForEndpoint(Endpoint),
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}
