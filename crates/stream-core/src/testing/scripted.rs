//! A source whose every connection and byte comes from the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use memchr::memmem;
use tokio::sync::{Mutex, mpsc};

use crate::model::{DeadLetterReason, Lane, Span, Timestamp, Value};
use crate::source::{
    ConnectError, ConnectErrorClass, Connection, ReadError, Request, ServerDisconnect, Source, Split, Verdict,
};

/// How many chunks may be under way before [`Wire::send`] waits.
const CHUNKS: usize = 16;

/// A source that connects and reads what its [`Script`] says.
///
/// A line splits by these rules, each of which looks for text and parses nothing:
/// - `garbage…` is a dead letter;
/// - `"key":"…"` is the key;
/// - `"goodbye":"…"` ends the connection; one that begins with `refused` is an HTTP error's;
/// - `"finished":"…"` ends the stream for good;
/// - `"undelivered":"…"` is how many messages are held back so far;
/// - one that begins with a bar is as many messages as it has parts between bars;
/// - it goes verbatim to `tweets`, unless it has `"only":"…"`, the name of another lane that gets it instead;
/// - for each lane whose name stands in `"also":"…"`, that lane gets `{"tweet_id":"<key>","<lane>":<the line>}`.
pub struct Scripted {
    attempts: Mutex<mpsc::UnboundedReceiver<Attempt>>,
    recoveries: Mutex<mpsc::UnboundedReceiver<Attempt>>,
    goes_back: Arc<AtomicBool>,
}

/// Where the test says what happens. Dropped, further connects wait for ever.
#[derive(Clone)]
pub struct Script {
    attempts: mpsc::UnboundedSender<Attempt>,
    recoveries: mpsc::UnboundedSender<Attempt>,
    goes_back: Arc<AtomicBool>,
}

enum Attempt {
    Refuse(ConnectError),
    Accept(mpsc::Receiver<Step>, Duration),
}

enum Step {
    Chunk(Bytes),
    End(Result<(), ReadError>),
}

/// The server's end of one connection. Dropped, the connection stays open and silent.
pub struct Wire {
    steps: mpsc::Sender<Step>,
}

struct Socket {
    steps: mpsc::Receiver<Step>,
    replays: Duration,
}

/// A source and its script.
pub fn scripted() -> (Arc<Scripted>, Script) {
    let (attempts, scripted) = mpsc::unbounded_channel();
    let (recoveries, recovered) = mpsc::unbounded_channel();
    let goes_back = Arc::<AtomicBool>::default();
    let source = Scripted {
        attempts: Mutex::new(scripted),
        recoveries: Mutex::new(recovered),
        goes_back: goes_back.clone(),
    };
    let script = Script {
        attempts,
        recoveries,
        goes_back,
    };
    (Arc::new(source), script)
}

impl Script {
    /// The next connect (after those already scripted) is accepted.
    pub fn accept(&self) -> Wire {
        self.accept_with(Duration::ZERO)
    }

    /// The same; the connection brings the last `replays` once more.
    pub fn accept_with(&self, replays: Duration) -> Wire {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        self.next(Attempt::Accept(receiver, replays));
        Wire { steps: sender }
    }

    /// From now on the past may be asked for; this is the next connection that brings it.
    pub fn recover(&self) -> Wire {
        self.goes_back.store(true, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel(CHUNKS);
        // A source that is gone connects no more: the test will notice.
        let _ = self.recoveries.send(Attempt::Accept(receiver, Duration::ZERO));
        Wire { steps: sender }
    }

    /// The next connect is refused with an error of this class.
    pub fn refuse(&self, class: ConnectErrorClass) {
        self.next(Attempt::Refuse(ConnectError {
            class,
            status: None,
            retry_after: None,
            request: match class {
                ConnectErrorClass::Network | ConnectErrorClass::Certificate => Request::NotSent,
                _ => Request::Sent,
            },
            detail: "refused by the script".to_owned(),
        }));
    }

    fn next(&self, attempt: Attempt) {
        // A source that is gone connects no more: the test will notice.
        let _ = self.attempts.send(attempt);
    }
}

impl Wire {
    /// Sends `bytes` in one chunk; waits while the reader is far behind. `false` if the reader has hung up.
    pub async fn send(&self, bytes: impl Into<Bytes>) -> bool {
        self.steps.send(Step::Chunk(bytes.into())).await.is_ok()
    }

    /// Sends each of `lines` with a line end, all in one chunk.
    pub async fn lines<L: AsRef<[u8]>>(&self, lines: impl IntoIterator<Item = L>) -> bool {
        let mut chunk = Vec::new();
        for line in lines {
            chunk.extend_from_slice(line.as_ref());
            chunk.extend_from_slice(b"\r\n");
        }
        self.send(chunk).await
    }

