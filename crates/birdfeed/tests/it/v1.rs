//! v1.1: statuses, and every message that is none, to its callback.

use std::sync::mpsc::{Sender, channel};

use birdfeed::{
    Disconnected, Event, Exit, Filter, Framing, Handle, Handler, HandlerResult, Keys, Object, RequestError,
    Status, Stream,
};
use simulator::{At, Chunking, Fault, FaultPlan, Moment, Notice, Simulator, Socket, Step};

use crate::support::{first, next, start};

fn keys() -> Keys {
    let keys = simulator::OAuthKeys::default();
    Keys::new(
        keys.consumer_key,
        keys.consumer_secret,
        keys.access_token,
        keys.access_token_secret,
    )
}

fn stream(simulator: &Simulator, keys: Keys, framing: Framing) -> Stream {
    let filter = Filter {
        track: vec!["a".to_owned()],
        framing,
        ..Filter::default()
    };
    let builder = Stream::builder(keys).endpoint(birdfeed::Endpoint::V1Filter);
    builder.v1(filter).base_url(simulator.base_url()).build().unwrap()
}

#[tokio::test]
async fn statuses_are_those_of_the_ledger_in_both_framings() {
    for framing in [Framing::Lines, Framing::Lengths] {
        let (simulator, _) = start(FaultPlan::default(), |world| world.chunking = Chunking::Random).await;
        let mut stream = stream(&simulator, keys(), framing);
        let mut statuses = Vec::new();
        while statuses.len() < 50 {
            if let Event::Status(status) = next(&mut stream).await.unwrap() {
                statuses.push(status);
            }
        }
        let ledger = simulator.ledger().posts();
        for (status, written) in statuses.iter().zip(&ledger) {
            assert_eq!(status.raw(), &written.line);
            assert_eq!(status.id(), written.id.as_str());
            assert!(!status.user().unwrap().screen_name().is_empty() && status.created_at().is_some());
        }
    }
}

#[tokio::test]
async fn wrong_keys_are_refused_in_plain_words() {
    let (simulator, _) = start(FaultPlan::default(), |_| {}).await;
    let wrong = Keys::new("a", "b", "c", "d");
    let mut stream = stream(&simulator, wrong, Framing::Lines);
    let error: RequestError = first(&mut stream, |event| match event {
        Event::RequestError(error) => Some(error),
        _ => None,
    })
    .await;
    assert_eq!(error.status, 401);
    assert!(!error.body.is_empty() && !error.headers.is_empty());
    assert!(error.detail.starts_with("HTTP 401: "), "{error:?}");
}

struct Recorder(Sender<String>);

impl Recorder {
    fn tell(&self, what: impl Into<String>) -> HandlerResult {
        Ok(self.0.send(what.into())?)
    }
}

impl Handler for Recorder {
    fn on_status(&mut self, _: &Handle, _: &Status) -> HandlerResult {
        Ok(())
    }

    fn on_delete(&mut self, _: &Handle, status_id: &str, user_id: &str) -> HandlerResult {
        self.tell(format!("delete {status_id} {user_id}"))
    }

    fn on_limit(&mut self, _: &Handle, track: i64) -> HandlerResult {
        assert!(track > 0);
        self.tell("limit")
    }

    fn on_scrub_geo(&mut self, _: &Handle, notice: &Object) -> HandlerResult {
        self.tell(format!("scrub_geo {}", notice.text("user_id_str").unwrap()))
    }

    fn on_status_withheld(&mut self, _: &Handle, notice: &Object) -> HandlerResult {
        self.tell(format!(
            "status_withheld {:?}",
            notice.texts("withheld_in_countries")
        ))
    }

    fn on_user_withheld(&mut self, _: &Handle, _: &Object) -> HandlerResult {
        self.tell("user_withheld")
    }

    fn on_warning(&mut self, _: &Handle, warning: &Object) -> HandlerResult {
        self.tell(format!("warning {}", warning.text("code").unwrap()))
    }

    fn on_disconnect_message(&mut self, stream: &Handle, disconnect: &Object) -> HandlerResult {
        stream.disconnect();
        self.tell(format!("disconnect {}", disconnect.number("code").unwrap()))
    }

    fn on_disconnect(&mut self, _: &Handle, end: &Disconnected) -> HandlerResult {
        self.tell(format!("{:?}", end.exit))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_that_is_no_status_has_its_callback() {
    let step = |(at, fault)| Step {
        at: At::connection(1),
        moment: Moment::AfterPosts(5 * (at as u64 + 1)),
        fault,
    };
    let notices = [
        Notice::Delete,
        Notice::Limit,
        Notice::ScrubGeo,
        Notice::StatusWithheld,
        Notice::UserWithheld,
        Notice::FallingBehind,
        Notice::Friends,
    ];
    let faults = notices
        .map(Fault::Notice)
        .into_iter()
        .chain([Fault::Code(1, Socket::LeftOpen)]);
    let (simulator, _) = start(FaultPlan::new(faults.enumerate().map(step)), |_| {}).await;
    let stream = stream(&simulator, keys(), Framing::Lines);
    let (told, calls) = channel();
    let end = tokio::task::spawn_blocking(move || stream.run(Recorder(told)))
        .await
        .unwrap();
    assert_eq!(end.exit, Exit::Asked);
    let expected = [
        "delete 1234 3",
        "limit",
        "scrub_geo 14090452",
        "status_withheld [\"DE\", \"AR\"]",
        "user_withheld",
        "warning FALLING_BEHIND",
        "disconnect 1",
        "Asked",
    ];
    assert_eq!(calls.iter().collect::<Vec<_>>(), expected);
}
