//! `birdfeed usage`: what the account has read of what it may.

use source_x::account::{DayUsage, Usage};

use super::account::{ask, say_json, source};
use super::say;
use crate::cli::UsageArgs;
use crate::exit::CommandError;

/// Asks X and shows the answer.
pub fn run(args: &UsageArgs) -> Result<(), CommandError> {
    let account = source(args.config.config.as_deref())?.account();
    let usage = ask(account.usage(Some(args.days)))?;
    if args.json {
        return say_json(&usage);
    }
    say(&page(&usage));
    Ok(())
}

fn page(usage: &Usage) -> String {
    let known = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    let share = usage.posts.zip(usage.cap).filter(|(_, cap)| *cap > 0);
    let share = share.map_or_else(String::new, |(posts, cap)| {
        format!(" ({:.1} %)", posts as f64 * 100.0 / cap as f64)
    });
    let mut lines = vec![
        format!("project        {}", usage.project.as_deref().unwrap_or("-")),
        format!(
            "posts          {} of {}{share}",
            known(usage.posts),
            known(usage.cap)
        ),
        format!(
            "cap_reset_day  {} (by X's description, the days left)",
            known(usage.cap_reset_day)
        ),
    ];
    lines.extend(table("", &usage.days));
    for app in &usage.apps {
        lines.extend(table(&format!(" of app {}", app.app), &app.days));
    }
    lines.join("\n")
}

fn table(of: &str, days: &[DayUsage]) -> Vec<String> {
    if days.is_empty() {
        return Vec::new();
    }
    // The time of day is always midnight.
    let date = |date: &str| date.split('T').next().unwrap_or_default().to_owned();
    let rows = days
        .iter()
        .map(|day| format!("{:<12} {:>12}", date(&day.date), day.posts));
    let head = format!("\n{:<12} {:>12}", "day", format!("posts{of}"));
    std::iter::once(head).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use source_x::account::AppUsage;

    use super::*;

    #[test]
    fn usage_becomes_a_page() {
        let day = |date: &str, posts| DayUsage {
            date: date.to_owned(),
            posts,
        };
        let usage = Usage {
            project: Some("17".to_owned()),
            posts: Some(500),
            cap: Some(2_000),
            cap_reset_day: None,
            days: vec![day("2026-11-25T00:00:00.000Z", 3)],
            apps: vec![AppUsage {
                app: "27".to_owned(),
                days: vec![day("2026-11-25", 3)],
            }],
        };
        let page = page(&usage);
        assert!(
            page.starts_with("project        17\nposts          500 of 2000 (25.0 %)\n"),
            "{page}"
        );
        assert!(
            page.contains("\n2026-11-25              3\n") && page.contains("posts of app 27"),
            "{page}"
        );
        assert!(super::page(&Usage::default()).contains("- of -\n"));
    }
}
