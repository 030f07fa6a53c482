//! Every accessor of the typed objects, under tweepy's names.

use std::borrow::Cow;
use std::time::SystemTime;

use birdfeed::{Media, Message, Object, Place, Poll, Post, User};
use serde_json::{Value, json};

use crate::raw;

pub(crate) fn message(message: &Message) -> Value {
    let includes = message.includes();
    json!({
        "tweet": message.post().as_ref().map(post),
        "includes": {
            "users": includes.users().iter().map(user).collect::<Vec<_>>(),
            "tweets": includes.posts().iter().map(post).collect::<Vec<_>>(),
            "media": includes.media().iter().map(media).collect::<Vec<_>>(),
            "polls": includes.polls().iter().map(poll).collect::<Vec<_>>(),
            "places": includes.places().iter().map(place).collect::<Vec<_>>(),
        },
        "errors": all(&message.errors()),
        "matching_rules": message.matching_rules().iter().map(|rule| json!([rule.id(), rule.tag()])).collect::<Vec<_>>(),
    })
}

fn object(object: Option<Object>) -> Value {
    object.map_or(Value::Null, |object| raw(object.raw()))
}

fn all(objects: &[Object]) -> Vec<Value> {
    objects.iter().map(|object| raw(object.raw())).collect()
}

fn text(text: Option<Cow<'_, str>>) -> Value {
    text.map_or(Value::Null, |text| json!(text))
}

fn time(at: Option<SystemTime>) -> Value {
    at.map_or(Value::Null, |at| {
        json!(humantime::format_rfc3339_millis(at).to_string())
    })
}

fn post(post: &Post) -> Value {
    let references = post.references();
    json!({
        "id": post.id(),
        "text": post.text(),
        "created_at": time(post.created_at()),
        "author_id": text(post.author_id()),
        "conversation_id": text(post.conversation_id()),
        "in_reply_to_user_id": text(post.in_reply_to_user_id()),
        "lang": text(post.lang()),
        "source": text(post.source()),
        "possibly_sensitive": post.possibly_sensitive(),
        "reply_settings": text(post.reply_settings()),
        "edit_history_tweet_ids": post.edit_history_ids(),
        "edit_controls": object(post.edit_controls()),
        "attachments": object(post.attachments()),
        "geo": object(post.geo()),
        "entities": object(post.entities()),
        "context_annotations": all(&post.context_annotations()),
        "public_metrics": object(post.public_metrics()),
        "withheld": object(post.withheld()),
        "referenced_tweets": references.iter().map(|one| json!([one.kind(), one.id()])).collect::<Vec<_>>(),
    })
}

fn user(user: &User) -> Value {
    json!({
        "id": user.id(),
        "name": user.name(),
        "username": user.username(),
        "created_at": time(user.created_at()),
        "description": text(user.description()),
        "entities": object(user.entities()),
        "location": text(user.location()),
        "url": text(user.url()),
        "pinned_tweet_id": text(user.pinned_post_id()),
        "profile_image_url": text(user.profile_image_url()),
        "protected": user.protected(),
        "verified": user.verified(),
        "verified_type": text(user.verified_type()),
        "public_metrics": object(user.public_metrics()),
        "withheld": object(user.withheld()),
    })
}

fn media(media: &Media) -> Value {
    json!({
        "media_key": media.media_key(),
        "type": media.kind(),
        "url": text(media.url()),
        "alt_text": text(media.alt_text()),
        "duration_ms": media.duration_ms(),
        "width": media.width(),
        "height": media.height(),
        "preview_image_url": text(media.preview_image_url()),
        "public_metrics": object(media.public_metrics()),
        "variants": all(&media.variants()),
    })
}

fn poll(poll: &Poll) -> Value {
    json!({
        "id": poll.id(),
        "options": all(&poll.options()),
        "duration_minutes": poll.duration_minutes(),
        "end_datetime": time(poll.end_datetime()),
        "voting_status": text(poll.voting_status()),
    })
}

fn place(place: &Place) -> Value {
    json!({
        "id": place.id(),
        "full_name": place.full_name(),
        "name": text(place.name()),
        "country": text(place.country()),
        "country_code": text(place.country_code()),
        "place_type": text(place.place_type()),
        "contained_within": place.contained_within(),
        "geo": object(place.geo()),
    })
}
