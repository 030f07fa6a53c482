//! Malformed input: lines that no client should trip over.

/// A kind of bad (or merely strange) line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// A post whose text is not UTF-8.
    InvalidUtf8,
    /// Words, as a proxy writes them.
    NotJson,
    /// An object that stops in the middle; the line end is there.
    Truncated,
    /// NUL bytes only, as a preallocated file has them.
    Nul,
    /// A byte order mark before an object.
    Bom,
    /// Two objects on one line.
    TwoObjects,
    /// A post in an array: valid JSON, but no message.
    Array,
    /// A number: valid JSON, but no message.
    Number,
    /// `null`: valid JSON, but no message.
    Null,
    /// An empty object, a message without a kind.
    EmptyObject,
    /// A valid object of a kind that nobody knows.
    UnknownObject,
    /// A valid post with half of a surrogate pair as an escape: JSON allows it, Unicode does not.
    LoneSurrogate,
    /// 10,000 nested arrays inside an object.
    DeepNesting,
    /// A post with `data` twice.
    DuplicateKeys,
    /// A post whose id is a number beyond 64 bits.
    HugeId,
    /// Spaces only: not quite a keep-alive.
    Blank,
}

impl Garbage {
    /// Every kind, in the order of this type.
    pub const ALL: [Garbage; 16] = [
        Garbage::InvalidUtf8,
        Garbage::NotJson,
        Garbage::Truncated,
        Garbage::Nul,
        Garbage::Bom,
        Garbage::TwoObjects,
        Garbage::Array,
        Garbage::Number,
        Garbage::Null,
        Garbage::EmptyObject,
        Garbage::UnknownObject,
        Garbage::LoneSurrogate,
        Garbage::DeepNesting,
        Garbage::DuplicateKeys,
        Garbage::HugeId,
        Garbage::Blank,
    ];

    /// Its name in a script.
    pub const fn name(self) -> &'static str {
        match self {
            Garbage::InvalidUtf8 => "invalid-utf8",
            Garbage::NotJson => "not-json",
            Garbage::Truncated => "truncated",
            Garbage::Nul => "nul",
            Garbage::Bom => "bom",
            Garbage::TwoObjects => "two-objects",
            Garbage::Array => "array",
            Garbage::Number => "number",
            Garbage::Null => "null",
            Garbage::EmptyObject => "empty-object",
            Garbage::UnknownObject => "unknown-object",
            Garbage::LoneSurrogate => "lone-surrogate",
            Garbage::DeepNesting => "deep-nesting",
            Garbage::DuplicateKeys => "duplicate-keys",
            Garbage::HugeId => "huge-id",
            Garbage::Blank => "blank",
        }
    }

    /// The line, without its end.
    pub fn line(self) -> Vec<u8> {
        let text: &[u8] = match self {
            Garbage::InvalidUtf8 => b"{\"data\":{\"id\":\"1700000000000000001\",\"text\":\"\xff\xfe\xc3(\"}}",
            Garbage::NotJson => b"upstream request timeout",
            Garbage::Truncated => b"{\"data\":{\"id\":\"1700000000000000002\",\"text\":\"cut he",
            Garbage::Nul => b"\0\0\0\0\0\0\0\0",
            Garbage::Bom => b"\xef\xbb\xbf{\"data\":{\"id\":\"1700000000000000003\",\"text\":\"marked\"}}",
            Garbage::TwoObjects => {
                b"{\"data\":{\"id\":\"1700000000000000004\",\"text\":\"one\"}}{\"data\":{\"id\":\"1700000000000000005\",\"text\":\"two\"}}"
            }
            Garbage::Array => b"[{\"data\":{\"id\":\"1700000000000000006\",\"text\":\"listed\"}}]",
            Garbage::Number => b"42",
            Garbage::Null => b"null",
            Garbage::EmptyObject => b"{}",
            Garbage::UnknownObject => b"{\"weather\":{\"wind\":7,\"from\":\"west\"}}",
            Garbage::LoneSurrogate => b"{\"data\":{\"id\":\"1700000000000000007\",\"text\":\"half \\ud83d of a pair\"}}",
            Garbage::DeepNesting => return deep(10_000),
            Garbage::DuplicateKeys => {
                b"{\"data\":{\"id\":\"1700000000000000008\",\"text\":\"a\"},\"data\":{\"id\":\"1700000000000000009\",\"text\":\"b\"}}"
            }
            Garbage::HugeId => b"{\"data\":{\"id\":123456789012345678901234567890123456789,\"text\":\"big\"}}",
            Garbage::Blank => b"   ",
        };
        text.to_vec()
    }
}

fn deep(levels: usize) -> Vec<u8> {
    let mut line = b"{\"data\":".to_vec();
    line.extend(std::iter::repeat_n(b'[', levels));
    line.extend(std::iter::repeat_n(b']', levels));
    line.push(b'}');
    line
}
