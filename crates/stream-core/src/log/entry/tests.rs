use proptest::prelude::*;

use super::*;
use crate::log::chain::Link;
use crate::model::Lane;

/// A chain in which `lane` had records 1 and `last` of `epoch`.
fn chain(lanes: &[Lane], epoch: u64, last: u64) -> Chain {
    let mut chain = Chain::default();
    for seq in [1, last] {
        chain.pass(Place { epoch, seq }, lanes.iter().copied().collect());
    }
    chain
}

fn message(values: &[(Lane, Value)], chain: &Chain) -> Message {
    let parts = values.iter().map(|(lane, value)| Part {
        lane: *lane,
        value: *value,
        before: chain.of(*lane),
    });
    Message {
        place: Place {
            epoch: 0x0102_0304_0506_0708,
            seq: 300,
        },
        received_at: Timestamp::from_micros(0x1112_1314_1516_1718),
        lanes: values.iter().map(|(lane, _)| *lane).collect(),
        key: Some(Bytes::from_static(b"k1")),
        repeat: false,
        payload: Bytes::from_static(b"0123456789"),
        parts: parts.collect(),
    }
}

fn bytes(kind: Kind, message: &Message, chain: &Chain) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_head(kind, message, chain, &mut bytes);
    bytes.extend_from_slice(&message.payload);
    bytes
}

const EPOCH: u64 = 0x0102_0304_0506_0708;

#[test]
fn decodes_what_it_encoded() {
    let chain = chain(&[Lane::Tweets, Lane::Events], EPOCH - 7, 200);
    let mut sent = message(
        &[
            (Lane::Tweets, Value::Verbatim(Span::at(0, 10))),
            (Lane::Responses, Value::Beside(Span::at(3, 3))),
        ],
        &chain,
    );
    for key in [Some(Bytes::from_static(b"")), None, sent.key.clone()] {
        sent.key = key;
        let bytes = Bytes::from(bytes(Kind::Event, &sent, &chain));
        let entry = Entry::decode(300, &bytes).unwrap();
        assert_eq!(
            (entry.kind, &entry.message, &entry.chain),
            (Kind::Event, &sent, &chain)
        );
        assert_eq!(entry.message.part(Lane::Tweets).unwrap().before.count, 2);
        assert_eq!(
            entry.message.part(Lane::Responses).unwrap().before,
            Link::default()
        );
    }
}

/// Whoever changes this changes what older journals mean: a new [`VERSION`] is due.
#[test]
fn golden_bytes() {
    let chain = chain(&[Lane::Includes], EPOCH - 1, 44);
    let values = [
        (Lane::Tweets, Value::Verbatim(Span::at(1, 4))),
        (Lane::Includes, Value::Beside(Span::at(2, 10))),
    ];
    let golden = [
        &[
            5, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
        ][..],
        &[0b11, 0, 3, b'k', b'1', 0, 1, 3, 1, 2, 8],
        &[0b10, 0, 0x80, 0x02, 1, 2],
        b"0123456789",
    ]
    .concat();
    assert_eq!(bytes(Kind::Message, &message(&values, &chain), &chain), golden);
    for (kind, number) in [(Kind::Message, 1), (Kind::Event, 2), (Kind::DeadLetter, 3)] {
        assert_eq!(bytes(kind, &message(&[], &chain), &chain)[1], number);
    }
    let numbers = [
        (Lane::Tweets, 0),
        (Lane::Includes, 1),
        (Lane::Errors, 2),
        (Lane::MatchingRules, 3),
        (Lane::Compliance, 4),
        (Lane::Unknown, 5),
        (Lane::DeadLetter, 6),
        (Lane::Events, 7),
        (Lane::Responses, 8),
        (Lane::Likes, 9),
        (Lane::Activity, 10),
    ];
    assert_eq!(
        numbers.map(|(lane, _)| lane),
        Lane::ALL,
        "a lane without a golden number"
    );
    for (lane, number) in numbers {
        assert_eq!((lane.number(), Lane::from_number(number)), (number, Some(lane)));
    }
}

#[test]
fn another_version_is_refused_and_says_what_to_do() {
    let mut bytes = bytes(Kind::Event, &message(&[], &Chain::default()), &Chain::default());
    bytes[0] = VERSION + 1;
    let error = Entry::decode(3, &Bytes::from(bytes)).unwrap_err();
    assert_eq!(
        error,
        ForeignEntry::Version {
            position: 3,
            found: VERSION + 1
        }
    );
    assert!(error.to_string().contains("move the folder away"), "{error}");
}

#[test]
fn what_cannot_be_is_refused() {
    let chain = chain(&[Lane::Tweets], EPOCH, 299);
    let values = [(Lane::Tweets, Value::Verbatim(Span::at(0, 10)))];
    let good = bytes(Kind::Message, &message(&values, &chain), &chain);
    let head = good.len() - 10;
    assert!(Entry::decode(300, &Bytes::from(good.clone())).is_ok());
    for cut in 1..head {
        let cut = Bytes::copy_from_slice(&good[..cut]);
        assert_eq!(
            Entry::decode(300, &cut),
            Err(ForeignEntry::Unreadable { position: 300 })
        );
    }
    // The kind, a lane that nobody knows, the form, an end beyond the payload, a lane of the chain that nobody knows, a last
    // record that is not before this one.
    for (at, byte) in [(1, 9), (19, 0x80), (23, 3), (25, 11), (27, 0x80), (28, 0)] {
        let mut bad = good.clone();
        bad[at] = byte;
        let bad = Entry::decode(300, &Bytes::from(bad));
        assert_eq!(bad, Err(ForeignEntry::Unreadable { position: 300 }), "byte {at}");
    }
    assert_eq!(
        Entry::decode(3, &Bytes::new()),
        Err(ForeignEntry::Unreadable { position: 3 })
    );
}

proptest! {
    #[test]
    fn hostile_bytes_are_refused_or_hold_what_they_say(mut bytes in prop::collection::vec(any::<u8>(), 20..200)) {
        bytes[0] = VERSION;
        bytes[1] = 1;
        let bytes = Bytes::from(bytes);
        if let Ok(entry) = Entry::decode(300, &bytes) {
            let mut buffer = bytes::BytesMut::new();
            for part in &entry.message.parts {
                entry.message.record(part, &mut buffer);
            }
        }
    }
}
