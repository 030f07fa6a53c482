//! What is seen, as lines: at the top how it stands and the last 15 minutes, beneath it lanes, errors, gaps and rules.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Sparkline};
use stream_core::telemetry::{GapStatus, LaneStatus};

use super::seen::Seen;
use crate::admin::live::{History, Moment, Point};
use crate::usage::UsageStatus;

/// How wide the words before a plot are.
const LABEL: u16 = 26;
/// How many rows a plot has.
const PLOT: u16 = 2;

/// Draws it with the lower part scrolled by `offset` lines; gives how far it could be scrolled.
pub(super) fn draw(frame: &mut Frame, seen: &Seen, offset: u16) -> u16 {
    let Some(now) = &seen.now else {
        let waiting = seen.gone.as_deref().unwrap_or("asking the daemon");
        let lines = [
            Line::from("birdfeed top · q leaves"),
            Line::from(waiting.to_owned()).red(),
        ];
        frame.render_widget(Paragraph::new(lines.to_vec()), frame.area());
        return 0;
    };
    let head = head(now, seen.gone.as_deref());
    let heights = [
        Constraint::Length(rows(&head)),
        Constraint::Length(2 * PLOT),
        Constraint::Fill(1),
    ];
    let [top, plots, below] = Layout::vertical(heights).areas(frame.area());
    frame.render_widget(Paragraph::new(head), top);
    draw_plots(frame, plots, now, &seen.past);
    let body = body(now);
    let offset = offset.min(rows(&body).saturating_sub(below.height));
    frame.render_widget(Paragraph::new(body).scroll((offset, 0)), below);
    offset
}

fn rows(lines: &[Line]) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}

/// How it stands.
fn head(now: &Moment, gone: Option<&str>) -> Vec<Line<'static>> {
    let (report, said) = (&now.report, &now.words);
    let name = format!("birdfeed {} · stream {} · ", report.version, report.status.name);
    let ready = if report.ready {
        "ready".green()
    } else {
        "NOT ready".red().bold()
    };
    let mut lines = vec![Line::from(vec![name.into(), ready, " · q leaves".dark_gray()])];
    let gone = gone.map(|why| format!("  ! {why}; what follows is of {}", now.at));
    let reasons = report
        .reasons
        .iter()
        .chain(&said.configuration)
        .map(|reason| format!("  ! {reason}"));
    lines.extend(gone.into_iter().chain(reasons).map(|line| Line::from(line).red()));
    lines.extend([
        Line::from(format!("stream    {}", said.stream)),
        Line::from(format!("connects  {}", said.connects)),
        Line::from(format!("journal   {}", said.journal)),
    ]);
    let usage = report.usage.as_ref().map(UsageStatus::words);
    lines.extend(usage.map(|usage| Line::from(format!("usage     {usage}"))));
    lines
}

/// A value of each second of the last 15 minutes.
struct Plot {
    label: String,
    value: fn(&Point) -> f32,
    color: Color,
}

/// Messages a second and lag, the newest at the right.
fn draw_plots(frame: &mut Frame, area: Rect, now: &Moment, past: &History) {
    let rate = Plot {
        label: format!("messages  {:.1}/s", now.rates.messages_per_second),
        value: |point| point.messages_per_second,
        color: Color::Cyan,
    };
    let lag = Plot {
        label: format!("behind    {:.1} s", now.rates.lag_seconds),
        value: |point| point.lag_seconds,
        color: Color::Yellow,
    };
    let areas: [Rect; 2] = Layout::vertical([Constraint::Length(PLOT); 2]).areas(area);
    for (area, plot) in areas.into_iter().zip([rate, lag]) {
        let [left, right] = Layout::horizontal([Constraint::Length(LABEL), Constraint::Fill(1)]).areas(area);
        let values: Vec<_> = past.points().iter().map(plot.value).collect();
        let most = values.iter().copied().fold(0.0, f32::max);
        let most = Line::from(format!("          most {most:.1}")).dark_gray();
        frame.render_widget(Paragraph::new(vec![Line::from(plot.label), most]), left);
        let line = Sparkline::default().data(squeezed(&values, right.width));
        frame.render_widget(line.style(plot.color), right);
    }
}

