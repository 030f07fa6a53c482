//! Numbers in as few bytes as they need (LEB128): seven bits a byte, the lowest first.

use bytes::BufMut;

/// Appends `number`.
pub(super) fn put(into: &mut impl BufMut, mut number: u64) {
    while number >= 0x80 {
        into.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    into.put_u8(number as u8);
}

/// Takes a number from the front; `None` if it ends too early, or is none of 64 bits.
pub(super) fn take(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (first, rest) = from.split_first()?;
        *from = rest;
        let bits = u64::from(first & 0x7f);
        if bits.leading_zeros() < shift {
            return None;
        }
        number |= bits << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_what_is_none_is_refused() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!(take(&mut &bytes[..]), Some(number));
            assert_eq!(take(&mut &bytes[..bytes.len() - 1]), None, "{number} cut short");
        }
        let nine = [0xff; 9];
        assert_eq!(take(&mut &[&nine[..], &[0x01]].concat()[..]), Some(u64::MAX));
        assert_eq!(take(&mut &[&nine[..], &[0x02]].concat()[..]), None, "65 bits");
        assert_eq!(take(&mut &[0xff; 12][..]), None, "no end");
    }
}
