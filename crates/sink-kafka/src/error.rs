//! Error classification: what a code of Kafka or librdkafka means for a record, a lane or the client.

use rdkafka::types::RDKafkaErrorCode as Code;
use stream_core::sink::SinkError;

/// What becomes of a record that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It, or a batch mate, is the fault; and what Kafka says.
    Refused(String),
    /// The lane cannot go on.
    Lane(SinkError),
}

/// Judges the error `code` of a record for `topic`.
///
/// Whatever is neither the record's fault nor a person's to mend counts as passing: the lane replays, nothing is lost.
pub(crate) fn judge(code: Code, topic: &str) -> Verdict {
    match code {
        // The broker refuses the batch as a whole, innocent batch mates included.
        Code::MessageSizeTooLarge
        | Code::MessageBatchTooLarge
        | Code::InvalidMessageSize
        | Code::InvalidMessage
        | Code::InvalidRecord
        | Code::InvalidDifferentRecord => Verdict::Refused(format!("Kafka: {}", text(code))),
        _ => Verdict::Lane(lane_error(code, topic)),
    }
}

/// What `code` about `topic` asks of the caller.
pub(crate) fn lane_error(code: Code, topic: &str) -> SinkError {
    match code {
        Code::UnknownTopic | Code::UnknownTopicOrPartition => missing(topic),
        // Not the records' fault: with a wrong clock every one of them would be refused.
        Code::InvalidTimestamp => SinkError::Operator(format!(
            "topic {topic}: {}: this machine's clock and the broker's differ, or message.timestamp.*.max.ms is too narrow",
            text(code)
        )),
        Code::UnknownPartition
        | Code::InvalidTopic
        | Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::PolicyViolation
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::InvalidReplicaAssignment
        | Code::InvalidConfig
        | Code::InvalidRequiredAcks
        | Code::UnsupportedForMessageFormat
        | Code::UnsupportedCompressionType
        | Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::SSL => SinkError::Operator(format!("topic {topic}: {}", text(code))),
        _ => SinkError::Unavailable(format!("topic {topic}: {}", text(code))),
    }
}

/// The topic is not there.
pub(crate) fn missing(topic: &str) -> SinkError {
    SinkError::Operator(format!(
        "topic {topic} does not exist: it must be created, by hand or by create_topics = true"
    ))
}

/// librdkafka's words for `code`, without its own name for it.
pub(crate) fn text(code: Code) -> String {
    let long = code.to_string();
    match long.split_once(" (") {
        Some((_, words)) => words.trim_end_matches(')').to_owned(),
        None => long,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_codes() {
        for code in [
            Code::MessageSizeTooLarge,
            Code::InvalidRecord,
            Code::InvalidDifferentRecord,
            Code::InvalidMessage,
        ] {
            assert!(matches!(judge(code, "x.tweets"), Verdict::Refused(_)), "{code}");
        }
        for code in [
            Code::UnknownTopic,
            Code::UnknownTopicOrPartition,
            Code::TopicAuthorizationFailed,
            Code::PolicyViolation,
            Code::InvalidTimestamp,
        ] {
            let Verdict::Lane(SinkError::Operator(text)) = judge(code, "x.tweets") else {
                panic!("{code}")
            };
            assert!(text.contains("x.tweets"), "{text}");
        }
        for code in [
            Code::PurgeQueue,
            Code::PurgeInflight,
            Code::Fatal,
            Code::OutOfOrderSequenceNumber,
        ] {
            assert!(
                matches!(judge(code, "x.tweets"), Verdict::Lane(SinkError::Unavailable(_))),
                "{code}"
            );
        }
    }

    #[test]
    fn the_text_is_for_people() {
        assert_eq!(text(Code::MessageSizeTooLarge), "Broker: Message size too large");
    }
}
