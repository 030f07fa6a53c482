//! Object: a JSON object with accessors that fail on nothing.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;
use std::time::SystemTime;

use bytes::Bytes;

use super::json;

/// A JSON object as it came. An accessor whose member is missing, `null` or of another kind gives `None`, or nothing of a list;
/// of a member that is there twice the first counts.
#[derive(Clone)]
pub struct Object {
    raw: Bytes,
    /// Taken apart when first asked.
    members: OnceLock<Vec<(String, Bytes)>>,
}

impl Default for Object {
    fn default() -> Self {
        Self::new(Bytes::from_static(b"{}"))
    }
}

impl Object {
    pub(super) fn new(raw: Bytes) -> Self {
        Self {
            raw,
            members: OnceLock::new(),
        }
    }

    /// Its bytes, for another parser: `serde_json::from_slice(object.raw())`.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The names of its members, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members().iter().map(|(name, _)| name.as_str())
    }

    /// The bytes of a member.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        let member = self.members().iter().find(|(member, _)| member == name);
        member.map(|(_, raw)| raw).filter(|raw| **raw != "null")
    }

    /// A text. A number is its digits as they stand there: ids are texts, whatever X writes. Half a surrogate pair is U+FFFD.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        json::text(self.get(name)?)
    }

    /// A whole number, written as one or as a text.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// A truth value.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)?.parse().ok()
    }

    /// A time as v2 writes it (RFC 3339).
    pub fn time(&self, name: &str) -> Option<SystemTime> {
        humantime::parse_rfc3339(&self.text(name)?).ok()
    }

    /// An object in it.
    pub fn object(&self, name: &str) -> Option<Self> {
        let raw = self.get(name).filter(|raw| raw.starts_with(b"{"))?;
        Some(Self::new(raw.clone()))
    }

    /// The objects of a list in it.
    pub fn objects(&self, name: &str) -> Vec<Self> {
        let elements = self.get(name).map(json::elements).unwrap_or_default();
        let objects = elements.into_iter().filter(|raw| raw.starts_with(b"{"));
        objects.map(Self::new).collect()
    }

    /// The texts of a list in it.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let elements = self.get(name).map(json::elements).unwrap_or_default();
        elements
            .iter()
            .filter_map(|raw| json::text(raw).map(Cow::into_owned))
            .collect()
    }

    fn members(&self) -> &[(String, Bytes)] {
        self.members.get_or_init(|| json::members(&self.raw))
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl Eq for Object {}

/// The JSON.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.raw))
    }
}

/// Declares a thing of X's: an accessor a row, by its name, how its member is read, and the member.
macro_rules! thing {
    ($(#[$meta:meta])* $thing:ident { $($(#[$doc:meta])* $name:ident: $kind:ident = $member:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $thing($crate::message::object::Object);

        impl $thing {
            pub(in crate::message) fn new(object: $crate::message::object::Object) -> Self {
                Self(object)
            }

            /// All of its members, those without an accessor here among them.
            pub fn object(&self) -> &$crate::message::object::Object {
                &self.0
            }

            /// The object as it came.
            pub fn raw(&self) -> &bytes::Bytes {
                self.0.raw()
            }

            $($crate::message::object::accessor!($(#[$doc])* $name: $kind = $member);)*
        }

        impl std::fmt::Debug for $thing {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($thing), "({:?})"), self.0)
            }
        }
    };
}

/// Declares one accessor of a type that has `object`.
macro_rules! accessor {
    ($(#[$doc:meta])* $name:ident: id = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> std::borrow::Cow<'_, str> {
            self.object().text($member).unwrap_or_default()
        }
    };
    ($(#[$doc:meta])* $name:ident: text = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> Option<std::borrow::Cow<'_, str>> {
            self.object().text($member)
        }
    };
    ($(#[$doc:meta])* $name:ident: number = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> Option<i64> {
            self.object().number($member)
        }
    };
    ($(#[$doc:meta])* $name:ident: flag = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> Option<bool> {
            self.object().flag($member)
        }
    };
    ($(#[$doc:meta])* $name:ident: time = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> Option<std::time::SystemTime> {
            self.object().time($member)
        }
    };
    ($(#[$doc:meta])* $name:ident: texts = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> Vec<String> {
            self.object().texts($member)
        }
    };
    ($(#[$doc:meta])* $name:ident: object = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> Option<$crate::message::object::Object> {
            self.object().object($member)
        }
    };
    ($(#[$doc:meta])* $name:ident: objects = $member:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> Vec<$crate::message::object::Object> {
            self.object().objects($member)
        }
    };
}

pub(super) use {accessor, thing};
