//! v1.1: messages that are no statuses, in the shapes of `x-streaming.md` 4.4.

use crate::time;

/// A message of v1.1 that is no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// A status was deleted.
    Delete,
    /// A user's places are to be forgotten up to a status.
    ScrubGeo,
    /// So many statuses more were held back: told as a sum.
    Limit,
    /// A status is withheld in some countries.
    StatusWithheld,
    /// A user is withheld in a country.
    UserWithheld,
    /// The client falls behind.
    FallingBehind,
    /// More users are followed than may be.
    FollowsOverLimit,
    /// User streams: whom the user follows.
    Friends,
    /// User streams: something that somebody did.
    Event,
    /// User streams: a direct message.
    DirectMessage,
    /// Site streams: an envelope.
    ForUser,
    /// Site streams: where the stream is controlled.
    Control,
}

impl Notice {
    /// Every one, in the order of this type.
    pub const ALL: [Notice; 12] = [
        Notice::Delete,
        Notice::ScrubGeo,
        Notice::Limit,
        Notice::StatusWithheld,
        Notice::UserWithheld,
        Notice::FallingBehind,
        Notice::FollowsOverLimit,
        Notice::Friends,
        Notice::Event,
        Notice::DirectMessage,
        Notice::ForUser,
        Notice::Control,
    ];

    /// Its name in a script.
    pub const fn name(self) -> &'static str {
        match self {
            Notice::Delete => "delete",
            Notice::ScrubGeo => "scrub-geo",
            Notice::Limit => "limit",
            Notice::StatusWithheld => "status-withheld",
            Notice::UserWithheld => "user-withheld",
            Notice::FallingBehind => "falling-behind",
            Notice::FollowsOverLimit => "follows-over-limit",
            Notice::Friends => "friends",
            Notice::Event => "event",
            Notice::DirectMessage => "direct-message",
            Notice::ForUser => "for-user",
            Notice::Control => "control",
        }
    }

    /// The line, without its end; `undelivered` is the sum of a limit notice.
    pub(crate) fn line(self, undelivered: u64) -> String {
        let text = match self {
            Notice::Delete => {
                r#"{"delete":{"status":{"id":1234,"id_str":"1234","user_id":3,"user_id_str":"3"},"timestamp_ms":"1520690595660"}}"#
            }
            Notice::ScrubGeo => {
                r#"{"scrub_geo":{"user_id":14090452,"user_id_str":"14090452","up_to_status_id":23260136625,"up_to_status_id_str":"23260136625"}}"#
            }
            Notice::Limit => {
                return format!(
                    r#"{{"limit":{{"track":{undelivered},"timestamp_ms":"{}"}}}}"#,
                    time::now_ms()
                );
            }
            Notice::StatusWithheld => {
                r#"{"status_withheld":{"id":1234567890,"user_id":123456,"withheld_in_countries":["DE","AR"]}}"#
            }
            Notice::UserWithheld => r#"{"user_withheld":{"id":123456,"withheld_in_countries":["DE","AR"]}}"#,
            Notice::FallingBehind => FALLING_BEHIND,
            Notice::FollowsOverLimit => {
                r#"{"warning":{"code":"FOLLOWS_OVER_LIMIT","message":"Your account follows more users than this stream can send.","user_id":123456}}"#
            }
            Notice::Friends => r#"{"friends":[1497,169686021,790205,15211564]}"#,
            Notice::Event => {
                r#"{"event":"favorite","created_at":"Sat Sep 04 16:10:54 +0000 2010","target":{"id":1},"source":{"id":2},"target_object":{"id":3}}"#
            }
            Notice::DirectMessage => {
                r#"{"direct_message":{"id":1,"id_str":"1","text":"hello","sender_id":2}}"#
            }
            Notice::ForUser => r#"{"for_user":"1888","message":{"id":1,"id_str":"1","text":"hello"}}"#,
            Notice::Control => {
                r#"{"control":{"control_uri":"\/1.1\/site\/c\/01_225167_334389048B872A533002B34D73F8C29FD09EFC50"}}"#
            }
        };
        text.to_owned()
    }
}

/// The warning before a client that falls behind is dropped.
pub(crate) const FALLING_BEHIND: &str = r#"{"warning":{"code":"FALLING_BEHIND","message":"Your connection is falling behind and messages are being queued for delivery to you. Your queue is now over 60% full. You will be disconnected when the queue is full.","percent_full":60}}"#;

/// What the server says when it ends a stream.
pub(crate) fn disconnect(code: u8) -> String {
    let reason = match code {
        1 => "shutdown",
        2 => "duplicate stream",
        3 => "control request",
        4 => "stall",
        5 => "normal",
        6 => "token revoked",
        7 => "admin logout",
        9 => "max message limit",
        10 => "stream exception",
        11 => "broker stall",
        12 => "shed load",
        _ => "internal",
    };
    format!(
        r#"{{"disconnect":{{"code":{code},"stream_name":"simulator-statuses656107","reason":"{reason}"}}}}"#
    )
}

/// Powerstream's first message, if one data centre was asked for.
pub(crate) fn metadata() -> String {
    format!(
        r#"{{"type":"connection_metadata","datacenter":"atla","timestamp":{}}}"#,
        time::now_ms()
    )
}
