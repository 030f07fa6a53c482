//! What is seen on a screen of any size: how it stands, the plots, and beneath them the lists as far as there is room.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::Stylize as _;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::seen::Seen;
use super::{lists, plots};
use crate::admin::live::Moment;
use crate::usage::UsageStatus;

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
        Constraint::Length(plots::HEIGHT),
        Constraint::Fill(1),
    ];
    let [top, middle, below] = Layout::vertical(heights).areas(frame.area());
    frame.render_widget(Paragraph::new(head), top);
    plots::draw(frame, middle, now, &seen.past);
    let lists = lists::lines(now);
    let offset = offset.min(rows(&lists).saturating_sub(below.height));
    frame.render_widget(Paragraph::new(lists).scroll((offset, 0)), below);
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

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use stream_core::model::Lane;
    use stream_core::telemetry::LaneStatus;

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
}
