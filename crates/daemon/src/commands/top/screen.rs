//! The terminal: draws what is seen until somebody leaves.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::feed::{self, Heard};
use super::seen::Seen;
use super::view;
use crate::admin::Address;
use crate::signals::Signals;

/// How long it waits for a key before it looks at what was heard.
const LOOK: Duration = Duration::from_millis(100);
/// How far a page is.
const PAGE: u16 = 10;

/// Shows the daemon at `address`; the terminal is given back as it was, whatever happens.
pub(super) fn show(address: Address) -> io::Result<()> {
    let asked_to_end = signals()?;
    let heard = feed::follow(address);
    let mut terminal = ratatui::try_init()?;
    let shown = watch(&mut terminal, &heard, &asked_to_end);
    ratatui::try_restore()?;
    shown
}

/// Whether a signal has asked for the end: it must not kill us before the terminal is given back.
fn signals() -> io::Result<Arc<AtomicBool>> {
    let asked = Arc::new(AtomicBool::new(false));
    let told = asked.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut signals = {
        let _in_runtime = runtime.enter();
        Signals::new()?
    };
    std::thread::spawn(move || {
        runtime.block_on(signals.next());
        told.store(true, Ordering::Relaxed);
    });
    Ok(asked)
}

fn watch(
    terminal: &mut DefaultTerminal,
    heard: &Receiver<Heard>,
    asked_to_end: &AtomicBool,
) -> io::Result<()> {
    let (mut seen, mut offset) = (Seen::default(), 0);
    while !asked_to_end.load(Ordering::Relaxed) {
        for heard in heard.try_iter() {
            seen.hear(heard);
        }
        terminal.draw(|frame| offset = view::draw(frame, &seen, offset))?;
        if event::poll(LOOK)?
            && let Event::Key(key) = event::read()?
        {
            match press(key, offset) {
                ControlFlow::Continue(to) => offset = to,
                ControlFlow::Break(()) => break,
            }
        }
    }
    Ok(())
}

/// Where a key scrolls to, or that it leaves.
fn press(key: KeyEvent, offset: u16) -> ControlFlow<(), u16> {
    if key.kind == KeyEventKind::Release {
        return ControlFlow::Continue(offset);
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    ControlFlow::Continue(match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return ControlFlow::Break(()),
        KeyCode::Char('c') if control => return ControlFlow::Break(()),
        KeyCode::Up | KeyCode::Char('k') => offset.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => offset.saturating_add(1),
        KeyCode::PageUp => offset.saturating_sub(PAGE),
        KeyCode::PageDown | KeyCode::Char(' ') => offset.saturating_add(PAGE),
        KeyCode::Home => 0,
        KeyCode::End => u16::MAX,
        _ => offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_scroll_and_leave_and_others_do_nothing() {
        for (code, to) in [
            (KeyCode::Up, 19),
            (KeyCode::Down, 21),
            (KeyCode::PageUp, 10),
            (KeyCode::PageDown, 30),
            (KeyCode::Home, 0),
            (KeyCode::End, u16::MAX),
            (KeyCode::Char('c'), 20),
        ] {
            assert_eq!(press(code.into(), 20), ControlFlow::Continue(to), "{code:?}");
        }
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for key in [KeyCode::Char('q').into(), KeyCode::Esc.into(), control] {
            assert_eq!(press(key, 20), ControlFlow::Break(()), "{key:?}");
        }
    }
}
