//! Fault plans as text, one step on a line:
//!
//! ```text
//! # where            when                  what
//! connection 1:                            refuse
//! connection 2-4:                          status 503
//! connection 5       after 10 posts:       reset
//! every connection   every 100 posts:      garbage not-json
//! rules 1:                                 status 429-rate 5s
//! ```
//!
//! | what | meaning |
//! |---|---|
//! | `refuse` | close at accept |
//! | `tls-stall [TIME]`, `head-stall [TIME]` | accept and say nothing; read the request and say nothing |
//! | `status NAME [TIME]` | 401, 402-credits, 403, 404, 409, 429-slots, 429-rate, 429-rate-text, 429-usage, 429-provisioning, 503, 503-envoy, 500-html, 302; TIME is until the reset of a 429-rate (default 60s) |
//! | `silence [TIME]` | write nothing, for ever or so long |
//! | `end` | end the body properly |
//! | `reset` | TCP RST |
//! | `cut line\|utf8\|chunk\|ended` | cut the next post there |
//! | `disconnect operational\|upstream\|force\|slow-reader\|internal [open]` | an errors-only message; `open` leaves the socket open |
//! | `garbage NAME` | one of [`garbage::ALL`] |
//! | `oversize BYTES` | a message of that size |
//! | `trickle BYTES TIME` | the next post in pieces of BYTES, one each TIME |
//! | `duplicate [N]`, `out-of-order [N]` | the last N posts again (default 1); the next N newest first (default 2) |
//!
//! When: nothing (the start), `after N posts`, `every N posts`, `after N keep-alives`.

use super::garbage;
use super::kinds::{Cut, Disconnect, Fault, Socket, Status};
use super::plan::{At, FaultPlan, Moment, Step};
use crate::settings::MAX_SPAN;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// The longest line that a script can ask for.
const MAX_BYTES: usize = 1 << 30;
/// The most posts that a script can have held back or sent again.
const MAX_POSTS: usize = 100_000;

/// The first mistake of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong, with what would be right.
    pub message: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault script, line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ScriptError {}

impl FromStr for FaultPlan {
    type Err = ScriptError;

    fn from_str(script: &str) -> Result<Self, ScriptError> {
        let mut steps = Vec::new();
        for (at, line) in script.lines().enumerate() {
            let text = line.split('#').next().unwrap_or_default().trim();
            if !text.is_empty() {
                steps.push(step(text).map_err(|message| ScriptError {
                    line: at + 1,
                    message,
                })?);
            }
        }
        Ok(FaultPlan::new(steps))
    }
}

fn step(text: &str) -> Result<Step, String> {
    let (place, what) = text
        .split_once(':')
        .ok_or("needs a colon between the place and the fault")?;
    let place: Vec<&str> = place.split_whitespace().collect();
    let (at, when) = match place.as_slice() {
        ["connection", numbers, when @ ..] => (At::Connections(range(numbers)?), when),
        ["every", "connection", when @ ..] => (At::EveryConnection, when),
        ["rules", numbers, when @ ..] => (At::Rules(range(numbers)?), when),
        _ => {
            return Err(
                "start with `connection N`, `connection N-M`, `every connection` or `rules N`".to_owned(),
            );
        }
    };
    let words: Vec<&str> = what.split_whitespace().collect();
    let (moment, fault) = (moment(when)?, fault(&words)?);
    if fault.is_early() && moment != Moment::Start {
        return Err(format!(
            "`{}` strikes before the stream starts and takes no `after` or `every`",
            fault.name()
        ));
    }
    if matches!(at, At::Rules(_)) && !fault.strikes_at_request() {
        return Err(format!(
            "`{}` cannot strike the rules; `status` and `head-stall` can",
            fault.name()
        ));
    }
    Ok(Step { at, moment, fault })
}

fn range(text: &str) -> Result<RangeInclusive<u32>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number::<u32>(first)?, number::<u32>(last)?);
    if first == 0 || last < first {
        return Err(format!("`{text}` is not a range of numbers from 1"));
    }
    Ok(first..=last)
}

