//! Where in the pool each kind of message stands.

use std::ops::Range;

use crate::endpoint::Kind;

/// How many different posts a world has.
pub(super) const POSTS: u16 = 512;
/// How many different events of each kind.
pub(super) const EVENTS: u16 = 32;
/// How many different statuses of v1.1. They are there twice: each alone, and each in a list.
pub(super) const STATUSES: u16 = 128;
/// The first of them.
pub(super) const FIRST_STATUS: u16 = POSTS + EVENTS * TEMPLATES.len() as u16;

/// What an event is filled into, by kind, in the order of the pool.
pub(super) const TEMPLATES: [(Kind, &str); 6] = [
    (Kind::PostsCompliance, "post_compliance"),
    (Kind::UsersCompliance, "user_compliance"),
    (Kind::LikesCompliance, "like_compliance"),
    (Kind::Labels, "label"),
    (Kind::Likes, "like"),
    (Kind::Activity, "activity"),
];

impl Kind {
    /// Its numbers in the pool.
    pub(super) fn numbers(self) -> Range<u16> {
        match self {
            Kind::Posts => 0..POSTS,
            Kind::Statuses => FIRST_STATUS..FIRST_STATUS + STATUSES,
            Kind::Batches => FIRST_STATUS..FIRST_STATUS + 2 * STATUSES,
            _ => {
                let mut at = POSTS;
                for (kind, _) in TEMPLATES {
                    if kind == self {
                        break;
                    }
                    at += EVENTS;
                }
                at..at + EVENTS
            }
        }
    }
}
