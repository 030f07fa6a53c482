use stream_core::source::Framing;

use super::*;

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn cats() -> Filter {
    Filter {
        track: texts(&["cats"]),
        ..Filter::default()
    }
}

fn said(filter: &Filter, endpoint: Endpoint) -> Vec<String> {
    filter.check(endpoint).iter().map(ToString::to_string).collect()
}

#[test]
fn everything_that_may_be_asked_stands_in_the_form() {
    let filter = Filter {
        follow: texts(&["12", "13"]),
        track: texts(&["rust", "tokio & async"]),
        locations: vec![-122.75, 36.8, -121.75, 37.8],
        language: texts(&["en", "zh-cn"]),
        filter_level: FilterLevel::Low,
        stall_warnings: true,
        count: Some(-150_000),
        framing: Framing::Lengths,
    };
    assert_eq!(
        filter.encoded(Endpoint::V1Filter).unwrap(),
        "follow=12%2C13&track=rust%2Ctokio%20%26%20async&locations=-122.75%2C36.8%2C-121.75%2C37.8&language=en%2Czh-cn\
         &filter_level=low&stall_warnings=true&count=-150000&delimited=length"
    );
    assert_eq!(Filter::default().encoded(Endpoint::V1Sample).unwrap(), "");
    assert_eq!(Filter::default().encoded(Endpoint::Search).unwrap(), "");
}

fn track(track: Vec<String>) -> Filter {
    Filter {
        track,
        ..Filter::default()
    }
}

fn follow(follow: Vec<String>) -> Filter {
    Filter {
        follow,
        ..Filter::default()
    }
}

fn boxes(numbers: &[f64]) -> Filter {
    Filter {
        locations: numbers.to_vec(),
        ..Filter::default()
    }
}

fn count(count: i32) -> Filter {
    Filter {
        count: Some(count),
        ..cats()
    }
}

#[test]
fn what_a_server_would_refuse_is_refused_with_its_range() {
    for (filter, words) in [
        (Filter::default(), "track: is needed, or follow, or locations"),
        (
            track(vec!["a".to_owned(); 401]),
            "track: 1 to 400 phrases, not 401",
        ),
        (track(texts(&[""])), "1 to 60 bytes"),
        // Bytes, not characters.
        (track(vec!["é".repeat(31)]), "1 to 60 bytes in UTF-8, not 62"),
        (track(texts(&["a,b"])), "holds a comma"),
        (
            follow(vec!["1".to_owned(); 5_001]),
            "follow: 1 to 5000 user ids, not 5001",
        ),
        (follow(texts(&["x_dev"])), "follow: \"x_dev\" is not a user id"),
        (boxes(&[1.0, 2.0, 3.0]), "four numbers for each box"),
        (boxes(&[0.0, 0.0, 1.0, 1.0].repeat(26)), "1 to 25 boxes, not 26"),
        (boxes(&[1.0, 1.0, 0.0, 2.0]), "south-west comes first"),
        (boxes(&[36.8, -122.75, 37.8, -121.75]), "longitude first"),
        (boxes(&[f64::NAN, 0.0, 1.0, 1.0]), "longitude first"),
        (boxes(&[0.0, 0.0, 0.05, 1.0]), "0.1 to 360 degrees"),
        (
            Filter {
                language: texts(&["english"]),
                ..cats()
            },
            "language: \"english\"",
        ),
        (count(0), "count: -150000 to 150000 without 0, not 0"),
        (count(150_001), "not 150001"),
    ] {
        let found = said(&filter, Endpoint::V1Filter);
        assert!(found.len() == 1 && found[0].contains(words), "{words}: {found:?}");
    }
    assert!(said(&track(vec!["é".repeat(30)]), Endpoint::V1Filter).is_empty());
    assert!(said(&boxes(&[-180.0, -90.0, 180.0, 90.0]), Endpoint::V1Filter).is_empty());
}

#[test]
fn what_an_endpoint_does_not_take_is_refused() {
    let filter = Filter {
        count: Some(5),
        language: texts(&["en"]),
        ..cats()
    };
    let sample = [
        "count: the v1-sample stream has no such parameter",
        "track: the v1-sample stream has no such parameter",
    ];
    assert_eq!(said(&filter, Endpoint::V1Sample), sample);
    assert_eq!(said(&filter, Endpoint::Search).len(), 3);
}
