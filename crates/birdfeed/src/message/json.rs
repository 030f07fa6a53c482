//! JSON by its bytes: members, elements and texts, whatever they hold. Nesting costs no stack, and half a surrogate pair, which
//! JSON allows and Rust's text does not, becomes U+FFFD.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The members of an object, in their order; none if it is no object.
pub(super) fn members(json: &Bytes) -> Vec<(String, Bytes)> {
    let Members(members) = serde_json::from_slice(json).unwrap_or_default();
    let part = |(name, raw): (Lossy<'_>, &RawValue)| (name.0.into_owned(), slice(json, raw));
    members.into_iter().map(part).collect()
}

/// The elements of an array; none if it is no array.
pub(super) fn elements(json: &Bytes) -> Vec<Bytes> {
    let Elements(elements) = serde_json::from_slice(json).unwrap_or_default();
    elements.into_iter().map(|raw| slice(json, raw)).collect()
}

/// A string's text, or a number's or a truth value's as it is written; nothing else is a text.
pub(super) fn text(json: &[u8]) -> Option<Cow<'_, str>> {
    match json.first()? {
        b'"' => serde_json::from_slice(json).ok().map(|Lossy(text)| text),
        b'{' | b'[' => None,
        _ => std::str::from_utf8(json).ok().map(Cow::Borrowed),
    }
}

/// A copy of nothing: the part keeps the whole alive.
fn slice(json: &Bytes, raw: &RawValue) -> Bytes {
    json.slice_ref(raw.get().as_bytes())
}

struct Lossy<'a>(Cow<'a, str>);

#[derive(Default)]
struct Members<'a>(Vec<(Lossy<'a>, &'a RawValue)>);

#[derive(Default)]
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Lossy<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Lossy<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Lossy(
                    std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(lossy(bytes)), Cow::Borrowed),
                ))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Lossy(Cow::Owned(lossy(bytes))))
            }
        }
        // As bytes, serde_json gives half a surrogate pair as the three bytes that UTF-8 would give it.
        deserializer.deserialize_bytes(Text)
    }
}

/// One U+FFFD for each half of a surrogate pair, of which std makes three.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if chunk.invalid().first() == Some(&0xED) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;
        impl<'de> Visitor<'de> for Array {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(Array)
    }
}