fn moment(words: &[&str]) -> Result<Moment, String> {
    match words {
        [] => Ok(Moment::Start),
        ["after", n, "posts" | "post"] => Ok(Moment::AfterPosts(number(n)?)),
        ["every", n, "posts" | "post"] => match number(n)? {
            0 => Err("`every 0 posts` never comes".to_owned()),
            n => Ok(Moment::EveryPosts(n)),
        },
        ["after", n, "keep-alives" | "keep-alive"] => Ok(Moment::AfterKeepAlives(number(n)?)),
        _ => Err("when is `after N posts`, `every N posts`, `after N keep-alives` or nothing".to_owned()),
    }
}

fn fault(words: &[&str]) -> Result<Fault, String> {
    Ok(match words {
        ["refuse"] => Fault::Refuse,
        ["tls-stall", rest @ ..] => Fault::TlsStall(optional_time(rest)?),
        ["head-stall", rest @ ..] => Fault::HeadStall(optional_time(rest)?),
        ["status", name, rest @ ..] => Fault::Status(status(name, optional_time(rest)?)?),
        ["silence", rest @ ..] => Fault::Silence(optional_time(rest)?),
        ["end"] => Fault::CleanEnd,
        ["reset"] => Fault::Reset,
        ["cut", place] => Fault::Cut(named("place to cut", place, &CUTS)?),
        ["disconnect", kind] => Fault::Disconnect(named("disconnect", kind, &DISCONNECTS)?, Socket::Closed),
        ["disconnect", kind, "open"] => {
            Fault::Disconnect(named("disconnect", kind, &DISCONNECTS)?, Socket::LeftOpen)
        }
        ["garbage", kind] => Fault::Garbage(named("kind of garbage", kind, &garbage::ALL)?),
        ["oversize", bytes] => Fault::Oversize(up_to(MAX_BYTES, bytes)?),
        ["trickle", bytes, every] => Fault::Trickle {
            bytes: up_to(MAX_BYTES, bytes)?,
            every: time(every)?,
        },
        ["duplicate"] => Fault::Duplicate(1),
        ["duplicate", n] => Fault::Duplicate(up_to(MAX_POSTS, n)?),
        ["out-of-order"] => Fault::OutOfOrder(2),
        ["out-of-order", n] => Fault::OutOfOrder(up_to(MAX_POSTS, n)?),
        _ => {
            return Err(format!(
                "`{}` is not a fault, or not with these words",
                words.join(" ")
            ));
        }
    })
}

const CUTS: [(Cut, &str); 4] = [
    (Cut::Line, "line"),
    (Cut::Utf8, "utf8"),
    (Cut::Chunk, "chunk"),
    (Cut::Ended, "ended"),
];

const DISCONNECTS: [(Disconnect, &str); 5] = [
    (Disconnect::Operational, "operational"),
    (Disconnect::Upstream, "upstream"),
    (Disconnect::Force, "force"),
    (Disconnect::SlowReader, "slow-reader"),
    (Disconnect::Internal, "internal"),
];

fn status(name: &str, reset: Option<Duration>) -> Result<Status, String> {
    let kinds = [
        (Status::Unauthorized, "401"),
        (Status::Credits, "402-credits"),
        (Status::Forbidden, "403"),
        (Status::NotFound, "404"),
        (Status::Conflict, "409"),
        (Status::TooManyConnections, "429-slots"),
        (Status::UsageCap, "429-usage"),
        (Status::Provisioning, "429-provisioning"),
        (Status::Unavailable, "503"),
        (Status::Envoy, "503-envoy"),
        (Status::Html, "500-html"),
        (Status::Redirect, "302"),
    ];
    let wait = reset.unwrap_or(Duration::from_secs(60));
    match name {
        "429-rate" => Ok(Status::RateLimited { reset: wait }),
        "429-rate-text" => Ok(Status::RateLimitedText { reset: wait }),
        _ if reset.is_some() => Err("only `429-rate` and `429-rate-text` take a time".to_owned()),
        _ => named("status", name, &kinds),
    }
}

