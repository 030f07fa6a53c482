//! Scripting language of fault plans, one step on a line:
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
//! | `garbage NAME` | one of [`Garbage::ALL`](crate::Garbage::ALL) |
//! | `notice NAME` | v1.1: one of [`Notice::ALL`](crate::Notice::ALL); the sum of a `limit` rises by 7 |
//! | `code N [open]` | v1.1: a disconnect with that code |
//! | `oversize BYTES` | a message of that size |
//! | `trickle BYTES TIME` | the next post in pieces of BYTES, one each TIME |
//! | `duplicate [N]`, `out-of-order [N]` | the last N posts again (default 1); the next N newest first (default 2) |
//!
//! When: nothing (the start), `after N posts`, `every N posts`, `after N keep-alives`.

mod fault;
mod value;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use self::value::number;
use super::plan::{At, FaultPlan, Moment, Step};

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
    let (moment, fault) = (moment(when)?, fault::parse(&words)?);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fault::{Disconnect, Fault, Garbage, Socket, Status};
    use crate::notice::Notice;

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
            connection 8: status 402-credits\n\
            every connection every 5 posts: notice limit\n\
            connection 9: code 12 open\n";
        let plan: FaultPlan = script.parse().unwrap();
        let steps: Vec<Step> = plan.fired().into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps.len(), 10);
        assert_eq!(steps[8].fault, Fault::Notice(Notice::Limit));
        assert_eq!(steps[9].fault, Fault::Code(12, Socket::LeftOpen));
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
        for kind in Garbage::ALL {
            let name = kind.name();
            let plan: FaultPlan = format!("connection 1: garbage {name}").parse().unwrap();
            assert_eq!(plan.fired()[0].0.fault, Fault::Garbage(kind));
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
