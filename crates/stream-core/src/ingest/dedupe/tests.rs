use bytes::Bytes;

use super::*;
use crate::ingest::batch::Origin;
use crate::log::Splitter;
use crate::model::{Lane, Timestamp};
use crate::testing::scripted::scripted;

fn ready(line: &'static str) -> Ready {
    let splitter = Splitter {
        source: scripted().0,
        enabled: Lane::ALL.into_iter().collect(),
        stream: Bytes::from_static(b"main"),
    };
    Ready {
        draft: splitter.draft(
            Kind::Message,
            Timestamp::now(),
            Bytes::from_static(line.as_bytes()),
        ),
        origin: Origin::Stream(1),
        sighting: None,
    }
}

fn sifted(mode: Dedupe, lines: &[&'static str]) -> (Vec<Kind>, u64) {
    let mut deduper = Deduper {
        mode,
        window: Window::new(1 << 20),
        file: None,
    };
    let mut all = lines.iter().map(|line| ready(line)).collect();
    let taken = deduper.sift(&mut all);
    (all.iter().map(|one| one.draft.kind).collect(), taken)
}

#[test]
fn repeats_are_dropped_or_marked_and_what_has_no_id_of_its_own_passes() {
    use Kind::{DeadLetter, Message, Repeat};
    let lines = [
        r#"{"key":"7"}"#,
        r#"{"key":"7"}"#,
        r#"{"key":"8"}"#,
        r#"{"no":"key"}"#,
        r#"{"no":"key"}"#,
        r#"{"key":"7","only":"compliance"}"#,
        "garbage",
        "garbage",
    ];
    let rest = [Message, Message, Message, Message, DeadLetter, DeadLetter];
    assert_eq!(
        sifted(Dedupe::Drop, &lines),
        ([&[Message][..], &rest].concat(), 1)
    );
    assert_eq!(
        sifted(Dedupe::Mark, &lines),
        ([&[Message, Repeat][..], &rest].concat(), 0)
    );
    assert_eq!(
        sifted(Dedupe::Off, &lines),
        ([&[Message, Message][..], &rest].concat(), 0)
    );
}
