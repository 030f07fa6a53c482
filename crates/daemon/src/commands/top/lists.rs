//! What there may be more of than a screen holds: lanes, errors, gaps, rules.

use ratatui::style::{Style, Stylize as _};
use ratatui::text::Line;
use stream_core::telemetry::{GapStatus, LaneStatus};

use crate::admin::live::Moment;

/// All of it, the lanes first.
pub(super) fn lines(now: &Moment) -> Vec<Line<'static>> {
    let status = &now.report.status;
    let mut lines = vec![
        Line::from(row([
            "sink",
            "lane",
            "state",
            "rate",
            "behind",
            "pending",
            "delivered",
            "refused",
            "lost",
        ]))
        .bold(),
    ];
    let rates = now.rates.lanes.iter().zip(&now.words.lanes);
    lines.extend(status.lanes.iter().zip(rates).map(|(lane, (rates, state))| {
        let line = lane_row(lane, state, rates.delivered_per_second, rates.lag_seconds);
        let style = if lane.last_error.is_some() {
            Style::new().red()
        } else {
            Style::new()
        };
        Line::styled(line, style)
    }));
    lines.extend(section(
        "last errors",
        now.troubles.iter().map(|trouble| {
            let over = if trouble.over { " (over)" } else { "" };
            format!("{} {}: {}{over}", trouble.at, trouble.place, trouble.error)
        }),
    ));
    lines.extend(section("gaps", status.stream.gaps.iter().rev().map(gap)));
    lines.extend(section(
        "rules, matches since the start",
        now.report.rules.iter().map(|rule| {
            format!(
                "{:>10}  {}  {}",
                rule.matches,
                rule.id,
                rule.tag.as_deref().unwrap_or_default()
            )
        }),
    ));
    lines
}

/// A heading with its lines; nothing where there are none.
fn section(heading: &'static str, lines: impl Iterator<Item = String>) -> Vec<Line<'static>> {
    let lines: Vec<_> = lines.map(|line| Line::from(format!("  {line}"))).collect();
    let heading = (!lines.is_empty()).then(|| [Line::default(), Line::from(heading).bold()]);
    heading.into_iter().flatten().chain(lines).collect()
}

fn gap(gap: &GapStatus) -> String {
    format!(
        "{} to {} ({:.0} s): {}",
        gap.from, gap.to, gap.seconds, gap.reason
    )
}

fn row([sink, lane, state, rate, behind, pending, delivered, refused, lost]: [&str; 9]) -> String {
    format!(
        "{sink:<10} {lane:<15} {state:<23} {rate:>8} {behind:>8} {pending:>8} {delivered:>11} {refused:>8} {lost:>6}"
    )
}

fn lane_row(lane: &LaneStatus, state: &str, per_second: f32, lag: f32) -> String {
    let refused = lane.dead_lettered + lane.dropped;
    let counts = [lane.pending, lane.delivered, refused, lane.lost].map(|count| count.to_string());
    let [pending, delivered, refused, lost] = counts;
    let (rate, behind) = (format!("{per_second:.1}/s"), format!("{lag:.1} s"));
    row([
        &lane.sink,
        lane.lane.name(),
        state,
        &rate,
        &behind,
        &pending,
        &delivered,
        &refused,
        &lost,
    ])
}
