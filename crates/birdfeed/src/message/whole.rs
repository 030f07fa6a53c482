//! Message: one line of the stream, whole.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use source_x::endpoint::Messages;
use source_x::split::MessageKind;

use super::object::Object;
use super::things::MatchingRule;

/// A message of the stream: one line. Cheap to clone.
#[derive(Clone)]
pub struct Message(Arc<Inner>);

struct Inner {
    messages: Messages,
    kind: MessageKind,
    object: Object,
}

impl Message {
    pub(crate) fn new(messages: Messages, kind: MessageKind, raw: Bytes) -> Self {
        let object = Object::new(raw);
        Self(Arc::new(Inner {
            messages,
            kind,
            object,
        }))
    }

    /// What it is.
    pub fn kind(&self) -> MessageKind {
        self.0.kind
    }

    /// Whether it is one of v1.1's or of Powerstream, which have the same shapes.
    pub fn is_v1(&self) -> bool {
        matches!(self.0.messages, Messages::Statuses | Messages::Batches)
    }

    /// The line as it came, without its end. Of one of more than 8 MiB only the start is there, and its kind is `Invalid`.
    pub fn raw(&self) -> &Bytes {
        self.0.object.raw()
    }

    /// All of its members.
    pub fn object(&self) -> &Object {
        &self.0.object
    }

    /// The member `data`, whatever it is of.
    pub fn data(&self) -> Option<Object> {
        self.0.object.object("data")
    }

    /// Problems (<https://docs.x.com/x-api/fundamentals/response-codes-and-errors>): beside data, of what could not be included;
    /// without it, why the stream ends.
    pub fn errors(&self) -> Vec<Object> {
        self.0.object.objects("errors")
    }

    /// The rules that the post matches, on the filtered stream.
    pub fn matching_rules(&self) -> Vec<MatchingRule> {
        let rules = self.0.object.objects("matching_rules").into_iter();
        rules.map(MatchingRule::new).collect()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, {:?})", self.kind().name(), self.0.object)
    }
}

/// Declares a thing of X's that knows the message that brought it, as [`thing`](super::object::thing) declares one that does not.
macro_rules! part {
    ($(#[$meta:meta])* $part:ident { $($(#[$doc:meta])* $name:ident: $kind:ident = $member:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $part {
            object: $crate::message::object::Object,
            message: $crate::message::whole::Message,
        }

        impl $part {
            pub(in crate::message) fn new(
                object: $crate::message::object::Object,
                message: $crate::message::whole::Message,
            ) -> Self {
                Self { object, message }
            }

            /// All of its members, those without an accessor here among them.
            pub fn object(&self) -> &$crate::message::object::Object {
                &self.object
            }

            /// It as it came.
            pub fn raw(&self) -> &bytes::Bytes {
                self.object.raw()
            }

            /// The message that brought it.
            pub fn message(&self) -> &$crate::message::whole::Message {
                &self.message
            }

            $($crate::message::object::accessor!($(#[$doc])* $name: $kind = $member);)*
        }

        impl PartialEq for $part {
            fn eq(&self, other: &Self) -> bool {
                self.object == other.object
            }
        }

        impl Eq for $part {}

        impl std::fmt::Debug for $part {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($part), "({:?})"), self.object)
            }
        }
    };
}

pub(super) use part;
