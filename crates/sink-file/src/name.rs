//! File names, which sort by time.

use stream_core::model::Timestamp;

/// `20261124T050102.123Z`.
pub(crate) fn stamp(now: Timestamp) -> String {
    now.to_string().replace(['-', ':'], "")
}

/// Whether a file of this name is one that [`next_name`] made.
pub(crate) fn is_ours(stem: &str) -> bool {
    let shape: String = stem
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape
        .strip_prefix("00000000T000000.000Z-")
        .is_some_and(|number| number.len() >= 4 && number.chars().all(|c| c == '0'))
}

/// A name above `newest`, also when the clock was set back.
pub(crate) fn next_name(newest: Option<&str>, stamp: &str) -> String {
    let first = format!("{stamp}-0000");
    match newest {
        Some(newest) if newest >= first.as_str() => {
            let (stamp, number) = newest.rsplit_once('-').unwrap_or((newest, "0"));
            format!("{stamp}-{:04}", number.parse::<u32>().unwrap_or(0) + 1)
        }
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_names_are_told_from_others() {
        assert!(is_ours(&next_name(None, &stamp(Timestamp::now()))));
        for foreign in [
            "zebra",
            "20200717T153320.123Z-",
            "20200717T153320.123Z-00x0",
            "20200717T153320Z-0000",
        ] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }

    #[test]
    fn names_grow_even_if_the_clock_goes_back() {
        assert_eq!(next_name(None, "2026"), "2026-0000");
        assert_eq!(next_name(Some("2025-0007"), "2026"), "2026-0000");
        assert_eq!(next_name(Some("2026-0000"), "2026"), "2026-0001");
        assert_eq!(next_name(Some("2027-0041"), "2026"), "2027-0042");
        assert_eq!(
            stamp(Timestamp::from_millis(1_595_000_000_123)),
            "20200717T153320.123Z"
        );
    }
}
