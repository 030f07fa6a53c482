//! Message: one line of the stream, whole.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use source_x::split::MessageKind;

use super::object::Object;
use super::things::MatchingRule;

/// A message of the stream: one line. Cheap to clone.
#[derive(Clone)]
pub struct Message(Arc<Inner>);

struct Inner {
    kind: MessageKind,
    object: Object,
}

impl Message {
    pub(crate) fn new(kind: MessageKind, raw: Bytes) -> Self {
        let object = Object::new(raw);
        Self(Arc::new(Inner { kind, object }))
    }

    /// What it is.
    pub fn kind(&self) -> MessageKind {
        self.0.kind
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
