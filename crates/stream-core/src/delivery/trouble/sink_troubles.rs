//! Which troubles of a sink are news. One cause of many lanes is told once, when all of them have had time to meet it; again
//! when another takes its place; and once more when it is over for all of them. No clock and no log in here.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Lane, LaneSet, PerLane};
use crate::sink::SinkError;

/// How long other lanes have to meet the same trouble before it is told.
const COLLECT: Duration = Duration::from_millis(500);
/// How long a lane must do without trouble before that is told: what comes and goes is one trouble.
const HOLD: Duration = Duration::from_secs(2);
/// How long a cause that comes and goes with others is not told again.
const REPEAT: Duration = Duration::from_secs(600);
/// How many causes are remembered for that.
const REMEMBERED: usize = 16;

/// The troubles of one sink's lanes.
#[derive(Debug, Default)]
pub(super) struct SinkTroubles {
    now: PerLane<Option<SinkError>>,
    causes: Vec<Cause>,
}

/// One cause; its error's class and words are what it is known by.
#[derive(Debug)]
struct Cause {
    error: SinkError,
    noted: Instant,
    told: Option<Instant>,
    /// The lanes that met it.
    met: LaneSet,
    /// Those that have not met another since.
    held: LaneSet,
    /// Since when none of these has it any more.
    over: Option<Instant>,
}

/// What somebody should know.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// These lanes cannot deliver, and why.
    Trouble(SinkError, LaneSet),
    /// These lanes can again; how long they could not.
    Over(LaneSet, Duration),
}

impl SinkTroubles {
    /// The trouble of `lane` is this now.
    pub(super) fn note(&mut self, lane: Lane, trouble: Option<SinkError>, at: Instant) {
        if self.now[lane] == trouble {
            return;
        }
        if let Some(error) = &trouble {
            for cause in self.causes.iter_mut().filter(|cause| cause.error != *error) {
                cause.held = cause.held.without(lane);
            }
            self.meet(error, lane, at);
        }
        self.now[lane] = trouble;
        for cause in &mut self.causes {
            let has = |lane: Lane| self.now[lane].as_ref() == Some(&cause.error);
            let gone = !cause.held.is_empty() && !cause.held.iter().any(has);
            cause.over = gone.then(|| cause.over.unwrap_or(at));
        }
    }

    fn meet(&mut self, error: &SinkError, lane: Lane, at: Instant) {
        let known = self.causes.iter().position(|cause| cause.error == *error);
        let at = known.unwrap_or_else(|| {
            self.forget_one();
            self.causes.push(Cause {
                error: error.clone(),
                noted: at,
                told: None,
                met: LaneSet::default(),
                held: LaneSet::default(),
                over: None,
            });
            self.causes.len() - 1
        });
        let cause = &mut self.causes[at];
        cause.met.insert(lane);
        cause.held.insert(lane);
    }

    /// Makes room for one more cause.
    fn forget_one(&mut self) {
        let passed = |cause: &Cause| cause.told.is_some() && cause.held.is_empty();
        if self.causes.len() >= REMEMBERED
            && let Some(oldest) = self.causes.iter().position(passed)
        {
            self.causes.remove(oldest);
        }
    }

    /// When there is something to tell, if nothing is noted until then.
    pub(super) fn due(&self) -> Option<Instant> {
        self.causes.iter().filter_map(Cause::due).min()
    }

    /// What is due to be told.
    pub(super) fn tell(&mut self, at: Instant) -> Vec<News> {
        let mut news = Vec::new();
        for cause in &mut self.causes {
            if cause.told.is_none() && cause.due().is_some_and(|due| due <= at) {
                cause.told = Some(at);
                news.push(News::Trouble(cause.error.clone(), cause.met));
            }
        }
        self.causes.retain(|cause| {
            let over = cause.told.is_some() && cause.due().is_some_and(|due| due <= at);
            if over {
                news.push(News::Over(cause.held, at - cause.noted));
            }
            let stale = cause.held.is_empty() && cause.told.is_some_and(|told| at - told >= REPEAT);
            !over && !stale
        });
        if self
            .causes
            .iter()
            .all(|cause| cause.told.is_some() && cause.held.is_empty())
        {
            self.causes.clear();
        }
        news
    }
}

