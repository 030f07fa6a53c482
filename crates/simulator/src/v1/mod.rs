//! v1.1 as it was (`x-streaming.md` 4): who is let in, and how.
//!
//! | module | what it does |
//! |---|---|
//! | `admission` | signature, logins, parameters; the newest connection takes the place of the oldest |
//! | `oauth`, `sha1` | the signature, by the letter of RFC 5849 and FIPS 180-4 |
//! | `params` | the limits of parameters, with the texts of refusals |

mod admission;
mod oauth;
mod params;
mod sha1;

pub(crate) use self::admission::admit;

/// How a stream was asked for, beyond what v2 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// Before each message stands its length.
    pub(crate) delimited: bool,
    /// A client that falls behind is warned.
    pub(crate) stall_warnings: bool,
    /// So many statuses of the past first; with a minus, and then the end.
    pub(crate) count: i64,
    /// Powerstream: the first message says where it comes from.
    pub(crate) metadata: bool,
}
