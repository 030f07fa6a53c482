//! The scan against serde_json: the same answer on whatever comes.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use simulator::{
    At, Disconnect, Fault, FaultPlan, Garbage, Line, LineKind, Moment, Origin, Settings, Simulator, Socket,
    Step,
};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::*;

/// What serde_json makes of a message: the members that we know, in their order in [`MEMBERS`], and whether one comes twice.
struct Parsed<'a>([Option<&'a RawValue>; 5], bool);

const MEMBERS: [&str; 5] = ["data", "includes", "errors", "matching_rules", "error"];

impl<'de> Deserialize<'de> for Parsed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Parsed<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut parsed = Parsed([None; 5], false);
        while let Some(key) = map.next_key::<&RawValue>()? {
            match position(&MEMBERS, key) {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(at) => parsed.1 |= parsed.0[at].replace(map.next_value()?).is_some(),
            }
        }
        Ok(parsed)
    }
}

/// The members called `id` of an object, in their order.
struct Ids<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Ids<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(IdsOnly)
    }
}

struct IdsOnly;

impl<'de> Visitor<'de> for IdsOnly {
    type Value = Ids<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut ids = Vec::new();
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            ids.extend(position(&["id"], key).map(|_| value));
        }
        Ok(Ids(ids))
    }
}

fn position(names: &[&str], key: &RawValue) -> Option<usize> {
    let name: String = serde_json::from_str(key.get()).ok()?;
    names.iter().position(|known| *known == name)
}

fn id(data: &RawValue) -> Option<&str> {
    let Ids(ids) = serde_json::from_str(data.get()).ok()?;
    let id = ids.first()?.get();
    let inside = match id.as_bytes()[0] {
        b'"' => &id[1..id.len() - 1],
        b'-' | b'0'..=b'9' => id,
        _ => return None,
    };
    Some(inside).filter(|id| !id.is_empty())
}

/// The members' places and the id's text, or the reason.
type Answer<'a> = Result<([Option<Span>; 5], Option<&'a [u8]>), DeadLetterReason>;

fn expected(message: &[u8]) -> Answer<'_> {
    let text = std::str::from_utf8(message).map_err(|_| DeadLetterReason::NotUtf8)?;
    let parsed: Result<Parsed<'_>, _> = serde_json::from_str(text);
    let Parsed(members, twice) = parsed.map_err(|_| match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => DeadLetterReason::NotAnObject,
        Err(_) => DeadLetterReason::NotJson,
    })?;
    if twice {
        return Err(DeadLetterReason::DuplicateKey);
    }
    let members = members.map(|member| member.filter(|raw| raw.get() != "null"));
    let spans = members.map(|member| member.map(|raw| Span::of(message, raw.get().as_bytes())));
    Ok((spans, members[0].and_then(id).map(str::as_bytes)))
}

fn found(message: &[u8]) -> Answer<'_> {
    let Envelope {
        data,
        id,
        includes,
        errors,
        matching_rules,
        error,
        ..
    } = Envelope::of(message)?;
    let members = [data, includes, errors, matching_rules, error];
    Ok((members, id.map(|id| &message[id.range()])))
}

fn assert_same(message: &[u8]) {
    let (found, expected) = (found(message), expected(message));
    assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(message));
}

/// Messages with all that JSON can hold.
const SEEDS: &[&str] = &[
    r#"{"data":{"id":"1700000000000000001","text":"a \"b\" \\ \u00e9 \ud83d é 日本 🐦","n":[1,-0,0.5,1e9,-2.5E-3,1E+0],"t":[true,false,null,{},[]]},"includes":{"users":[{"id":"2"}]},"matching_rules":[{"id":"3","tag":""}]}"#,
    r#" { "errors" : [ { "title" : "x" } ] , "data" : { "x":{"id":"9"}, "\u0069d" : 12 } , "error":null }
"#,
    r#"{"d\u0061ta":{"id":"a\"b"},"\ud83d":[[[[{"a":[{}]}]]]]}"#,
    r#"[{"data":{"id":"1"}},"é",-1.0e-1]"#,
    "-12.5e+3",
    "\"text\"",
    " null ",
];

