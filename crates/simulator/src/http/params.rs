//! Validation of a stream's query parameters against X's names and ranges (`x-openapi-streams.json`, `OpenAPI` 2.167).

use std::collections::HashSet;

use super::bodies::invalid;
use super::options::Options;
use super::request::Request;
use super::response::Response;
use crate::endpoint::{Endpoint, Feed, Fields};
use crate::selection::Selection;
use crate::time::{days_of, now_ms};

/// What a stream of v2 is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) feed: Feed,
    pub(crate) past: Past,
    pub(crate) options: Options,
    pub(crate) selection: Selection,
}

/// What of the past a stream is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// So many minutes, 0 to 5, and then the present.
    Minutes(u8),
    /// What was made from the first to the second time, in Unix milliseconds, and then the end.
    Window(u64, u64),
}

const TWEET_FIELDS: &str = "article,attachments,author_id,card_uri,community_id,context_annotations,conversation_id,created_at,display_text_range,edit_controls,edit_history_tweet_ids,entities,geo,id,in_reply_to_user_id,lang,matched_media_notes,media_metadata,non_public_metrics,note_request_suggestions,note_tweet,organic_metrics,paid_partnership,possibly_sensitive,promoted_metrics,public_metrics,referenced_tweets,reply_settings,scopes,source,suggested_source_links,suggested_source_links_with_counts,text,withheld";
const USER_FIELDS: &str = "affiliation,confirmed_email,connection_status,created_at,description,entities,id,is_identity_verified,location,most_recent_tweet_id,name,parody,pinned_tweet_id,profile_banner_url,profile_image_url,protected,public_metrics,receives_your_dm,subscription,subscription_type,url,username,verified,verified_followers_count,verified_type,withheld";
const MEDIA_FIELDS: &str = "alt_text,duration_ms,height,media_key,non_public_metrics,organic_metrics,preview_image_url,promoted_metrics,public_metrics,type,url,variants,width";

const OF_LIKES: [(&str, &str); 5] = [
    (
        "like_with_tweet_author.fields",
        "attachments_media_keys,created_at,id,liked_tweet_author_id,liked_tweet_id,timestamp_ms",
    ),
    (
        "expansions",
        "attachments.media_keys,liked_tweet_author_id,liked_tweet_id",
    ),
    ("media.fields", MEDIA_FIELDS),
    ("user.fields", USER_FIELDS),
    ("tweet.fields", TWEET_FIELDS),
];

const OF_POSTS: [(&str, &str); 6] = [
    ("tweet.fields", TWEET_FIELDS),
    (
        "expansions",
        "article.cover_media,article.media_entities,attachments.media_keys,attachments.media_source_tweet,attachments.poll_ids,author_id,edit_history_tweet_ids,entities.mentions.username,geo.place_id,in_reply_to_user_id,entities.note.mentions.username,referenced_tweets.id,referenced_tweets.id.attachments.media_keys,referenced_tweets.id.author_id",
    ),
    ("media.fields", MEDIA_FIELDS),
    (
        "poll.fields",
        "duration_minutes,end_datetime,id,options,voting_status",
    ),
    ("user.fields", USER_FIELDS),
    (
        "place.fields",
        "contained_within,country,country_code,full_name,geo,id,name,place_type",
    ),
];

/// Checks a stream's query.
pub(crate) fn check(
    request: &Request,
    endpoint: Endpoint,
    backfill_allowed: bool,
) -> Result<Asked, Response> {
    let (mut feed, mut options) = (Feed::whole(endpoint), Options::default());
    let mut selection = Selection::default();
    let (mut minutes, mut from, mut to, mut partition) = (0, None, None, None);
    for (name, value) in &request.query {
        match (own_name(endpoint, name), endpoint.partitions()) {
            ("backfill_minutes", _) => minutes = backfill(name, value, backfill_allowed)?,
            ("start_time", _) if endpoint.has_past() => from = Some(time(name, value, backfill_allowed)?),
            ("end_time", _) if endpoint.has_past() => to = Some(time(name, value, backfill_allowed)?),
            ("partition", Some(parts)) => partition = Some(within(name, value, 1, parts)?),
            ("local_dc_only", _) if matches!(value.as_str(), "true" | "false") => {
                options.metadata = value == "true";
            }
            _ => {
                list(endpoint.fields(), name, value)?;
                selection.add(name, value);
            }
        }
    }
    if endpoint.partitions().is_some() {
        let missing = || {
            invalid(
                "partition",
                None,
                "The `partition` query parameter can not be empty",
            )
        };
        feed.partition = partition.ok_or_else(missing)?;
    }
    let past = match (from, to) {
        (None, None) => Past::Minutes(minutes),
        (from, to) => Past::Window(from.unwrap_or(0), to.unwrap_or_else(now_ms)),
    };
    Ok(Asked {
        feed,
        past,
        options,
        selection,
    })
}

