//! Messages a second and lag over the last 15 minutes, each as a label with a plot.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Stylize as _};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Sparkline};

use crate::admin::live::{History, Moment, Point};

/// How many rows all of them have.
pub(super) const HEIGHT: u16 = 2 * PLOT;
/// How many rows one has.
const PLOT: u16 = 2;
/// How wide the words before it are.
const LABEL: u16 = 26;

/// A value of each second of the last 15 minutes.
struct Plot {
    label: String,
    value: fn(&Point) -> f32,
    color: Color,
}

/// Messages a second and lag, the newest at the right.
pub(super) fn draw(frame: &mut Frame, area: Rect, now: &Moment, past: &History) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_shows_the_highest_of_each_column() {
        assert_eq!(squeezed(&[1.0, 2.0, 9.0, 0.0, 0.5], 2), [9_000, 500]);
        assert_eq!(squeezed(&[1.0], 80), [1_000]);
        assert_eq!(squeezed(&[], 0), [0; 0]);
    }
}
