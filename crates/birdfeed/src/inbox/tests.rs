use std::task::Waker;
use std::time::Duration;

use source_x::{Settings, Token};
use stream_core::model::Oversize;

use super::*;

fn inbox(capacity: usize) -> Inbox {
    let source = XSource::new(&Settings::new(Token::from_value("t"))).unwrap();
    let (finder, _findings) = Finder::new();
    Inbox::new(Arc::new(source), finder, capacity)
}

fn next(inbox: &Inbox) -> Option<Event> {
    let mut context = Context::from_waker(Waker::noop());
    match inbox.poll(&mut context) {
        Poll::Ready(event) => event,
        Poll::Pending => panic!("nothing there"),
    }
}

fn post(id: u64) -> Frame {
    Frame::Message(format!("{{\"data\":{{\"id\":\"{id}\"}}}}").into())
}

#[test]
fn failures_that_nobody_takes_do_not_pile_up() {
    let inbox = inbox(10_000);
    let refused = StreamEvent::ConnectFailed {
        stream: "main",
        at: Timestamp::now(),
        outcome: ConnectOutcome::Network,
        status: None,
        detail: "nobody there",
    };
    for _ in 0..1_000 {
        inbox.event(&refused, Timestamp::now());
        let (class, wait) = (stream_core::model::WaitClass::Network, Duration::from_secs(1));
        inbox.on(Observation::Waiting { class, wait });
    }
    assert!(inbox.is_full() && !inbox.is_easy());
    inbox.close(Exit::Asked);
    let mut taken = 0;
    let end = loop {
        match next(&inbox).unwrap() {
            Event::Disconnected(end) => break end,
            _ => taken += 1,
        }
    };
    assert!(taken <= 10_000 / queue::OVERHEAD + 1, "{taken}");
    assert_eq!(end.discarded, 2_000 - taken as u64);
    assert!(next(&inbox).is_none());
}

#[test]
fn what_is_full_takes_a_batch_whole_and_has_room_again_when_it_is_taken() {
    let inbox = inbox(1_000);
    let now = Timestamp::now();
    inbox.frames(1, now, (0..20).map(post).collect());
    assert!(inbox.is_full() && inbox.has_room().now_or_never().is_none());
    for id in 0..20 {
        let Some(Event::Post(post)) = next(&inbox) else {
            panic!("no post");
        };
        assert_eq!(post.id(), id.to_string());
    }
    assert!(inbox.is_easy());
    assert!(inbox.has_room().now_or_never().is_some() && inbox.has_ample_room().now_or_never().is_some());
}

#[test]
fn a_line_over_the_limit_is_told_by_its_beginning() {
    let inbox = inbox(1_000);
    let oversize = Oversize {
        head: Bytes::from_static(b"{\"data\":{"),
        length: 9_000_000,
        sha256: String::new(),
    };
    inbox.frames(
        1,
        Timestamp::now(),
        vec![Frame::Oversize(oversize), Frame::KeepAlive],
    );
    let Some(Event::Other(message)) = next(&inbox) else {
        panic!("no message");
    };
    assert_eq!((message.kind(), message.raw().len()), (MessageKind::Invalid, 9));
    assert!(matches!(next(&inbox), Some(Event::KeepAlive)));
}

#[test]
fn nothing_comes_between_the_wish_to_end_and_the_end() {
    let inbox = inbox(1_000);
    inbox.frames(1, Timestamp::now(), vec![post(1)]);
    inbox.discard();
    inbox.frames(1, Timestamp::now(), vec![post(2), post(3)]);
    inbox.close(Exit::Asked);
    inbox.close(Exit::Failed);
    let Some(Event::Disconnected(end)) = next(&inbox) else {
        panic!("no end");
    };
    assert_eq!((end.exit, end.discarded), (Exit::Asked, 3));
    assert!(next(&inbox).is_none());
}
