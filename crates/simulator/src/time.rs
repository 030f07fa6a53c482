//! Times and ids in X's forms: RFC 3339, the `Date` header, snowflakes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest span that is accepted anywhere: what is added to the time must not run over its end.
pub(crate) const MAX_SPAN: Duration = Duration::from_secs(366 * 24 * 3600);

/// Zero of X's snowflake time, in Unix milliseconds.
const SNOWFLAKE_EPOCH: u64 = 1_288_834_974_657;

/// Unix milliseconds of now.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Unix seconds of now.
pub(crate) fn now_s() -> u64 {
    now_ms() / 1000
}

/// The smallest id of that Unix millisecond.
pub(crate) fn id_at(ms: u64) -> u64 {
    ms.saturating_sub(SNOWFLAKE_EPOCH) << 22
}

/// The Unix millisecond of an id.
pub(crate) fn ms_of(id: u64) -> u64 {
    (id >> 22) + SNOWFLAKE_EPOCH
}

/// Year, month and day of a Unix day (proleptic Gregorian, from the days in 400-year cycles).
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The Unix day of a date from 1970 on; the inverse of [`civil`].
pub(crate) fn days_of(year: u64, month: u64, day: u64) -> u64 {
    let year = year.saturating_sub(u64::from(month <= 2));
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day.saturating_sub(1);
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    (era * 146_097 + of_era).saturating_sub(719_468)
}

/// Year, month, day and `HH:MM:SS` of a Unix second.
fn date_and_time(seconds: u64) -> (u64, u64, u64, String) {
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    (year, month, day, format!("{hour:02}:{minute:02}:{second:02}"))
}

/// RFC 3339: `2020-06-18T15:21:58.638Z`.
pub(crate) fn rfc3339(ms: u64) -> String {
    let (year, month, day, time) = date_and_time(ms / 1000);
    format!("{year:04}-{month:02}-{day:02}T{time}.{:03}Z", ms % 1000)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The names of a Unix second's day and month.
fn names(seconds: u64, month: u64) -> (&'static str, &'static str) {
    (DAYS[(seconds / 86_400) as usize % 7], MONTHS[month as usize - 1])
}

/// The form of v1.1: `Sat Mar 10 14:03:15 +0000 2018`.
pub(crate) fn v1_date(seconds: u64) -> String {
    let (year, month, day, time) = date_and_time(seconds);
    let (week_day, month) = names(seconds, month);
    format!("{week_day} {month} {day:02} {time} +0000 {year:04}")
}

/// The form of HTTP's `Date`: `Thu, 18 Jun 2020 16:08:19 GMT`.
pub(crate) fn http_date(seconds: u64) -> String {
    let (year, month, day, time) = date_and_time(seconds);
    let (week_day, month) = names(seconds, month);
    format!("{week_day}, {day:02} {month} {year:04} {time} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_times_come_out_as_recorded() {
        assert_eq!(rfc3339(1_592_493_718_638), "2020-06-18T15:21:58.638Z");
        assert_eq!(http_date(1_592_496_499), "Thu, 18 Jun 2020 16:08:19 GMT");
        assert_eq!(rfc3339(1_709_164_800_000), "2024-02-29T00:00:00.000Z");
    }

    #[test]
    fn days_are_counted_both_ways() {
        for day in (0..40_000).step_by(13) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days_of(year, month, of_month), day);
        }
    }

    #[test]
    fn a_real_id_has_its_real_time() {
        assert_eq!(
            rfc3339(ms_of(1_380_242_611_781_386_245)).split('.').next(),
            Some("2021-04-08T19:34:16")
        );
        assert_eq!(ms_of(id_at(1_700_000_000_123)), 1_700_000_000_123);
    }
}