impl Cause {
    fn due(&self) -> Option<Instant> {
        match self.told {
            None => Some(self.noted + COLLECT),
            Some(_) => Some(self.over? + HOLD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> SinkError {
        SinkError::Unavailable("k:9092: Connection refused".to_owned())
    }

    fn missing() -> SinkError {
        SinkError::Operator("no such topic".to_owned())
    }

    fn set(lanes: &[Lane]) -> LaneSet {
        lanes.iter().copied().collect()
    }

    fn trouble(error: SinkError, lanes: &[Lane]) -> News {
        News::Trouble(error, set(lanes))
    }

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn one_cause_is_told_once_for_all_lanes_and_once_when_it_is_over() {
        let (start, mut troubles) = (Instant::now(), SinkTroubles::default());
        let lanes = [Lane::Tweets, Lane::Includes, Lane::Events];
        for (n, lane) in lanes.into_iter().enumerate() {
            troubles.note(lane, Some(away()), after(start, n as u64 * 100));
        }
        assert_eq!(troubles.tell(after(start, 499)), []);
        assert_eq!(troubles.due(), Some(after(start, 500)));
        assert_eq!(troubles.tell(after(start, 500)), [trouble(away(), &lanes)]);
        // Repeats are not news, nor is one more lane.
        troubles.note(Lane::Tweets, Some(away()), after(start, 600));
        troubles.note(Lane::Errors, Some(away()), after(start, 700));
        assert_eq!(troubles.due(), None);
        for lane in lanes {
            troubles.note(lane, None, after(start, 60_000));
        }
        assert_eq!(troubles.due(), None, "one lane still has it");
        troubles.note(Lane::Errors, None, after(start, 61_000));
        let all = set(&[Lane::Tweets, Lane::Includes, Lane::Events, Lane::Errors]);
        let told = troubles.tell(troubles.due().unwrap());
        assert_eq!(told, [News::Over(all, Duration::from_secs(63))]);
        // The next is news again.
        troubles.note(Lane::Tweets, Some(away()), after(start, 70_000));
        assert_eq!(
            troubles.tell(after(start, 71_000)),
            [trouble(away(), &[Lane::Tweets])]
        );
    }

    #[test]
    fn what_a_person_must_mend_is_told_after_what_passes_by_itself() {
        let (start, mut troubles) = (Instant::now(), SinkTroubles::default());
        troubles.note(Lane::Tweets, Some(away()), start);
        assert_eq!(
            troubles.tell(after(start, 500)),
            [trouble(away(), &[Lane::Tweets])]
        );
        troubles.note(Lane::Tweets, Some(missing()), after(start, 3_000));
        assert_eq!(
            troubles.tell(after(start, 3_500)),
            [trouble(missing(), &[Lane::Tweets])]
        );
        troubles.note(Lane::Tweets, None, after(start, 5_000));
        let over = [News::Over(set(&[Lane::Tweets]), Duration::from_secs(4))];
        assert_eq!(troubles.tell(after(start, 7_000)), over);
        assert_eq!(troubles.due(), None);
    }

    #[test]
    fn causes_that_take_turns_are_told_once_in_ten_minutes() {
        let (start, mut troubles) = (Instant::now(), SinkTroubles::default());
        let mut told = 0;
        for second in 0..1_200 {
            let cause = if second % 2 == 0 { away() } else { missing() };
            troubles.note(Lane::Tweets, Some(cause), after(start, second * 1_000));
            told += troubles.tell(after(start, second * 1_000 + 600)).len();
        }
        assert_eq!(told, 4);
    }

    #[test]
    fn what_comes_and_goes_is_one_trouble_but_what_passed_at_once_is_told() {
        let (start, mut troubles) = (Instant::now(), SinkTroubles::default());
        let mut news = Vec::new();
        for n in 0..100 {
            troubles.note(Lane::Tweets, Some(away()), after(start, n * 100));
            troubles.note(Lane::Tweets, None, after(start, n * 100 + 20));
            news.extend(troubles.tell(after(start, n * 100 + 30)));
        }
        assert_eq!(news, [trouble(away(), &[Lane::Tweets])]);
        assert!(matches!(
            troubles.tell(after(start, 13_000))[..],
            [News::Over(..)]
        ));
        assert_eq!(troubles.due(), None);
    }

    #[test]
    fn words_without_end_do_not_fill_the_memory() {
        let (start, mut troubles) = (Instant::now(), SinkTroubles::default());
        for n in 0..1_000 {
            let error = SinkError::Unavailable(format!("attempt {n}"));
            troubles.note(Lane::Tweets, Some(error), after(start, n * 1_000));
            troubles.tell(after(start, n * 1_000 + 500));
        }
        assert!(troubles.causes.len() <= REMEMBERED + 1);
    }
}