fn named<T: Copy>(what: &str, name: &str, all: &[(T, &str)]) -> Result<T, String> {
    if let Some((value, _)) = all.iter().find(|(_, known)| *known == name) {
        return Ok(*value);
    }
    let known: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
    Err(format!(
        "no {what} named `{name}`; there are {}",
        known.join(", ")
    ))
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a whole number that fits"))
}

fn up_to(most: usize, text: &str) -> Result<usize, String> {
    let n = number(text)?;
    if (1..=most).contains(&n) {
        return Ok(n);
    }
    Err(format!("`{text}` is not from 1 to {most}"))
}

fn time(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).ok();
    span.filter(|span| *span <= MAX_SPAN)
        .ok_or_else(|| format!("`{text}` is not a time such as 5s or 200ms, a year at most"))
}

fn optional_time(words: &[&str]) -> Result<Option<Duration>, String> {
    match words {
        [] => Ok(None),
        [text] => time(text).map(Some),
        _ => Err("takes one time at most".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_step() {
        let script = "# a comment\n\
            connection 1: refuse\n\
            connection 2-4: status 503 # three times\n\
            connection 5 after 10 posts: reset\n\
            every connection every 100 posts: garbage not-json\n\
            rules 1: status 429-rate 5s\n\
            connection 6 after 2 keep-alives: disconnect upstream open\n\
            connection 7: trickle 3 20ms\n\
            connection 8: status 402-credits\n";
        let plan: FaultPlan = script.parse().unwrap();
        let steps: Vec<Step> = plan.fired().into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps.len(), 8);
        assert_eq!(steps[7].fault, Fault::Status(Status::Credits));
        assert_eq!(steps[1].at, At::Connections(2..=4));
        assert_eq!(steps[2].moment, Moment::AfterPosts(10));
        assert_eq!(steps[3].moment, Moment::EveryPosts(100));
        assert_eq!(
            steps[4].fault,
            Fault::Status(Status::RateLimited {
                reset: Duration::from_secs(5)
            })
        );
        assert_eq!(
            steps[5].fault,
            Fault::Disconnect(Disconnect::Upstream, Socket::LeftOpen)
        );
        assert_eq!(
            steps[6].fault,
            Fault::Trickle {
                bytes: 3,
                every: Duration::from_millis(20)
            }
        );
    }

    #[test]
    fn every_garbage_can_be_named() {
        for (kind, name) in garbage::ALL {
            let plan: FaultPlan = format!("connection 1: garbage {name}").parse().unwrap();
            assert_eq!(plan.fired()[0].0.fault, Fault::Garbage(kind));
            assert_eq!(kind.name(), name);
            assert!(!kind.line().contains(&b'\n'));
        }
    }

    #[test]
    fn the_first_mistake_is_named_with_its_line() {
        for (script, line, word) in [
            ("connection 1: refuse\n\nconnection x: end", 3, "`x`"),
            ("refuse", 1, "colon"),
            ("somewhere: end", 1, "every connection"),
            ("connection 1: explode", 1, "explode"),
            ("connection 1: garbage banana", 1, "not-json"),
            ("connection 1 after 3 posts: refuse", 1, "refuse"),
            ("rules 1: reset", 1, "rules"),
            ("connection 1: silence soon", 1, "5s"),
            ("connection 0: end", 1, "from 1"),
            ("connection 1: trickle 0 1s", 1, "from 1 to"),
            ("connection 1: oversize 18446744073709551615", 1, "from 1 to"),
            ("connection 1: out-of-order 100001", 1, "from 1 to 100000"),
            ("connection 1: silence 400d", 1, "a year at most"),
        ] {
            let error = script.parse::<FaultPlan>().unwrap_err();
            assert_eq!(error.line, line, "{script}");
            assert!(error.message.contains(word), "{script}: {error}");
        }
    }
}
