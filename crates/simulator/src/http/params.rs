//! Validation of a stream's query parameters against X's names and ranges (`x-openapi-streams.json`, `OpenAPI` 2.167).

use std::collections::HashSet;

use super::bodies::invalid;
use super::request::Request;
use super::response::Response;
use crate::endpoint::Endpoint;
use crate::time::{days_of, now_ms};

/// What of the past a stream is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// So many minutes, 0 to 5, and then the present.
    Minutes(u8),
    /// What was made from the first to the second time, in Unix milliseconds, and then the end.
    Window(u64, u64),
}

const LISTS: [(&str, &str); 6] = [
    (
        "tweet.fields",
        "article,attachments,author_id,card_uri,community_id,context_annotations,conversation_id,created_at,display_text_range,edit_controls,edit_history_tweet_ids,entities,geo,id,in_reply_to_user_id,lang,matched_media_notes,media_metadata,non_public_metrics,note_request_suggestions,note_tweet,organic_metrics,paid_partnership,possibly_sensitive,promoted_metrics,public_metrics,referenced_tweets,reply_settings,scopes,source,suggested_source_links,suggested_source_links_with_counts,text,withheld",
    ),
    (
        "expansions",
        "article.cover_media,article.media_entities,attachments.media_keys,attachments.media_source_tweet,attachments.poll_ids,author_id,edit_history_tweet_ids,entities.mentions.username,geo.place_id,in_reply_to_user_id,entities.note.mentions.username,referenced_tweets.id,referenced_tweets.id.attachments.media_keys,referenced_tweets.id.author_id",
    ),
    (
        "media.fields",
        "alt_text,duration_ms,height,media_key,non_public_metrics,organic_metrics,preview_image_url,promoted_metrics,public_metrics,type,url,variants,width",
    ),
    (
        "poll.fields",
        "duration_minutes,end_datetime,id,options,voting_status",
    ),
    (
        "user.fields",
        "affiliation,confirmed_email,connection_status,created_at,description,entities,id,is_identity_verified,location,most_recent_tweet_id,name,parody,pinned_tweet_id,profile_banner_url,profile_image_url,protected,public_metrics,receives_your_dm,subscription,subscription_type,url,username,verified,verified_followers_count,verified_type,withheld",
    ),
    (
        "place.fields",
        "contained_within,country,country_code,full_name,geo,id,name,place_type",
    ),
];

/// Checks a stream's query.
pub(crate) fn check(request: &Request, endpoint: Endpoint, backfill_allowed: bool) -> Result<Past, Response> {
    let (mut minutes, mut from, mut to) = (0, None, None);
    for (name, value) in &request.query {
        match name.as_str() {
            "backfill_minutes" => minutes = backfill(value, backfill_allowed)?,
            "start_time" if endpoint == Endpoint::Search => from = Some(time(name, value, backfill_allowed)?),
            "end_time" if endpoint == Endpoint::Search => to = Some(time(name, value, backfill_allowed)?),
            _ => list(name, value)?,
        }
    }
    Ok(match (from, to) {
        (None, None) => Past::Minutes(minutes),
        (from, to) => Past::Window(from.unwrap_or(0), to.unwrap_or_else(now_ms)),
    })
}

fn backfill(value: &str, allowed: bool) -> Result<u8, Response> {
    let wrong = |message: &str| invalid("backfill_minutes", Some(value), message);
    match value.parse::<u8>() {
        Ok(minutes) if minutes <= 5 && (allowed || minutes == 0) => Ok(minutes),
        Ok(minutes) if minutes <= 5 => Err(wrong("Backfill is not available for your level of access.")),
        _ => Err(wrong(&format!(
            "The `backfill_minutes` query parameter value [{value}] is not between 0 and 5"
        ))),
    }
}

/// Takes `YYYY-MM-DDTHH:mm:ssZ` and nothing else; gives Unix milliseconds.
fn time(name: &str, value: &str, allowed: bool) -> Result<u64, Response> {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    let wrong = |message: &str| invalid(name, Some(value), message);
    if value.len() != 20 || !value.bytes().enumerate().all(shape) {
        return Err(wrong(&format!(
            "The `{name}` query parameter value [{value}] is not a valid date-time"
        )));
    }
    if !allowed {
        return Err(wrong("Recovery is not available for your level of access."));
    }
    let number = |at: std::ops::Range<usize>| value[at].parse::<u64>().unwrap_or_default();
    let days = days_of(number(0..4), number(5..7), number(8..10));
    Ok((days * 86_400 + number(11..13) * 3_600 + number(14..16) * 60 + number(17..19)) * 1_000)
}

fn list(name: &str, value: &str) -> Result<(), Response> {
    let Some((_, known)) = LISTS.iter().find(|(list, _)| *list == name) else {
        let message = format!("The query parameter [{name}] is not one of those that this endpoint takes");
        return Err(invalid(name, Some(value), &message));
    };
    let mut seen = HashSet::new();
    for item in value.split(',') {
        if !known.split(',').any(|known| known == item) || !seen.insert(item) {
            let message = format!("The `{name}` query parameter value [{item}] is not one of [{known}]");
            return Err(invalid(name, Some(item), &message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(endpoint: Endpoint, backfill_allowed: bool, pairs: &[(&str, &str)]) -> Result<Past, Response> {
        let query = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        check(
            &Request {
                query,
                ..Request::default()
            },
            endpoint,
            backfill_allowed,
        )
    }

    #[test]
    fn takes_what_x_takes() {
        let fields = [
            ("tweet.fields", "id,text,lang"),
            ("expansions", "author_id"),
            ("backfill_minutes", "5"),
        ];
        assert_eq!(query(Endpoint::Search, true, &fields).unwrap(), Past::Minutes(5));
        let window = [
            ("start_time", "2026-01-02T03:04:05Z"),
            ("end_time", "2026-11-26T00:00:00Z"),
        ];
        assert_eq!(
            query(Endpoint::Search, true, &window).unwrap(),
            Past::Window(1_767_323_045_000, 1_795_651_200_000)
        );
        assert!(query(Endpoint::Search, false, &window).is_err());
        assert!(query(Endpoint::Sample, false, &[("backfill_minutes", "0")]).is_ok());
    }

    #[test]
    fn refuses_the_rest_by_name() {
        for (endpoint, allowed, name, value) in [
            (Endpoint::Search, true, "tweet.fields", "id,likes"),
            (Endpoint::Search, true, "tweet.fields", "id,id"),
            (Endpoint::Search, true, "tweet.fields", ""),
            (Endpoint::Search, true, "partition", "1"),
            (Endpoint::Search, true, "backfill_minutes", "6"),
            (Endpoint::Search, false, "backfill_minutes", "2"),
            (Endpoint::Search, true, "end_time", "yesterday"),
            (Endpoint::Sample, true, "start_time", "2026-01-02T03:04:05Z"),
        ] {
            let refused = query(endpoint, allowed, &[(name, value)]).unwrap_err();
            assert_eq!(refused.status, 400);
            assert!(
                refused.body.contains(&format!("\"parameters\":{{\"{name}\"")),
                "{}",
                refused.body
            );
        }
    }
}
