//! Query string of a stream: checked here against the endpoint's row, so that a mistake shows at the start and not as X's 400.

mod error;
mod value;

pub use self::error::{QueryError, QueryProblem};
use self::value::Value;
use crate::endpoint::{Endpoint, Parameter};

/// What a stream is asked for; [`Query::default`] asks for nothing. Which parameters an endpoint takes stands in its row.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Query {
    /// [`Parameter::TweetFields`]; empty for X's defaults.
    pub tweet_fields: Vec<String>,
    /// [`Parameter::Expansions`]; empty for X's defaults.
    pub expansions: Vec<String>,
    /// [`Parameter::MediaFields`]; empty for X's defaults.
    pub media_fields: Vec<String>,
    /// [`Parameter::PollFields`]; empty for X's defaults.
    pub poll_fields: Vec<String>,
    /// [`Parameter::UserFields`]; empty for X's defaults.
    pub user_fields: Vec<String>,
    /// [`Parameter::PlaceFields`]; empty for X's defaults.
    pub place_fields: Vec<String>,
    /// [`Parameter::LikeFields`]; empty for X's defaults.
    pub like_fields: Vec<String>,
    /// [`Parameter::BackfillMinutes`]: needs an enterprise account.
    pub backfill_minutes: Option<u8>,
    /// [`Parameter::StartTime`], of the form `YYYY-MM-DDTHH:mm:ssZ`.
    pub start_time: Option<String>,
    /// [`Parameter::EndTime`], of the form `YYYY-MM-DDTHH:mm:ssZ`.
    pub end_time: Option<String>,
    /// [`Parameter::Partition`], counted from 1; each is a stream of its own.
    pub partition: Option<u8>,
    /// [`Parameter::LocalDcOnly`].
    pub local_dc_only: Option<bool>,
}

impl Query {
    /// Every mistake, in the order of the parameters; empty if X will accept the names and forms.
    pub fn check(&self, endpoint: Endpoint) -> Vec<QueryError> {
        let mut errors = Vec::new();
        for parameter in Parameter::ALL {
            let problems = value::check(endpoint, endpoint.takes(parameter), self.value(parameter));
            errors.extend(
                problems
                    .into_iter()
                    .map(|problem| QueryError { parameter, problem }),
            );
        }
        let time = |parameter| match (endpoint.takes(parameter), self.value(parameter)) {
            (Some(_), Some(Value::Time(text))) => value::time(text),
            _ => None,
        };
        if let (Some(start), Some(end)) = (time(Parameter::StartTime), time(Parameter::EndTime))
            && end <= start
        {
            errors.push(QueryError {
                parameter: Parameter::EndTime,
                problem: QueryProblem::EndsBeforeStart,
            });
        }
        errors
    }

    /// The path and query of a request to `endpoint`, for a query that [passes](Self::check).
    pub(crate) fn path(&self, endpoint: Endpoint) -> String {
        let pair = |parameter: Parameter| {
            let name = endpoint.name_of(parameter);
            Some(format!("{name}={}", self.value(parameter)?))
        };
        let pairs: Vec<_> = Parameter::ALL.into_iter().filter_map(pair).collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", endpoint.path(), pairs.join("&"))
    }

    fn value(&self, parameter: Parameter) -> Option<Value<'_>> {
        let names = match parameter {
            Parameter::TweetFields => &self.tweet_fields,
            Parameter::Expansions => &self.expansions,
            Parameter::MediaFields => &self.media_fields,
            Parameter::PollFields => &self.poll_fields,
            Parameter::UserFields => &self.user_fields,
            Parameter::PlaceFields => &self.place_fields,
            Parameter::LikeFields => &self.like_fields,
            Parameter::BackfillMinutes => return self.backfill_minutes.map(Value::Number),
            Parameter::StartTime => return self.start_time.as_deref().map(Value::Time),
            Parameter::EndTime => return self.end_time.as_deref().map(Value::Time),
            Parameter::Partition => return self.partition.map(Value::Number),
            Parameter::LocalDcOnly => return self.local_dc_only.map(Value::Flag),
        };
        (!names.is_empty()).then_some(Value::Names(names))
    }
}

#[cfg(test)]
mod tests;
