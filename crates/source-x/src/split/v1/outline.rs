//! Outline of a message: as much of its outermost object as tells what it is.

use stream_core::model::{DeadLetterReason, Span};

use crate::split::scan::{NotJson, Passed, Scan};

/// A message that is no status, by the name of its one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Delete,
    ScrubGeo,
    StatusWithheld,
    UserWithheld,
    Disconnect,
    Warning,
    Limit,
}

/// The members that matter: those of a status, then the notices.
const MEMBERS: [(&str, Option<Notice>); 12] = [
    ("id_str", None),
    ("id", None),
    // A status has one of these, be it null; nothing else has.
    ("in_reply_to_status_id", None),
    ("text", None),
    ("full_text", None),
    ("delete", Some(Notice::Delete)),
    ("scrub_geo", Some(Notice::ScrubGeo)),
    ("status_withheld", Some(Notice::StatusWithheld)),
    ("user_withheld", Some(Notice::UserWithheld)),
    ("disconnect", Some(Notice::Disconnect)),
    ("warning", Some(Notice::Warning)),
    ("limit", Some(Notice::Limit)),
];
/// Where a status's own members are among them.
const SIGNS: std::ops::Range<usize> = 2..5;

/// What the outermost object shows.
#[derive(Default)]
pub(super) struct Outline {
    /// Of a status, where its id lies.
    pub(super) status: Option<Span>,
    /// Of a notice, which it is and where its value lies.
    pub(super) notice: Option<(Notice, Span)>,
}

impl Outline {
    /// The outline of a message, or why it has none.
    pub(super) fn of(message: &[u8]) -> Result<Self, DeadLetterReason> {
        let mut scan = Scan::new(message);
        let is_object = scan.token() == b'{';
        let mut slots = [None; MEMBERS.len()];
        let passed = if is_object {
            fill(&mut scan, &mut slots)
        } else {
            scan.value().map(|_| false)
        };
        match passed.and_then(|twice| scan.end().map(|()| twice)) {
            Err(NotJson) if std::str::from_utf8(message).is_err() => Err(DeadLetterReason::NotUtf8),
            Err(NotJson) => Err(DeadLetterReason::NotJson),
            Ok(_) if !is_object => Err(DeadLetterReason::NotAnObject),
            Ok(true) => Err(DeadLetterReason::DuplicateKey),
            Ok(false) => Ok(Self::drawn(message, slots)),
        }
    }

    fn drawn(message: &[u8], slots: [Option<Span>; MEMBERS.len()]) -> Self {
        let is_status = slots[SIGNS].iter().any(Option::is_some);
        let id = |slot: Option<Span>| slot.and_then(|span| inside(message, span));
        let notices = slots.iter().zip(MEMBERS).filter_map(|(slot, (_, notice))| {
            let span = (*slot)?;
            let is_there = message[span.range()] != *b"null";
            Some((notice?, span)).filter(|_| is_there)
        });
        Self {
            status: id(slots[0]).or_else(|| id(slots[1])).filter(|_| is_status),
            notice: { notices }.next(),
        }
    }
}

/// Passes the object; gives whether a member that matters was there twice.
fn fill(scan: &mut Scan<'_>, slots: &mut [Option<Span>; MEMBERS.len()]) -> Passed<bool> {
    let mut twice = false;
    scan.members(|scan, name| {
        let at = MEMBERS.iter().position(|(member, _)| scan.spells(name, member));
        let value = scan.value()?;
        if let Some(at) = at {
            twice |= slots[at].replace(value).is_some();
        }
        Ok(())
    })?;
    Ok(twice)
}

/// Where the text of a string or a number lies, without quotes.
fn inside(message: &[u8], Span { start, end }: Span) -> Option<Span> {
    match message[start as usize] {
        b'"' if end - start > 2 => Some(Span {
            start: start + 1,
            end: end - 1,
        }),
        b'-' | b'0'..=b'9' => Some(Span { start, end }),
        _ => None,
    }
}
