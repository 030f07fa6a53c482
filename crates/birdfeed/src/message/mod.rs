//! Messages and the things in them: JSON that is looked into when it is asked, one accessor a member. Nothing fails on what X
//! leaves out, adds or writes differently; the bytes are there as they came (`raw`), and so is every member ([`Object::get`]).

mod includes;
mod json;
mod object;
mod post;
mod status;
mod things;
mod whole;

pub use self::includes::Includes;
pub use self::object::Object;
pub use self::post::{Post, Reference};
pub use self::status::{Status, StatusUser};
pub use self::things::{MatchingRule, Media, Place, Poll, User};
pub use self::whole::Message;

#[cfg(test)]
mod tests;
