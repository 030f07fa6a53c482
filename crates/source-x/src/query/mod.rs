//! The parameters of a stream: checked here, so that a mistake shows at the start and not as X's 400.

use std::collections::HashSet;
use std::fmt;
use std::time::SystemTime;

use crate::fields;
use crate::settings::Endpoint;

/// The parameters of a stream; [`Query::default`] asks for none of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Query {
    /// `tweet.fields`, of [`fields::TWEET`].
    pub tweet_fields: Vec<String>,
    /// `expansions`, of [`fields::EXPANSIONS`].
    pub expansions: Vec<String>,
    /// `media.fields`, of [`fields::MEDIA`].
    pub media_fields: Vec<String>,
    /// `poll.fields`, of [`fields::POLL`].
    pub poll_fields: Vec<String>,
    /// `user.fields`, of [`fields::USER`].
    pub user_fields: Vec<String>,
    /// `place.fields`, of [`fields::PLACE`].
    pub place_fields: Vec<String>,
    /// Minutes to repeat at the start, 0 to 5; needs an enterprise account.
    pub backfill_minutes: Option<u8>,
    /// The start of a recovery, `YYYY-MM-DDTHH:mm:ssZ`; filtered stream only.
    pub start_time: Option<String>,
    /// The end of a recovery, `YYYY-MM-DDTHH:mm:ssZ`; filtered stream only.
    pub end_time: Option<String>,
}

/// One mistake in a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// X's name of the parameter.
    pub parameter: &'static str,
    /// What is wrong with it.
    pub problem: QueryProblem,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryProblem {
    /// A name that X does not know.
    UnknownName {
        /// The name.
        name: String,
        /// The nearest that X knows.
        suggestion: Option<&'static str>,
    },
    /// A name given twice: X refuses it.
    Duplicate(String),
    /// `backfill_minutes` above 5.
    TooLong(u8),
    /// A time that is not `YYYY-MM-DDTHH:mm:ssZ`.
    NotATime(String),
    /// `end_time` is not after `start_time`.
    EndsBeforeStart,
    /// The endpoint has no such parameter.
    NotForEndpoint(Endpoint),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameter = self.parameter;
        match &self.problem {
            QueryProblem::UnknownName { name, suggestion } => {
                write!(f, "{parameter}: X knows no {name:?}")?;
                match suggestion {
                    Some(nearest) => write!(f, "; did you mean {nearest:?}?"),
                    None => Ok(()),
                }
            }
            QueryProblem::Duplicate(name) => write!(f, "{parameter}: {name:?} is there twice"),
            QueryProblem::TooLong(minutes) => write!(f, "{parameter}: 0 to 5, not {minutes}"),
            QueryProblem::NotATime(text) => {
                write!(
                    f,
                    "{parameter}: {text:?} is not a time of the form YYYY-MM-DDTHH:mm:ssZ"
                )
            }
            QueryProblem::EndsBeforeStart => write!(f, "{parameter}: must be after start_time"),
            QueryProblem::NotForEndpoint(endpoint) => {
                write!(
                    f,
                    "{parameter}: the {} stream has no such parameter",
                    endpoint.name()
                )
            }
        }
    }
}

impl std::error::Error for QueryError {}

impl Query {
    /// Every mistake, in the order of the parameters; empty if X will accept the names and forms.
    pub fn check(&self, endpoint: Endpoint) -> Vec<QueryError> {
        let mut errors = Vec::new();
        for (parameter, names, known) in self.lists() {
            check_names(parameter, names, known, &mut errors);
        }
        if let Some(minutes) = self.backfill_minutes.filter(|minutes| *minutes > 5) {
            errors.push(error("backfill_minutes", QueryProblem::TooLong(minutes)));
        }
        let start = check_time("start_time", self.start_time.as_deref(), endpoint, &mut errors);
        let end = check_time("end_time", self.end_time.as_deref(), endpoint, &mut errors);
        if let (Some(start), Some(end)) = (start, end)
            && end <= start
        {
            errors.push(error("end_time", QueryProblem::EndsBeforeStart));
        }
        errors
    }

    /// The path and query of a request to `endpoint`, or every mistake.
    pub(crate) fn path(&self, endpoint: Endpoint) -> Result<String, Vec<QueryError>> {
        let errors = self.check(endpoint);
        if !errors.is_empty() {
            return Err(errors);
        }
        let lists = self.lists().into_iter();
        let mut pairs: Vec<_> = lists
            .filter(|(_, names, _)| !names.is_empty())
            .map(|(parameter, names, _)| format!("{parameter}={}", names.join(",")))
            .collect();
        pairs.extend(
            self.backfill_minutes
                .map(|minutes| format!("backfill_minutes={minutes}")),
        );
        pairs.extend(self.start_time.as_ref().map(|time| format!("start_time={time}")));
        pairs.extend(self.end_time.as_ref().map(|time| format!("end_time={time}")));
        // Nothing here needs percent-encoding: all names are X's own, and a colon may stand in a query.
        let mark = if pairs.is_empty() { "" } else { "?" };
        Ok(format!("{}{mark}{}", endpoint.path(), pairs.join("&")))
    }

    fn lists(&self) -> [(&'static str, &[String], &'static [&'static str]); 6] {
        [
            ("tweet.fields", &self.tweet_fields, fields::TWEET),
            ("expansions", &self.expansions, fields::EXPANSIONS),
            ("media.fields", &self.media_fields, fields::MEDIA),
            ("poll.fields", &self.poll_fields, fields::POLL),
            ("user.fields", &self.user_fields, fields::USER),
            ("place.fields", &self.place_fields, fields::PLACE),
        ]
    }
}

fn error(parameter: &'static str, problem: QueryProblem) -> QueryError {
    QueryError { parameter, problem }
}

fn check_names(
    parameter: &'static str,
    names: &[String],
    known: &'static [&'static str],
    errors: &mut Vec<QueryError>,
) {
    let mut seen = HashSet::new();
    for name in names {
        if !known.contains(&name.as_str()) {
            let suggestion = nearest(name, known);
            let name = name.clone();
            errors.push(error(parameter, QueryProblem::UnknownName { name, suggestion }));
        } else if !seen.insert(name) {
            errors.push(error(parameter, QueryProblem::Duplicate(name.clone())));
        }
    }
}

/// The known name that `name` was probably meant to be: at most one change, and one more for every four bytes.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let distances = known
        .iter()
        .map(|known| (strsim::levenshtein(name, known), *known));
    let (changes, nearest) = distances.min()?;
    (changes <= 1 + name.len() / 4).then_some(nearest)
}

fn check_time(
    parameter: &'static str,
    text: Option<&str>,
    endpoint: Endpoint,
    errors: &mut Vec<QueryError>,
) -> Option<SystemTime> {
    let text = text?;
    if !endpoint.recovers() {
        errors.push(error(parameter, QueryProblem::NotForEndpoint(endpoint)));
        return None;
    }
    // 20 bytes: humantime would take fractions of a second, X does not.
    match humantime::parse_rfc3339(text) {
        Ok(time) if text.len() == 20 => Some(time),
        _ => {
            errors.push(error(parameter, QueryProblem::NotATime(text.to_owned())));
            None
        }
    }
}

#[cfg(test)]
mod tests;
