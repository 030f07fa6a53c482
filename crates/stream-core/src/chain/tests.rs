use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const LANES: [Lane; 3] = [Lane::Tweets, Lane::Includes, Lane::Events];

type Key = (usize, u64, u64);

/// A record as a journal hands it out.
#[derive(Clone, Copy, Debug)]
struct Made {
    lane: Lane,
    header: Header,
}

impl Made {
    fn key(&self) -> Key {
        (self.lane as usize, self.header.place.epoch, self.header.place.seq)
    }
}

/// One process: the lanes of its messages, and how many of them a power cut takes from the journal afterwards.
type Epoch = (Vec<u8>, usize);

/// What lanes publish of these epochs, each message's records together.
fn journal(epochs: &[Epoch]) -> Vec<Made> {
    let (mut seq, mut made) = (0, Vec::new());
    let mut last: BTreeMap<Lane, Place> = BTreeMap::new();
    for (epoch, (messages, cut)) in (1..).zip(epochs) {
        let kept = messages.len().saturating_sub(*cut);
        let mut kept_state = (seq, last.clone());
        for (n, mask) in messages.iter().enumerate() {
            if n == kept {
                kept_state = (seq, last.clone());
            }
            let place = Place { epoch, seq };
            let lanes: LaneSet = LANES
                .into_iter()
                .enumerate()
                .filter(|(n, _)| mask >> n & 1 == 1)
                .map(|(_, lane)| lane)
                .collect();
            for lane in lanes.iter() {
                let previous = last.insert(lane, place);
                let header = Header {
                    place,
                    previous,
                    lanes,
                };
                made.push(Made { lane, header });
            }
            seq += 1;
        }
        if kept < messages.len() {
            (seq, last) = kept_state;
        }
    }
    made
}

fn walk(records: &[Made]) -> Verdict {
    let mut walk = Walk::new("s", LANES.into_iter().collect());
    for Made { lane, header } in records {
        walk.record(*lane, header, b"{}");
    }
    walk.verdict()
}