/// The values in so many columns: in each the highest of its seconds, in thousandths, for a plot has whole numbers only.
#[expect(clippy::cast_sign_loss, reason = "no rate and no lag is below nothing")]
fn squeezed(values: &[f32], columns: u16) -> Vec<u64> {
    let each = values.len().div_ceil(usize::from(columns).max(1)).max(1);
    let highest = |some: &[f32]| (some.iter().copied().fold(0.0, f32::max) * 1_000.0) as u64;
    values.chunks(each).map(highest).collect()
}

/// What there is beneath: more than a screen may hold.
fn body(now: &Moment) -> Vec<Line<'static>> {
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

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use stream_core::model::Lane;

    use super::*;
    use crate::commands::top::feed::Heard;

    /// A daemon with eight lanes, one of which stands, after three seconds.
    fn seen() -> Seen {
        let lanes: Vec<_> = Lane::ALL
            .iter()
            .map(|lane| {
                serde_json::to_value(LaneStatus {
                    last_error: (*lane == Lane::Errors).then(|| "no broker\u{1b}[2J".to_owned()),
                    ..LaneStatus::new("kafka", *lane)
                })
                .unwrap()
            })
            .collect();
        let each = |value: serde_json::Value| vec![value; lanes.len()];
        let json = serde_json::json!({
            "version": "0.1.0", "ready": false, "reasons": ["the stream is paused"], "name": "main",
            "stream": stream_core::telemetry::StreamStatus::default(), "lanes": lanes,
            "journal": stream_core::telemetry::JournalStatus::default(),
            "rules": [{"id": "17", "tag": "cats", "matches": 18}],
            "at": "1970-01-01T00:00:01.000Z", "tap": false,
            "rates": {"messages_per_second": 212.0, "lag_seconds": 3.5,
                      "lanes": each(serde_json::json!({"delivered_per_second": 7.0, "lag_seconds": 3.5}))},
            "words": {"stream": "connected for 3 h 12 m", "connects": "37 connects left in 15 minutes",
                      "journal": "5 bytes of 9 bytes", "lanes": each("delivering".into())},
            "troubles": [{"at": "1970-01-01T00:00:01.000Z", "place": "sink kafka", "error": "no broker\u{1b}[2J", "over": false}],
        });
        let mut seen = Seen::default();
        for _ in 0..3 {
            seen.hear(Heard::Now(serde_json::from_value(json.clone()).unwrap()));
        }
        seen
    }

    fn drawn(seen: &Seen, (width, height): (u16, u16), offset: u16) -> (String, u16) {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut scrolled = 0;
        terminal
            .draw(|frame| scrolled = draw(frame, seen, offset))
            .unwrap();
        (terminal.backend().to_string(), scrolled)
    }

    #[test]
    fn a_screen_says_how_it_stands_and_the_rest_is_scrolled_to() {
        let seen = seen();
        let (large, scrolled) = drawn(&seen, (110, 40), 99);
        for part in [
            "stream main · NOT ready",
            "! the stream is paused",
            "connected for 3 h 12 m",
            "messages  212.0/s",
            "most 3.5",
            "kafka      tweets          delivering                 7.0/s    3.5 s",
            "sink kafka: no broker",
            "18  17  cats",
            "███",
        ] {
            assert!(large.contains(part), "{part}:\n{large}");
        }
        assert!(!large.contains('\u{1b}'), "an error may not move the cursor");
        assert_eq!(scrolled, 0, "all of it is there");
        let (small, scrolled) = drawn(&seen, (80, 24), u16::MAX);
        assert!(
            scrolled > 0 && small.contains("18  17  cats") && small.contains("212.0/s"),
            "{small}"
        );
    }

    #[test]
    fn no_size_is_too_small_and_a_daemon_that_is_gone_is_told() {
        let mut seen = seen();
        seen.hear(Heard::Gone("nothing listens".to_owned()));
        for size in [(1, 1), (20, 5), (300, 2)] {
            drawn(&seen, size, 0);
        }
        assert!(
            drawn(&seen, (100, 30), 0)
                .0
                .contains("! nothing listens; what follows is of 1970")
        );
        let never = Seen {
            gone: Some("nothing listens".to_owned()),
            ..Seen::default()
        };
        assert!(drawn(&never, (100, 30), 0).0.contains("nothing listens"));
    }

    #[test]
    fn a_plot_shows_the_highest_of_each_column() {
        assert_eq!(squeezed(&[1.0, 2.0, 9.0, 0.0, 0.5], 2), [9_000, 500]);
        assert_eq!(squeezed(&[1.0], 80), [1_000]);
        assert_eq!(squeezed(&[], 0), [0; 0]);
    }
}
