//! The second half of a line: what goes wrong.

use std::time::Duration;

use super::value::{named, number, optional_time, time, up_to};
use crate::fault::garbage::Garbage;
use crate::fault::kinds::{Cut, Disconnect, Fault, Socket, Status};
use crate::notice::Notice;

/// The longest line that a script can ask for.
const MAX_BYTES: usize = 1 << 30;
/// The most posts that a script can have held back or sent again.
const MAX_POSTS: usize = 100_000;

/// What goes wrong, from the words after the colon.
pub(super) fn parse(words: &[&str]) -> Result<Fault, String> {
    Ok(match words {
        ["refuse"] => Fault::Refuse,
        ["tls-stall", rest @ ..] => Fault::TlsStall(optional_time(rest)?),
        ["head-stall", rest @ ..] => Fault::HeadStall(optional_time(rest)?),
        ["status", name, rest @ ..] => Fault::Status(status(name, optional_time(rest)?)?),
        ["silence", rest @ ..] => Fault::Silence(optional_time(rest)?),
        ["end"] => Fault::CleanEnd,
        ["reset"] => Fault::Reset,
        ["cut", place] => Fault::Cut(named("place to cut", place, &Cut::ALL, Cut::name)?),
        ["disconnect", kind] => Fault::Disconnect(
            named("disconnect", kind, &Disconnect::ALL, Disconnect::name)?,
            Socket::Closed,
        ),
        ["disconnect", kind, "open"] => Fault::Disconnect(
            named("disconnect", kind, &Disconnect::ALL, Disconnect::name)?,
            Socket::LeftOpen,
        ),
        ["garbage", kind] => Fault::Garbage(named("kind of garbage", kind, &Garbage::ALL, Garbage::name)?),
        ["notice", kind] => Fault::Notice(named("notice", kind, &Notice::ALL, Notice::name)?),
        ["code", code] => Fault::Code(number(code)?, Socket::Closed),
        ["code", code, "open"] => Fault::Code(number(code)?, Socket::LeftOpen),
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

fn status(name: &str, wait: Option<Duration>) -> Result<Status, String> {
    match (named("status", name, &Status::ALL, Status::name)?, wait) {
        (Status::RateLimited { .. }, Some(reset)) => Ok(Status::RateLimited { reset }),
        (Status::RateLimitedText { .. }, Some(reset)) => Ok(Status::RateLimitedText { reset }),
        (_, Some(_)) => Err("only `429-rate` and `429-rate-text` take a time".to_owned()),
        (status, None) => Ok(status),
    }
}
