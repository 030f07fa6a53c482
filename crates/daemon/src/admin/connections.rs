//! Load shedding: as many connections as are worth their memory, and of too many the idlest goes, so that a probe always gets in.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::AbortHandle;

/// Connections that are open, by age. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    next: u64,
    /// Those that have sent no request yet.
    silent: BTreeMap<u64, AbortHandle>,
    /// Those that are being answered.
    asking: BTreeMap<u64, AbortHandle>,
}

/// One connection's place among the others.
#[derive(Clone)]
pub(super) struct Place {
    connections: Connections,
    number: u64,
}

impl Connections {
    /// Closes the one that has been silent for longest, or else the oldest, if there are `most`; then makes a place for what
    /// `spawn` starts.
    pub(super) fn admit(&self, most: usize, spawn: impl FnOnce(Place) -> AbortHandle) {
        let mut open = self.0.lock();
        if open.silent.len() + open.asking.len() >= most {
            let idlest = open.silent.pop_first().or_else(|| open.asking.pop_first());
            idlest.inspect(|(_, task)| task.abort());
        }
        let number = open.next;
        open.next += 1;
        let place = Place {
            connections: self.clone(),
            number,
        };
        open.silent.insert(number, spawn(place));
    }
}

impl Place {
    /// It has sent a request.
    pub(super) fn asks(&self) {
        let mut open = self.connections.0.lock();
        if let Some(task) = open.silent.remove(&self.number) {
            open.asking.insert(self.number, task);
        }
    }

    /// It is at its end.
    pub(super) fn leave(&self) {
        let mut open = self.connections.0.lock();
        open.silent.remove(&self.number);
        open.asking.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_idlest_goes_and_who_asks_stays() {
        let connections = Connections::default();
        let mut tasks = Vec::new();
        let mut places = Vec::new();
        for _ in 0..3 {
            connections.admit(3, |place| {
                places.push(place);
                tasks.push(tokio::spawn(std::future::pending::<()>()));
                tasks.last().unwrap().abort_handle()
            });
        }
        places[0].asks();
        places[1].leave();
        let other = || tokio::spawn(std::future::pending::<()>()).abort_handle();
        connections.admit(3, |_| other());
        connections.admit(3, |_| other());
        // The first asks, the second has left, the third was silent for longest.
        assert!(tasks.remove(2).await.unwrap_err().is_cancelled());
        assert!(!tasks[0].is_finished());
        assert!(!tasks[1].is_finished());
    }
}