    /// Ends the connection: in good order, or with an error.
    pub async fn end(self, how: Result<(), ReadError>) {
        let _ = self.steps.send(Step::End(how)).await;
    }

    /// Waits until the reader has hung up.
    pub async fn hung_up(&self) {
        self.steps.closed().await;
    }
}

async fn next(
    attempts: &Mutex<mpsc::UnboundedReceiver<Attempt>>,
) -> Result<Box<dyn Connection>, ConnectError> {
    match attempts.lock().await.recv().await {
        Some(Attempt::Refuse(error)) => Err(error),
        Some(Attempt::Accept(steps, replays)) => Ok(Box::new(Socket { steps, replays })),
        None => std::future::pending().await,
    }
}

impl Source for Scripted {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>> {
        Box::pin(next(&self.attempts))
    }

    fn resume(&self, _blind: Duration) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>> {
        self.connect()
    }

    fn reach(&self) -> Duration {
        if self.goes_back.load(Ordering::Relaxed) {
            Duration::from_secs(24 * 60 * 60)
        } else {
            Duration::ZERO
        }
    }

    fn recover(
        &self,
        _from: Timestamp,
        _to: Timestamp,
    ) -> BoxFuture<'_, Result<Box<dyn Connection>, ConnectError>> {
        Box::pin(next(&self.recoveries))
    }

    fn split(&self, message: &Bytes) -> Split {
        if message.starts_with(b"garbage") {
            return Split::dead_letter(DeadLetterReason::NotJson);
        }
        let only = field(message, "only");
        let first = only.and_then(Lane::from_name).unwrap_or(Lane::Tweets);
        let mut split = Split {
            key: field(message, "key").map(|key| Bytes::copy_from_slice(key.as_bytes())),
            ..Split::new("post").with(first, Value::whole(message))
        };
        for lane in field(message, "also")
            .unwrap_or_default()
            .split(',')
            .filter_map(Lane::from_name)
        {
            split = split.with(lane, Value::Beside(Span::whole(message)));
        }
        if let Some(detail) = field(message, "goodbye") {
            split.verdict = Verdict::Disconnect(disconnect(detail));
        }
        if let Some(words) = field(message, "finished") {
            split.verdict = Verdict::Finished(words.to_owned());
        }
        split.undelivered = field(message, "undelivered").and_then(|sum| sum.parse().ok());
        split
    }

    fn messages(&self, line: &Bytes) -> Option<Vec<Bytes>> {
        let parts = line.strip_prefix(b"|")?;
        Some(
            parts
                .split(|byte| *byte == b'|')
                .map(|part| line.slice_ref(part))
                .collect(),
        )
    }

    fn farewell(&self, unfinished: &[u8]) -> Option<ServerDisconnect> {
        field(unfinished, "goodbye").map(disconnect)
    }
}

fn disconnect(detail: &str) -> ServerDisconnect {
    ServerDisconnect {
        refusal: detail.starts_with("refused").then_some(ConnectErrorClass::Http),
        detail: detail.to_owned(),
    }
}

/// What a further lane, `lane`, gets of the line `message`.
pub fn beside(lane: Lane, message: &[u8]) -> Bytes {
    let key = field(message, "key").unwrap_or_default();
    let value = Value::Beside(Span::whole(message));
    value.of(
        &Bytes::copy_from_slice(message),
        lane,
        key.as_bytes(),
        &mut BytesMut::new(),
    )
}

/// The text after `"name":"` up to the next quote, looked for at the line's beginning only.
pub(super) fn field<'m>(message: &'m [u8], name: &str) -> Option<&'m str> {
    let message = &message[..message.len().min(300)];
    // Without a needle made for each: this stands within what `scripts/instructions` counts.
    let start = memmem::find_iter(message, name).find_map(|at| {
        let behind = at + name.len();
        let quoted = message[..at].ends_with(b"\"") && message[behind..].starts_with(b"\":\"");
        quoted.then_some(behind + 3)
    })?;
    let length = memchr::memchr(b'"', &message[start..])?;
    std::str::from_utf8(&message[start..start + length]).ok()
}

impl Connection for Socket {
    fn replays(&self) -> Duration {
        self.replays
    }

    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>> {
        Box::pin(async {
            match self.steps.recv().await {
                Some(Step::Chunk(chunk)) => Ok(Some(chunk)),
                Some(Step::End(how)) => how.map(|()| None),
                None => std::future::pending().await,
            }
        })
    }
}