const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b" ",
    b"\n",
    b"\x0c",
    b"\0",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"0",
    b"1",
    b"-",
    b"+",
    b".",
    b"e",
    b"\\u12",
    b"\\uD83D",
    b"\\x",
    b"null",
    b"nul",
    b"true",
    b"\"id\":",
    b"\"data\":",
    b"!",
    b"/",
    b"}{",
    b"[[",
    b"\xc2\x85",
    b"\xf0\x9f\x90\xa6",
];

#[test]
fn every_cut_and_every_byte_changed_reads_as_serde_json_reads_it() {
    for seed in SEEDS {
        let seed = seed.as_bytes();
        assert_same(seed);
        for at in 0..seed.len() {
            assert_same(&seed[..at]);
            assert_same(&seed[at..]);
            for byte in 0..=u8::MAX {
                let mut changed = seed.to_vec();
                changed[at] = byte;
                assert_same(&changed);
            }
            for piece in PIECES {
                assert_same(&[&seed[..at], piece, &seed[at..]].concat());
                assert_same(&[&seed[..at], piece, &seed[at + 1..]].concat());
            }
        }
    }
}

#[test]
fn strings_stop_at_the_same_byte_wherever_it_stands_in_a_word() {
    for length in 0..40 {
        for byte in 0..=u8::MAX {
            let plain = "a".repeat(length);
            for after in ["\":1}", "bcdefgh\":1}", "\\n\":1}", "é\":1}", ""] {
                assert_same(&[b"{\"", plain.as_bytes(), &[byte], after.as_bytes()].concat());
            }
        }
    }
}

/// The lines of a stream with every kind of bad line in it, up to a goodbye.
async fn simulated() -> Vec<Line> {
    let garbage = Garbage::ALL.map(Fault::Garbage).into_iter();
    let goodbye = Fault::Disconnect(Disconnect::Operational, Socket::Closed);
    let faults = garbage.chain([goodbye]).zip(1..);
    let steps = faults.map(|(fault, n)| Step {
        at: At::connection(1),
        moment: Moment::AfterPosts(10 * n),
        fault,
    });
    let settings = Settings {
        rate: 5_000.0,
        faults: FaultPlan::new(steps),
        ..Settings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let mut socket = TcpStream::connect(simulator.addr()).await.unwrap();
    let request =
        "GET /2/tweets/sample/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer simulator-token\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    tokio::io::copy(&mut socket, &mut tokio::io::sink())
        .await
        .unwrap();
    simulator.ledger().lines()
}

#[tokio::test]
async fn what_the_simulator_writes_reads_as_serde_json_reads_it() {
    let lines = simulated().await;
    let of = |kind| lines.iter().filter(|line| line.kind == kind).count();
    assert!(of(LineKind::Post(Origin::Live)) >= 170);
    assert_eq!(
        (of(LineKind::Garbage), of(LineKind::Control)),
        (Garbage::ALL.len(), 1)
    );
    for line in &lines {
        assert_same(&line.bytes);
    }
}

#[test]
fn recordings_read_as_serde_json_reads_them() {
    // They lie beside the repository, not in it: where they are missing, nothing is compared.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let text = std::fs::read(file.unwrap().path()).unwrap();
        assert_same(&text);
        text.split(|byte| *byte == b'\n').for_each(assert_same);
    }
}

/// JSON of a few pieces, put together without regard to its grammar, and messages changed in a few places.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces =
        prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat());
    let edit = (
        any::<prop::sample::Index>(),
        0..3_usize,
        prop::sample::select(PIECES),
    );
    let changed =
        (prop::sample::select(SEEDS), prop::collection::vec(edit, 0..4)).prop_map(|(seed, edits)| {
            let mut bytes = seed.as_bytes().to_vec();
            for (at, gone, piece) in edits {
                let at = at.index(bytes.len());
                let end = bytes.len().min(at + gone);
                bytes.splice(at..end, piece.iter().copied());
                bytes.push(b' ');
            }
            bytes
        });
    prop_oneof![pieces, changed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn hostile_bytes_read_as_serde_json_reads_them(bytes in hostile()) {
        assert_same(&bytes);
    }

    #[test]
    fn anything_like_a_message_reads_as_serde_json_reads_it(text in like_a_message()) {
        assert_same(text.as_bytes());
    }
}
