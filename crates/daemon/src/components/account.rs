//! The account's share of `[stream]`: what becomes of slots that are taken, and how often X is asked what the account has read.

use std::time::Duration;

use source_x::Endpoint;
use source_x::endpoint::{Parameter, Version};
use source_x::settings::Ghosts;

use crate::config::{Section, units};

/// X allows 50 such requests in 15 minutes.
const LEAST: Duration = Duration::from_secs(20);

/// What is done when the account's connections are taken.
pub(super) fn ghosts(section: &mut Section, endpoint: Endpoint) -> Ghosts {
    let key = "too_many_connections";
    let choices = Ghosts::ALL.map(|ghosts| (ghosts.name(), ghosts));
    let ghosts = section.choice(key, Ghosts::default().name(), &choices);
    let why_not = match (
        endpoint.name_in_connections(),
        endpoint.takes(Parameter::Partition),
    ) {
        _ if ghosts == Ghosts::Wait => return ghosts,
        (None, _) => "X's Connections API does not know the",
        (_, Some(_)) => "X does not tell the partitions apart, and all would be closed, of the",
        _ => return ghosts,
    };
    section.note(
        key,
        format!("{why_not} {} stream", endpoint.name()),
        "write \"wait\"",
    );
    Ghosts::Wait
}

/// How often usage is asked for; `None` for never.
pub(super) fn usage_every(section: &mut Section, endpoint: Endpoint) -> Option<Duration> {
    if endpoint.version() == Version::V1 {
        if section.has("usage_every") && !section.is("usage_every", "off") {
            section.ask("usage_every");
            section.note("usage_every", "v1.1 does not tell its usage", "leave it out");
        } else {
            section.ask("usage_every");
        }
        return None;
    }
    section.parsed("usage_every", "1h", |text| match text {
        "off" => Ok(None),
        text => match units::duration(text)? {
            every if every < LEAST => Err(format!("must be {LEAST:?} at least, or \"off\"")),
            every => Ok(Some(every)),
        },
    })
}
