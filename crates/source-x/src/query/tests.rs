use super::*;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn error(parameter: Parameter, problem: QueryProblem) -> QueryError {
    QueryError { parameter, problem }
}

#[test]
fn an_empty_query_is_the_bare_path() {
    for endpoint in [Endpoint::Search, Endpoint::Sample] {
        assert_eq!(Query::default().path(endpoint), endpoint.path());
    }
}

#[test]
fn every_parameter_stands_in_the_path() {
    let query = Query {
        tweet_fields: names(&["created_at", "author_id"]),
        expansions: names(&["referenced_tweets.id.author_id"]),
        media_fields: names(&["url"]),
        poll_fields: names(&["options"]),
        user_fields: names(&["username"]),
        place_fields: names(&["geo"]),
        backfill_minutes: Some(5),
        start_time: Some("2026-01-01T00:00:00Z".to_owned()),
        end_time: Some("2026-01-01T01:00:00Z".to_owned()),
        ..Query::default()
    };
    assert_eq!(query.check(Endpoint::Search), []);
    assert_eq!(
        query.path(Endpoint::Search),
        "/2/tweets/search/stream?tweet.fields=created_at,author_id&expansions=referenced_tweets.id.author_id\
         &media.fields=url&poll.fields=options&user.fields=username&place.fields=geo&backfill_minutes=5\
         &start_time=2026-01-01T00:00:00Z&end_time=2026-01-01T01:00:00Z"
    );
    assert!(query.path(Endpoint::Search).parse::<http::Uri>().is_ok());
}

#[test]
fn every_mistake_is_reported_at_once() {
    let query = Query {
        tweet_fields: names(&["createdat", "text", "text", "zzz"]),
        expansions: names(&["autor_id"]),
        backfill_minutes: Some(6),
        start_time: Some("2026-01-01 00:00:00".to_owned()),
        end_time: Some("2026-01-01T00:00:00.5Z".to_owned()),
        ..Query::default()
    };
    let texts: Vec<_> = query
        .check(Endpoint::Search)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        [
            "tweet.fields: X knows no \"createdat\"; did you mean \"created_at\"?",
            "tweet.fields: \"text\" is there twice",
            "tweet.fields: X knows no \"zzz\"",
            "expansions: X knows no \"autor_id\"; did you mean \"author_id\"?",
            "backfill_minutes: 0 to 5, not 6",
            "start_time: \"2026-01-01 00:00:00\" is not a time of the form YYYY-MM-DDTHH:mm:ssZ",
            "end_time: \"2026-01-01T00:00:00.5Z\" is not a time of the form YYYY-MM-DDTHH:mm:ssZ",
        ]
    );
}

#[test]
fn times_must_fit_the_endpoint_and_each_other() {
    let query = Query {
        start_time: Some("2026-01-01T01:00:00Z".to_owned()),
        end_time: Some("2026-01-01T01:00:00Z".to_owned()),
        ..Query::default()
    };
    let errors = query.check(Endpoint::Search);
    assert_eq!(errors, [error(Parameter::EndTime, QueryProblem::EndsBeforeStart)]);
    let errors = query.check(Endpoint::Sample);
    let expected = QueryProblem::NotForEndpoint(Endpoint::Sample);
    assert_eq!(
        errors,
        [
            error(Parameter::StartTime, expected.clone()),
            error(Parameter::EndTime, expected)
        ]
    );
    let bad = Query {
        start_time: Some("2026-02-30T00:00:00Z".to_owned()),
        ..Query::default()
    };
    assert_eq!(bad.check(Endpoint::Search).len(), 1);
}

#[test]
fn what_an_endpoint_does_not_take_is_refused() {
    let query = Query {
        partition: Some(1),
        ..Query::default()
    };
    let texts: Vec<_> = query
        .check(Endpoint::Sample)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts, ["partition: the sample stream has no such parameter"]);
}

#[test]
fn powerstream_has_a_spelling_of_its_own() {
    let query = Query {
        backfill_minutes: Some(5),
        start_time: Some("2026-01-01T00:00:00Z".to_owned()),
        end_time: Some("2026-01-01T01:00:00Z".to_owned()),
        local_dc_only: Some(true),
        ..Query::default()
    };
    assert_eq!(query.check(Endpoint::Powerstream), []);
    assert_eq!(
        query.path(Endpoint::Powerstream),
        "/2/powerstream?backfillMinutes=5&startTime=2026-01-01T00:00:00Z&endTime=2026-01-01T01:00:00Z&localDcOnly=true"
    );
    assert!(query.check(Endpoint::V1Filter).len() > 3);
}