fn epochs(cuts: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Epoch>> {
    let messages = prop::collection::vec(1..8_u8, 1..25);
    prop::collection::vec((messages, cuts), 1..5)
}

fn lane(verdict: &Verdict, lane: Lane) -> &LaneVerdict {
    verdict.lanes.iter().find(|found| found.lane == lane).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_whole_is_called_so_in_any_order_and_with_duplicates(
        (made, shuffled, twice) in epochs(0..4).prop_flat_map(|epochs| {
            let made = journal(&epochs);
            let twice = prop::sample::subsequence(made.clone(), 0..=made.len().min(20));
            (Just(made.clone()), Just(made).prop_shuffle(), twice)
        })
    ) {
        let read: Vec<_> = shuffled.iter().chain(&twice).copied().collect();
        let verdict = walk(&read);
        prop_assert!(verdict.whole, "{verdict:?}");
        let of = |found: fn(&LaneVerdict) -> u64| verdict.lanes.iter().map(found).sum::<u64>();
        prop_assert_eq!(of(|lane| lane.records), made.len() as u64);
        prop_assert_eq!(of(|lane| lane.duplicates), twice.len() as u64);
        prop_assert_eq!(of(|lane| lane.unjudged), 0);
        prop_assert!(verdict.lanes.iter().all(|lane| lane.from_the_start || lane.records == 0));
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_else(
        (made, left) in epochs(0..1).prop_flat_map(|epochs| {
            let made = journal(&epochs);
            let left = prop::sample::subsequence(made.clone(), made.len() * 3 / 4..=made.len());
            (Just(made), left.prop_shuffle())
        })
    ) {
        let all: BTreeSet<_> = made.iter().map(Made::key).collect();
        let read: BTreeSet<_> = left.iter().map(Made::key).collect();
        let verdict = walk(&left);
        for lane in LANES {
            let of = |keys: &BTreeSet<Key>| keys.iter().copied().filter(|key| key.0 == lane as usize).collect::<Vec<_>>();
            let (all, read) = (of(&all), of(&read));
            let found = &verdict.lanes[LANES.iter().position(|known| *known == lane).unwrap()];
            let key = |place: Place| (lane as usize, place.epoch, place.seq);
            for hole in &found.holes {
                // No record that is there is called missing, nor one that never was.
                prop_assert!(all.contains(&key(hole.from)) && !read.contains(&key(hole.from)), "{hole:?}");
                prop_assert!(all.contains(&key(hole.to)) && !read.contains(&key(hole.to)), "{hole:?}");
                prop_assert_eq!(hole.cause, Cause::Missing);
            }
            // And whatever is missing between two that are there lies in a hole between just these two.
            for pair in read.windows(2) {
                let missing = all.iter().filter(|key| pair[0] < **key && **key < pair[1]).count() as u64;
                let between: Vec<_> = found.holes.iter().filter(|hole| hole.after.map(key) == Some(pair[0])).collect();
                prop_assert_eq!(between.len(), usize::from(missing > 0));
                for hole in between {
                    prop_assert_eq!(hole.before.map(key), Some(pair[1]));
                    prop_assert!((1..=missing).contains(&hole.records));
                }
            }
        }
        prop_assert_eq!(verdict.whole, verdict.lanes.iter().all(|lane| lane.holes.is_empty()));
    }

    #[test]
    fn what_a_power_cut_took_is_counted_and_what_it_left_half_published_is_named(
        (epochs, half) in (epochs(0..6), any::<bool>())
    ) {
        // Without a record that stays, a new folder looks the same.
        let epochs: Vec<_> = [(vec![7], 0)].into_iter().chain(epochs).collect();
        let made = journal(&epochs);
        // Whether the last lane had not come so far when the power went.
        let abandoned = |made: &Made| {
            let later = made.header.place.epoch + 1;
            (later..=epochs.len() as u64).any(|epoch| {
                let (first, _) = first_of(&epochs, epoch);
                made.header.place.seq >= first
            })
        };
        let is_missing = |made: &Made| half && made.lane == Lane::Events && abandoned(made);
        let read: Vec<_> = made.iter().filter(|made| !is_missing(made)).copied().collect();
        let verdict = walk(&read);
        let counted: u64 = verdict.lanes.iter().map(|lane| lane.abandoned).sum();
        prop_assert_eq!(counted, read.iter().filter(|made| abandoned(made)).count() as u64);
        for lane in &verdict.lanes {
            prop_assert!(lane.holes.iter().all(|hole| hole.cause == Cause::PowerCut), "{lane:?}");
        }
    }
}

/// The first sequence of an epoch, and how many it has.
fn first_of(epochs: &[Epoch], wanted: u64) -> (u64, usize) {
    let mut seq = 0;
    for (epoch, (messages, cut)) in (1..).zip(epochs) {
        if epoch == wanted {
            return (seq, messages.len());
        }
        seq += messages.len().saturating_sub(*cut) as u64;
    }
    unreachable!()
}

fn header(text: &str) -> Header {
    Header::parse(text).unwrap()
}

/// Four posts, of which the third is not read; and one event.
fn without_the_third(event: &str, letter: &str) -> Verdict {
    let lanes = [Lane::Tweets, Lane::Events, Lane::DeadLetter];
    let mut walk = Walk::new("kafka", lanes.into_iter().collect());
    for text in ["1:0::tweets", "1:1:0:tweets", "1:3:2:tweets"] {
        walk.record(Lane::Tweets, &header(text), b"{}");
    }
    walk.record(Lane::Events, &header("1:4::events"), event.as_bytes());
    walk.record(Lane::DeadLetter, &header("1:5::dead_letter"), letter.as_bytes());
    walk.verdict()
}

#[test]
fn a_hole_has_the_cause_that_was_told() {
    let place = |seq| Place { epoch: 1, seq };
    let lost = r#"{"type":"lost","stream":"main","at":"…","from":2,"to":3}"#;
    let dropped = |sink: &str| {
        format!(
            r#"{{"type":"dropped","sink":"{sink}","lane":"tweets","from":1,"to":3,"records":1,"reason":"stuck"}}"#
        )
    };
    let letter =
        |sink: &str| format!(r#"{{"refused":{{"sink":"{sink}","record":"1:2:tweets","detail":""}}}}"#);
    let other = r#"{"type":"rules_changed","from":"x"}"#;
    for (event, letter, cause, whole) in [
        (other, "{}", Cause::Missing, false),
        (lost, "{}", Cause::Lost, false),
        (&dropped("kafka"), "{}", Cause::Dropped, false),
        (&dropped("amqp"), "{}", Cause::Missing, false),
        (other, &letter("kafka"), Cause::DeadLetter, true),
        (other, &letter("amqp"), Cause::Missing, false),
    ] {
        let verdict = without_the_third(event, letter);
        let expected = Hole {
            cause,
            from: place(2),
            to: place(2),
            records: 1,
            after: Some(place(1)),
            before: Some(place(3)),
        };
        assert_eq!(lane(&verdict, Lane::Tweets).holes, [expected], "{event} {letter}");
        assert_eq!(verdict.whole, whole);
    }
}

/// A walk of `lanes` over records as `lane header`, and over one event at the end.
fn walked(lanes: &[Lane], records: &[(Lane, &str)], (place, event): (&str, &str)) -> Verdict {
    let mut walk = Walk::new("kafka", lanes.iter().copied().collect());
    for (lane, text) in records {
        walk.record(*lane, &header(text), b"{}");
    }
    walk.record(Lane::Events, &header(place), event.as_bytes());
    walk.verdict()
}

#[test]
fn a_loss_ends_before_the_first_position_that_can_be_read_again() {
    let lost = r#"{"type":"lost","stream":"main","at":"…","from":1,"to":2}"#;
    let verdict = without_the_third(lost, "{}");
    assert_eq!(lane(&verdict, Lane::Tweets).holes[0].cause, Cause::Missing);
}

#[test]
fn a_loss_excuses_nothing_that_came_after_it() {
    // Told in the first epoch, of the first folder; the hole at the same position is in a later one.
    let lost = r#"{"type":"lost","stream":"main","at":"…","from":1,"to":3}"#;
    let records = [
        (Lane::Tweets, "1:3::tweets"),
        (Lane::Tweets, "5:1::tweets"),
        (Lane::Tweets, "5:3:2:tweets"),
    ];
    let verdict = walked(&[Lane::Tweets, Lane::Events], &records, ("1:4::events", lost));
    let causes: Vec<_> = lane(&verdict, Lane::Tweets)
        .holes
        .iter()
        .map(|hole| hole.cause)
        .collect();
    assert_eq!(causes, [Cause::Missing]);
}

#[test]
fn losses_are_listed_and_count_unless_records_account_for_them() {
    let lanes = [Lane::Tweets, Lane::Includes, Lane::Events];
    let lost = r#"{"type":"lost","stream":"main","at":"then","from":1,"to":3}"#;
    let early = [(Lane::Tweets, "1:0::tweets"), (Lane::Includes, "1:1::includes")];
    let judged = |more: &[(Lane, &str)], event: &str| {
        let records = [&early[..], more].concat();
        let verdict = walked(&lanes, &records, ("1:9::events", event));
        assert!(
            verdict.lanes.iter().all(|lane| lane.holes.is_empty()),
            "{verdict:?}"
        );
        assert_eq!(verdict.losses.len(), 1);
        let loss = verdict.losses[0].clone();
        assert_eq!((loss.from, loss.to, loss.at.as_str()), (1, 3, "then"));
        assert_eq!(verdict.whole, loss.is_accounted_for);
        verdict.whole
    };
    // The second position may have been anything, at the lanes' ends.
    assert!(!judged(&[], lost));
    assert!(!judged(&[(Lane::Tweets, "1:4:0:tweets")], lost));
    // Both chains go past it; or a record of each position is there.
    assert!(judged(
        &[(Lane::Tweets, "1:4:0:tweets"), (Lane::Includes, "1:5:1:includes")],
        lost
    ));
    assert!(judged(&[(Lane::Tweets, "1:2:0:tweets")], lost));
    let dropped = |records: u64| {
        format!(
            r#"{{"type":"dropped","stream":"main","at":"then","sink":"kafka","lane":"includes","from":1,"to":3,"records":{records},"reason":"stuck"}}"#
        )
    };
    assert!(!judged(&[], &dropped(2)));
    assert!(judged(&[], &dropped(1)));
    assert!(judged(&[(Lane::Includes, "1:5:1:includes")], &dropped(2)));
    // Another sink's concern nobody here.
    let other = dropped(2).replace("kafka", "amqp");
    let verdict = walked(&lanes, &early, ("1:9::events", &other));
    assert!(verdict.whole && verdict.losses.is_empty());
}

#[test]
fn a_chain_that_skips_what_is_there_contradicts_it() {
    for skipping in [
        // After a restart: 1.1 is the one before.
        vec!["2:2:1.0:tweets"],
        vec!["2:2:1.1:tweets", "3:3:1.1:tweets"],
        // In the middle of an epoch.
        vec!["1:2::tweets"],
        vec!["2:2:1.1:tweets", "2:3:1.1:tweets"],
        // Sequences grow over epochs.
        vec!["2:1:1.1:tweets"],
    ] {
        let mut walk = Walk::new("kafka", [Lane::Tweets].into_iter().collect());
        for text in ["1:0::tweets", "1:1:0:tweets"]
            .into_iter()
            .chain(skipping.iter().copied())
        {
            walk.record(Lane::Tweets, &header(text), b"");
        }
        let verdict = walk.verdict();
        let holes = &lane(&verdict, Lane::Tweets).holes;
        let is_named = holes.iter().any(|hole| hole.cause == Cause::Contradiction);
        assert_eq!(
            (is_named, verdict.whole),
            (true, false),
            "{skipping:?}: {holes:?}"
        );
    }
}

#[test]
fn gaps_are_listed_once_and_count_against_nothing() {
    let gap = |filled| {
        format!(
            r#"{{"type":"gap","stream":"main","from":"a","to":"b","seconds":2.5,"reason":"silence","filled":{filled}}}"#
        )
    };
    let mut walk = Walk::new("kafka", [Lane::Events].into_iter().collect());
    walk.record(Lane::Events, &header("1:0::events"), gap(false).as_bytes());
    walk.record(Lane::Events, &header("1:1:0:events"), gap(true).as_bytes());
    let verdict = walk.verdict();
    assert!(verdict.whole);
    assert_eq!(verdict.gaps.len(), 1);
    assert!(verdict.gaps[0].filled);
}

#[test]
fn what_retention_has_taken_is_not_judged() {
    let mut walk = Walk::new("kafka", [Lane::Tweets, Lane::Includes].into_iter().collect());
    for text in [
        "1:7:6:tweets,includes",
        "1:9:8:tweets",
        "1:10:9:tweets",
        "1:12:11:tweets",
    ] {
        walk.record(Lane::Tweets, &header(text), b"");
    }
    walk.record(Lane::Includes, &header("1:8:7:includes"), b"");
    let verdict = walk.verdict();
    let tweets = lane(&verdict, Lane::Tweets);
    assert_eq!(
        (tweets.unjudged, tweets.holes.len(), tweets.from_the_start),
        (1, 2, false)
    );
    assert_eq!(lane(&verdict, Lane::Includes).unjudged, 1);

    // A partition begins at 9 only: 8 may have been in it.
    walk.trimmed(Lane::Tweets, 0, Some(header("1:9:8:tweets").place));
    let verdict = walk.verdict();
    let tweets = lane(&verdict, Lane::Tweets);
    assert_eq!((tweets.unjudged, tweets.holes.len()), (2, 1));
    assert_eq!(tweets.from.unwrap().seq, 9);

    // Another is empty: anything may have been in it.
    walk.trimmed(Lane::Tweets, 1, None);
    let verdict = walk.verdict();
    let tweets = lane(&verdict, Lane::Tweets);
    assert_eq!((tweets.unjudged, tweets.holes.len(), tweets.from), (3, 0, None));

    // Until a record comes there.
    walk.trimmed(Lane::Tweets, 1, Some(header("1:12:11:tweets").place));
    walk.record(Lane::Tweets, &header("1:14:13:tweets"), b"");
    let verdict = walk.verdict();
    let tweets = lane(&verdict, Lane::Tweets);
    assert_eq!((tweets.holes.len(), tweets.from.unwrap().seq), (1, 12));
}

#[test]
fn a_lane_without_any_record_lacks_all_that_are_announced() {
    let mut walk = Walk::new("kafka", [Lane::Tweets, Lane::Includes].into_iter().collect());
    walk.record(Lane::Tweets, &header("1:0::tweets,includes,errors"), b"");
    walk.record(Lane::Tweets, &header("1:1:0:tweets,includes"), b"");
    let verdict = walk.verdict();
    assert!(!verdict.whole);
    let includes = lane(&verdict, Lane::Includes);
    assert_eq!((includes.holes.len(), includes.holes[0].records), (1, 2));
}

#[test]
fn two_that_follow_one_in_an_epoch_contradict_each_other() {
    for second in ["1:2:0:tweets", "1:2:2:tweets", "1:2:5:tweets"] {
        let mut walk = Walk::new("kafka", [Lane::Tweets].into_iter().collect());
        for text in ["1:0::tweets", "1:1:0:tweets", second] {
            walk.record(Lane::Tweets, &header(text), b"");
        }
        let verdict = walk.verdict();
        let holes = &lane(&verdict, Lane::Tweets).holes;
        assert!(
            holes.iter().any(|hole| hole.cause == Cause::Contradiction),
            "{second}: {holes:?}"
        );
        assert!(!verdict.whole);
    }
}

#[test]
fn another_journal_folder_is_another_beginning() {
    let mut walk = Walk::new("kafka", [Lane::Tweets].into_iter().collect());
    for text in [
        "1:0::tweets",
        "1:1:0:tweets",
        "5:0::tweets",
        "5:1:0:tweets",
        "6:2:5.1:tweets",
    ] {
        walk.record(Lane::Tweets, &header(text), b"");
    }
    let verdict = walk.verdict();
    assert!(verdict.whole);
    assert_eq!(lane(&verdict, Lane::Tweets).abandoned, 0);
}

#[test]
fn a_million_records_are_walked() {
    let mut walk = Walk::new("kafka", LANES.into_iter().collect());
    for seq in 0..1_000_000 {
        let previous = (seq > 0).then(|| Place {
            epoch: 1,
            seq: seq - 1,
        });
        let header = Header {
            place: Place { epoch: 1, seq },
            previous,
            lanes: [Lane::Tweets].into_iter().collect(),
        };
        walk.record(Lane::Tweets, &header, b"");
    }
    assert!(walk.verdict().whole);
}

#[test]
fn the_verdict_is_json_with_places_as_headers_write_them() {
    let verdict = without_the_third("{}", "{}");
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["whole"], false);
    assert_eq!(json["lanes"][0]["lane"], "tweets");
    assert_eq!(
        json["lanes"][0]["holes"][0],
        serde_json::json!({"cause": "missing", "from": "1:2", "to": "1:2", "records": 1, "after": "1:1", "before": "1:3"})
    );
}
