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
