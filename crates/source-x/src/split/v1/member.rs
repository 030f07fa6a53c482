//! One member of an object of a message.

use serde_json::value::RawValue;
use stream_core::model::Span;

use crate::split::scan::Scan;

/// The value of a member of an object, as it stands there.
pub(super) fn member<'o>(object: &'o [u8], name: &str) -> Option<&'o [u8]> {
    let mut scan = Scan::new(object);
    if scan.token() != b'{' {
        return None;
    }
    let mut found = None;
    let passed = scan.members(|scan, spelt| {
        let is_it = scan.spells(spelt, name);
        let value = scan.value()?;
        found = found.or(is_it.then_some(value));
        Ok(())
    });
    passed.ok()?;
    found.map(|span: Span| &object[span.range()])
}

/// The text that a member is, if it can be read.
pub(super) fn text(object: &[u8], name: &str) -> Option<String> {
    let raw: &RawValue = serde_json::from_slice(member(object, name)?).ok()?;
    serde_json::from_str(raw.get()).ok()
}
