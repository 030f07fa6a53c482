//! Scheduling: when the faults of one connection are due. Pure.

use crate::fault::{Moment, Planned};

#[derive(Debug)]
pub(super) struct Schedule {
    /// In the plan's order, each with the count at which it is next due.
    waiting: Vec<(u64, Planned)>,
    posts: u64,
    keep_alives: u64,
}

impl Schedule {
    pub(super) fn new(planned: Vec<Planned>) -> Self {
        let first = |planned: Planned| match planned.moment {
            Moment::Start => (0, planned),
            Moment::AfterPosts(n) | Moment::EveryPosts(n) | Moment::AfterKeepAlives(n) => (n, planned),
        };
        Schedule {
            waiting: planned.into_iter().map(first).collect(),
            posts: 0,
            keep_alives: 0,
        }
    }

    /// The next fault that is due, taken from the schedule.
    pub(super) fn next_due(&mut self) -> Option<Planned> {
        let count = |moment| match moment {
            Moment::AfterKeepAlives(_) => self.keep_alives,
            _ => self.posts,
        };
        let at = self
            .waiting
            .iter()
            .position(|(due, planned)| *due <= count(planned.moment))?;
        match self.waiting[at].1.moment {
            Moment::EveryPosts(n) => {
                self.waiting[at].0 += n.max(1);
                Some(self.waiting[at].1.clone())
            }
            _ => Some(self.waiting.remove(at).1),
        }
    }

    /// Posts that may go before the next fault is due.
    pub(super) fn posts_until_next(&self) -> u64 {
        let by_posts = self
            .waiting
            .iter()
            .filter(|(_, planned)| !matches!(planned.moment, Moment::AfterKeepAlives(_)));
        by_posts
            .map(|(due, _)| due.saturating_sub(self.posts))
            .min()
            .unwrap_or(u64::MAX)
    }

    pub(super) fn posts_sent(&mut self, posts: u64) {
        self.posts += posts;
    }

    pub(super) fn keep_alive_sent(&mut self) {
        self.keep_alives += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn faults_come_at_their_moments() {
        let plan = [
            Moment::EveryPosts(10),
            Moment::AfterPosts(5),
            Moment::AfterKeepAlives(1),
            Moment::Start,
        ];
        let planned = |(index, moment)| Planned {
            index: Some(index),
            moment,
            fault: Fault::Reset,
        };
        let mut schedule = Schedule::new(plan.into_iter().enumerate().map(planned).collect());
        let due = |schedule: &mut Schedule| {
            std::iter::from_fn(|| schedule.next_due().and_then(|p| p.index)).collect::<Vec<_>>()
        };
        assert_eq!(due(&mut schedule), [3]);
        assert_eq!(schedule.posts_until_next(), 5);
        schedule.posts_sent(5);
        assert_eq!(due(&mut schedule), [1]);
        schedule.posts_sent(5);
        assert_eq!(due(&mut schedule), [0]);
        assert_eq!(schedule.posts_until_next(), 10);
        schedule.keep_alive_sent();
        assert_eq!(due(&mut schedule), [2]);
        schedule.posts_sent(20);
        assert_eq!(due(&mut schedule), [0, 0]);
    }
}
