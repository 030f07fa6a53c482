//! Callbacks: which come, in which order, and what becomes of their failures.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use birdfeed::{
    Closed, ConnectionError, Disconnected, Exception, Exit, Gap, Handle, Handler, HandlerResult, Includes,
    MatchingRule, Message, Object, Post, RequestError, Waiting,
};
use simulator::{At, Disconnect, Fault, FaultPlan, Garbage, Moment, Socket, Status, Step};

use crate::support::start;

/// Tells what it is called for.
struct Recorder {
    told: Sender<String>,
    /// What it does about the post of that number.
    at: Vec<(u32, fn() -> HandlerResult)>,
    posts: u32,
    /// Ends it after so many.
    most: u32,
}

impl Recorder {
    fn new(told: Sender<String>, most: u32) -> Self {
        Self {
            told,
            at: Vec::new(),
            posts: 0,
            most,
        }
    }

    fn tell(&self, what: impl Into<String>) -> HandlerResult {
        Ok(self.told.send(what.into())?)
    }
}

impl Handler for Recorder {
    fn on_connect(&mut self, _: &Handle) -> HandlerResult {
        self.tell("connect")
    }

    fn on_keep_alive(&mut self, _: &Handle) -> HandlerResult {
        self.tell("keep-alive")
    }

    fn on_tweet(&mut self, _: &Handle, tweet: &Post) -> HandlerResult {
        self.posts += 1;
        assert!(!tweet.id().is_empty());
        self.tell("tweet")?;
        let (number, action) = self.at.first().copied().unwrap_or((0, || Ok(())));
        if number != self.posts {
            return Ok(());
        }
        self.at.remove(0);
        action()
    }

    fn on_includes(&mut self, _: &Handle, includes: &Includes) -> HandlerResult {
        assert!(!includes.is_empty());
        self.tell("includes")
    }

    fn on_errors(&mut self, _: &Handle, errors: &[Object]) -> HandlerResult {
        let title = errors[0].text("title").unwrap_or_default();
        self.tell(format!("errors: {title}"))
    }

    fn on_matching_rules(&mut self, _: &Handle, rules: &[MatchingRule]) -> HandlerResult {
        assert!(!rules[0].id().is_empty());
        self.tell("matching rules")
    }

    fn on_response(&mut self, stream: &Handle, _: &Message) -> HandlerResult {
        if self.posts == self.most {
            stream.disconnect();
        }
        self.tell("response")
    }

    fn on_closed(&mut self, _: &Handle, closed: &Closed) -> HandlerResult {
        self.tell(format!("closed: {}", closed.reason))
    }

    fn on_connection_error(&mut self, _: &Handle, error: &ConnectionError) -> HandlerResult {
        self.tell(format!("connection error: {:?}", error.reason))
    }

    fn on_request_error(&mut self, _: &Handle, error: &RequestError) -> HandlerResult {
        self.tell(format!("request error: {}", error.status))
    }

    fn on_gap(&mut self, _: &Handle, gap: &Gap) -> HandlerResult {
        assert!(gap.from <= gap.to && gap.to <= SystemTime::now());
        self.tell("gap")
    }

    fn on_waiting(&mut self, _: &Handle, waiting: &Waiting) -> HandlerResult {
        self.tell(format!("waiting: {}", waiting.class))
    }

    fn on_exception(&mut self, _: &Handle, exception: &Exception) -> HandlerResult {
        self.tell(format!("exception: {exception}"))
    }

    fn on_disconnect(&mut self, _: &Handle, end: &Disconnected) -> HandlerResult {
        self.tell(format!("disconnect: {:?}", end.exit))
    }
}

