//! What a running daemon says, as it says it.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::admin::live::{History, Moment};
use crate::admin::{Address, client, report};

/// How long it waits before it asks a daemon again that was not there.
const AGAIN: Duration = Duration::from_secs(1);
/// How much may lie unread; more waits at the daemon, which leaves some out.
const UNREAD: usize = 4;

/// What was heard.
pub(super) enum Heard {
    /// The minutes before somebody listened.
    Past(History),
    /// How it stands.
    Now(Box<Moment>),
    /// Nothing is heard any more, and why.
    Gone(String),
}

/// Follows the daemon at `address` over its restarts, on a thread of its own, until nobody takes what it hears.
pub(super) fn follow(address: Address) -> Receiver<Heard> {
    let (tell, heard) = sync_channel(UNREAD);
    std::thread::spawn(move || while listen(&address, &tell).is_continue() {});
    heard
}

/// Until the daemon is gone, or nobody takes what is heard.
fn listen(address: &Address, tell: &SyncSender<Heard>) -> ControlFlow<()> {
    let told = |heard| match tell.send(heard) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let mut name = String::new();
    let ended = client::lines(address, "/events", |line| {
        if let Some(event) = line.strip_prefix("event: ") {
            event.clone_into(&mut name);
        }
        match line.strip_prefix("data: ").and_then(|data| read(&name, data)) {
            Some(heard) => told(heard),
            None => ControlFlow::Continue(()),
        }
    });
    let why = match ended {
        Ok(()) => return ControlFlow::Break(()),
        Err(error) => error.to_string(),
    };
    told(Heard::Gone(why))?;
    std::thread::sleep(AGAIN);
    ControlFlow::Continue(())
}

/// An event; one of a name that is not known is passed over.
fn read(name: &str, data: &str) -> Option<Heard> {
    let read = match name {
        "history" => report::read(data).map(Heard::Past),
        "report" => report::read(data).map(|moment| Heard::Now(Box::new(moment))),
        _ => return None,
    };
    Some(read.unwrap_or_else(|error| Heard::Gone(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_says_who_wrote_it_and_what_is_new_is_passed_over() {
        let Some(Heard::Gone(why)) = read("report", r#"{"version":"9.9.9"}"#) else {
            panic!("it was read");
        };
        assert!(why.starts_with("birdfeed 9.9.9, which birdfeed "), "{why}");
        assert!(matches!(
            read("history", r#"{"points":[[1,2.0,3.0]]}"#),
            Some(Heard::Past(_))
        ));
        assert!(read("weather", "{}").is_none());
    }
}
