//! The id of an object, found on the way through it.

use stream_core::model::Span;

use super::scan::{Passed, Scan};

/// Passes a value; gives where it lies, and where the exact text of its id does, without quotes.
///
/// That is the member `id` of an object, string or number: the first, should it be there twice.
pub(super) fn pass(scan: &mut Scan<'_>) -> Passed<(Span, Option<Span>)> {
    if scan.token() != b'{' {
        return Ok((scan.value()?, None));
    }
    let (mut met, mut id) = (false, None);
    let object = scan.members(|scan, name| {
        if met || !scan.spells(name, "id") {
            return scan.value().map(drop);
        }
        met = true;
        id = match (scan.token(), scan.value()?) {
            (b'"', Span { start, end }) => Some(Span {
                start: start + 1,
                end: end - 1,
            }),
            (b'-' | b'0'..=b'9', number) => Some(number),
            _ => None,
        };
        Ok(())
    })?;
    Ok((object, id.filter(|id| !id.range().is_empty())))
}