fn after(connection: u32, posts: u64, fault: Fault) -> Step {
    Step {
        at: At::connection(connection),
        moment: Moment::AfterPosts(posts),
        fault,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_goes_to_its_callbacks_in_order_and_no_failure_of_theirs_ends_the_stream() {
    let garbage = after(1, 6, Fault::Garbage(Garbage::NotJson));
    let (_simulator, builder) = start(FaultPlan::new([garbage]), |_| {}).await;
    let (told, calls) = channel();
    let mut recorder = Recorder::new(told, 12);
    recorder.at = vec![(3, || Err("no room".into())), (4, || panic!("by {}", "design"))];
    let running = builder.build().unwrap().spawn(recorder).unwrap();
    let end = tokio::task::spawn_blocking(|| running.join()).await.unwrap();
    assert_eq!(end.exit, Exit::Asked);
    let calls: Vec<_> = calls.iter().collect();
    assert_eq!(calls[0], "connect");
    assert_eq!(calls[calls.len() - 1], "disconnect: Asked");
    let count = |call: &str| calls.iter().filter(|told| *told == call).count();
    assert_eq!((count("connect"), count("tweet"), count("response")), (1, 12, 10));
    assert!(count("includes") > 5 && count("matching rules") > 5, "{calls:?}");
    let exceptions: Vec<_> = calls
        .iter()
        .filter_map(|call| call.strip_prefix("exception: "))
        .collect();
    assert_eq!(exceptions[..2], ["no room", "panic: by design"]);
    assert!(
        exceptions[2].starts_with("a line that cannot be read"),
        "{exceptions:?}"
    );
    // One post: tweepy's order.
    let parts: Vec<_> = calls.split(|call| call == "response").nth(1).unwrap().to_vec();
    let order = ["tweet", "includes", "errors", "matching rules"];
    let places: Vec<_> = parts
        .iter()
        .map(|part| order.iter().position(|name| part.starts_with(name)).unwrap())
        .collect();
    assert!(places.is_sorted() && places[0] == 0, "{parts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_the_connection_is_told() {
    let faults = [
        after(1, 3, Fault::Disconnect(Disconnect::Upstream, Socket::Closed)),
        after(2, 3, Fault::Reset),
        after(3, 3, Fault::CleanEnd),
        Step {
            at: At::connection(4),
            moment: Moment::Start,
            fault: Fault::Status(Status::Unavailable),
        },
    ];
    let (_simulator, builder) = start(FaultPlan::new(faults), |_| {}).await;
    let (told, calls) = channel();
    let stream = builder.build().unwrap();
    let running = stream.spawn(Recorder::new(told, u32::MAX)).unwrap();
    let waited = "waiting: http";
    let calls = tokio::task::spawn_blocking(move || {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|call| call != waited) {
            seen.push(calls.recv_timeout(Duration::from_secs(20)).unwrap());
        }
        // It is in a backoff of seconds, and ends at once.
        let asked = Instant::now();
        running.disconnect();
        assert_eq!(running.join().exit, Exit::Asked);
        assert!(asked.elapsed() < Duration::from_secs(2));
        seen.extend(calls.iter());
        seen
    })
    .await
    .unwrap();
    let of_the_connection: Vec<_> = calls
        .iter()
        .map(String::as_str)
        .filter(|call| !["tweet", "includes", "matching rules", "response"].contains(call))
        .filter(|call| !call.starts_with("errors: Not") && *call != "waiting: network")
        .collect();
    let expected = [
        "connect",
        "errors: operational-disconnect",
        "closed: goodbye",
        "connect",
        "gap",
        "connection error: Some(Broken)",
        "connect",
        "gap",
        "closed: clean_end",
        "request error: 503",
        waited,
        "disconnect: Asked",
    ];
    assert_eq!(of_the_connection, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_fails_at_everything_is_told_of_the_end_all_the_same() {
    struct Hopeless(Arc<()>);
    impl Handler for Hopeless {
        fn on_data(&mut self, stream: &Handle, _: &Message) -> HandlerResult {
            stream.disconnect();
            panic!("{:?}", self.0);
        }
        fn on_exception(&mut self, _: &Handle, _: &Exception) -> HandlerResult {
            panic!("again")
        }
        fn on_disconnect(&mut self, _: &Handle, _: &Disconnected) -> HandlerResult {
            panic!("and again")
        }
    }
    let (_simulator, builder) = start(FaultPlan::default(), |_| {}).await;
    let stream = builder.build().unwrap();
    let kept = Arc::new(());
    let handler = Hopeless(kept.clone());
    let end = tokio::task::spawn_blocking(move || stream.run(handler))
        .await
        .unwrap();
    assert_eq!(end.exit, Exit::Asked);
    assert_eq!(Arc::strong_count(&kept), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_runs_in_a_program_with_a_runtime_too() {
    let (_simulator, builder) = start(FaultPlan::default(), |_| {}).await;
    let stream = builder.build().unwrap();
    let handle = stream.handle();
    let mut posts = 0;
    // On a worker of tokio's: no executor within another.
    let end = stream.run(|_: &Post| {
        posts += 1;
        if posts == 5 {
            handle.disconnect();
        }
    });
    assert_eq!((posts, end.exit), (5, Exit::Asked));
}
