//! Error classification: what a broker's refusal asks of the caller.

use std::io;

use lapin::ErrorKind;
use rustls::AlertDescription;
use stream_core::sink::SinkError;

/// Names an error of lapin by what the caller must do; `doing` says what was tried.
///
/// `RabbitMQ` answers with a reply code and a text (<https://www.rabbitmq.com/amqp-0-9-1-reference>): the codes that a person
/// must act on are [`Operator`](SinkError::Operator), every other failure is worth another try. The texts name exchanges,
/// queues, virtual hosts and users, never passwords.
pub(crate) fn classify(doing: &str, error: &lapin::Error) -> SinkError {
    match error.kind() {
        ErrorKind::ProtocolError(reply) => {
            let text = format!("{doing}: {} ({})", reply.get_message(), reply.get_id());
            match reply.get_id() {
                403 => SinkError::Operator(format!("{text}: check user, password and permissions")),
                404 => SinkError::Operator(format!(
                    "{text}: create it, or let birdfeed do so with declare = true"
                )),
                406 => SinkError::Operator(format!(
                    "{text}: it exists with other properties: delete it, or set declare = false and use it as it is"
                )),
                530 => SinkError::Operator(format!("{text}: check the virtual host in the url")),
                _ => SinkError::Unavailable(text),
            }
        }
        ErrorKind::IOError(error) => classify_io(doing, error),
        _ => SinkError::Unavailable(format!("{doing}: {error}")),
    }
}

/// The end of a connection to `address`, told alike by whoever meets it.
pub(crate) fn gone(address: &str, error: &lapin::Error) -> SinkError {
    classify(&format!("{address}: the connection has ended"), error)
}

/// A queue that is there and takes nothing, as far as can be seen from here.
pub(crate) fn stuck(address: &str) -> SinkError {
    SinkError::Unavailable(format!(
        "{address}: the broker answers and confirms nothing: is the lane's queue without a leader (a quorum of its nodes)?"
    ))
}

/// Certificates, unlike networks, do not heal by themselves.
fn classify_io(doing: &str, error: &io::Error) -> SinkError {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls.and_then(certificate_hint) {
        Some(hint) => SinkError::Operator(format!("{doing}: {error}: {hint}")),
        // Which of these it is depends on who was quicker, and means nothing.
        None if hung_up(error) => SinkError::Unavailable(format!("{doing}: the peer hung up")),
        None => SinkError::Unavailable(format!("{doing}: {error}")),
    }
}

/// Whether the peer ended the connection without a word.
pub(crate) fn hung_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

/// What a person must do about a certificate, if one is the trouble.
fn certificate_hint(error: &rustls::Error) -> Option<&'static str> {
    match error {
        rustls::Error::InvalidCertificate(_) => {
            Some("renew the broker's certificate, or name its issuer in ca_file")
        }
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => Some(
                "the broker asks for a certificate of ours: name it in cert_file and its key in key_file",
            ),
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => Some(
                "the broker does not take our certificate: see cert_file, and which authorities the broker trusts",
            ),
            // What a broker before TLS 1.3 says when it gets none.
            AlertDescription::HandshakeFailure => Some(
                "the broker and we agree on no way to speak TLS: does it ask for a certificate (cert_file)?",
            ),
            _ => None,
        },
        _ => None,
    }
}

/// The limit that a broker names when it closes a channel over a message that is too large (`PRECONDITION_FAILED - message
/// size 40 is larger than configured max size 20`): the one 406 that says so of a single message.
pub(crate) fn size_limit(error: &lapin::Error) -> Option<usize> {
    let ErrorKind::ProtocolError(reply) = error.kind() else {
        return None;
    };
    let text = reply.get_message().as_str();
    let (_, limit) = text.rsplit_once("larger than configured max size ")?;
    limit.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use lapin::protocol::AMQPError;

    use super::*;

    fn reply(code: u16, text: &str) -> lapin::Error {
        let error = AMQPError::from_id(code, text.into()).unwrap();
        ErrorKind::ProtocolError(error).into()
    }

    #[test]
    fn reply_codes_say_who_must_act() {
        for code in [403, 404, 406, 530] {
            let error = classify("opening", &reply(code, "NO"));
            assert!(
                matches!(&error, SinkError::Operator(text) if text.starts_with("opening: NO (")),
                "{error:?}"
            );
        }
        for code in [320, 405, 504, 506, 541] {
            assert!(matches!(
                classify("opening", &reply(code, "NO")),
                SinkError::Unavailable(_)
            ));
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(
            classify("connecting", &refused.into()),
            SinkError::Unavailable(_)
        ));
    }

    #[test]
    fn a_certificate_is_for_a_person() {
        let error = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        assert!(
            matches!(classify_io("connecting", &error), SinkError::Operator(text) if text.contains("ca_file"))
        );
    }

    #[test]
    fn a_brokers_size_limit_is_read_from_its_words() {
        let text = "PRECONDITION_FAILED - message size 40 is larger than configured max size 20";
        assert_eq!(size_limit(&reply(406, text)), Some(20));
        assert_eq!(
            size_limit(&reply(406, "PRECONDITION_FAILED - inequivalent arg")),
            None
        );
        assert_eq!(
            size_limit(&io::Error::from(io::ErrorKind::BrokenPipe).into()),
            None
        );
    }
}