/// Powerstream writes its parameters in its own way, and takes no others.
fn own_name(endpoint: Endpoint, name: &str) -> &str {
    match (endpoint, name) {
        (Endpoint::Powerstream, "backfillMinutes") => "backfill_minutes",
        (Endpoint::Powerstream, "startTime") => "start_time",
        (Endpoint::Powerstream, "endTime") => "end_time",
        (Endpoint::Powerstream, "localDcOnly") => "local_dc_only",
        (Endpoint::Powerstream, _) | (_, "local_dc_only") => "",
        _ => name,
    }
}

fn within(name: &str, value: &str, least: u8, most: u8) -> Result<u8, Response> {
    let number = value.parse::<u8>().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            let message =
                format!("The `{name}` query parameter value [{value}] is not between {least} and {most}");
            invalid(name, Some(value), &message)
        })
}

fn backfill(name: &str, value: &str, allowed: bool) -> Result<u8, Response> {
    let minutes = within(name, value, 0, 5)?;
    if minutes > 0 && !allowed {
        let message = "Backfill is not available for your level of access.";
        return Err(invalid(name, Some(value), message));
    }
    Ok(minutes)
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

fn list(fields: Fields, name: &str, value: &str) -> Result<(), Response> {
    let lists: &[(&str, &str)] = match fields {
        Fields::None => &[],
        Fields::Posts => &OF_POSTS,
        Fields::Likes => &OF_LIKES,
    };
    let Some((_, known)) = lists.iter().find(|(list, _)| *list == name) else {
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

    fn query(endpoint: Endpoint, backfill_allowed: bool, pairs: &[(&str, &str)]) -> Result<Asked, Response> {
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
        let past = |endpoint, pairs: &[(&str, &str)]| query(endpoint, true, pairs).unwrap().past;
        let fields = [
            ("tweet.fields", "id,text,lang"),
            ("expansions", "author_id"),
            ("backfill_minutes", "5"),
        ];
        assert_eq!(past(Endpoint::Search, &fields), Past::Minutes(5));
        let window = [
            ("start_time", "2026-01-02T03:04:05Z"),
            ("end_time", "2026-11-26T00:00:00Z"),
        ];
        let asked = Past::Window(1_767_323_045_000, 1_795_651_200_000);
        assert_eq!(past(Endpoint::Search, &window), asked);
        assert_eq!(past(Endpoint::Labels, &window), asked);
        assert!(query(Endpoint::Search, false, &window).is_err());
        assert!(query(Endpoint::Sample, false, &[("backfill_minutes", "0")]).is_ok());
        let part = query(Endpoint::Firehose, false, &[("partition", "20")]).unwrap();
        assert_eq!(part.feed.partition, 20);
        let own = [("backfillMinutes", "5"), ("localDcOnly", "true")];
        let own = query(Endpoint::Powerstream, true, &own).unwrap();
        assert_eq!((own.past, own.options.metadata), (Past::Minutes(5), true));
        let like = ("like_with_tweet_author.fields", "timestamp_ms,liked_tweet_id");
        assert!(query(Endpoint::LikesSample10, true, &[like, ("partition", "1")]).is_ok());
    }

    #[test]
    fn refuses_the_rest_by_name() {
        use Endpoint::{Activity, Firehose, LikesFirehose, Powerstream, Sample, Search, UsersCompliance};
        for (endpoint, allowed, name, value) in [
            (Search, true, "tweet.fields", "id,likes"),
            (Search, true, "tweet.fields", "id,id"),
            (Search, true, "tweet.fields", ""),
            (Search, true, "partition", "1"),
            (Search, true, "backfill_minutes", "6"),
            (Search, false, "backfill_minutes", "2"),
            (Search, true, "end_time", "yesterday"),
            (Search, true, "local_dc_only", "true"),
            (Sample, true, "start_time", "2026-01-02T03:04:05Z"),
            (Firehose, true, "partition", "21"),
            (Firehose, true, "partition", "0"),
            (UsersCompliance, true, "partition", "5"),
            (UsersCompliance, true, "tweet.fields", "id"),
            (LikesFirehose, true, "poll.fields", "id"),
            (Activity, true, "partition", "1"),
            (Powerstream, true, "backfill_minutes", "1"),
            (Powerstream, true, "backfillMinutes", "6"),
            (Powerstream, true, "localDcOnly", "yes"),
        ] {
            let refused = query(endpoint, allowed, &[(name, value)]).unwrap_err();
            assert_eq!(refused.status, 400);
            assert!(
                refused.body.contains(&format!("\"parameters\":{{\"{name}\"")),
                "{}",
                refused.body
            );
        }
        let refused = query(Firehose, true, &[]).unwrap_err();
        assert!(refused.body.contains("`partition`"), "{}", refused.body);
    }
}
