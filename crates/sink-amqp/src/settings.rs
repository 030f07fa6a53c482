//! Settings: what a user may say about `RabbitMQ`, validated without a network.

use std::path::PathBuf;

use stream_core::cloudevents::Headers;
use stream_core::model::Lane;
use stream_core::sink::{Mistake, SettingsError};

use crate::address::{Address, LONGEST_NAME};
use crate::url::Url;

/// How to reach the broker and what to publish to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `amqp://user:password@host:port/vhost` or `amqps://…`, or the file that holds it. The query may set `heartbeat`
    /// (seconds, 10 unless set), `connection_timeout` (milliseconds), `frame_max`, `channel_max`, `auth_mechanism`.
    pub url: Url,
    /// The topic exchange that every lane publishes to.
    pub exchange: String,
    /// Whether to declare the exchange, and a quorum queue with its binding for each lane.
    pub declare: bool,
    /// How much of each lane a stream queue beside its own one keeps, from which `birdfeed verify` reads; `None` for no such
    /// queue. With `declare` it is made.
    pub verify_bytes: Option<u64>,
    /// What stands before the lane's name in its routing key and queue name.
    pub prefix: String,
    /// Certificates (PEM) to trust besides the system's; for `amqps` only. Read at each connection.
    pub ca_file: Option<PathBuf>,
    /// Our certificate (PEM, with those between it and its authority), for brokers that ask for one; for `amqps` only. Read at
    /// each connection.
    pub cert_file: Option<PathBuf>,
    /// Its private key (PEM).
    pub key_file: Option<PathBuf>,
    /// Which headers a message carries besides `birdfeed`.
    pub headers: Headers,
    /// `CloudEvents`' `source`: `/x/<endpoint>/<stream name>`.
    pub event_source: String,
    /// The lanes that will be opened; their names are checked.
    pub lanes: Vec<Lane>,
    /// The largest value that is sent, in bytes; a larger one is [`Refused`](stream_core::sink::Outcome::Refused) here.
    /// `RabbitMQ` closes the channel over a message larger than its `max_message_size`: 128 MiB in 3.x, 16 MiB in 4.x.
    pub max_message_bytes: usize,
}

impl Settings {
    /// The defaults for a broker at `url`: exchange `x`, prefix `x.`, everything declared, 16 MiB.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            exchange: "x".into(),
            declare: true,
            verify_bytes: None,
            prefix: "x.".into(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            headers: Headers::Minimal,
            event_source: String::new(),
            lanes: Vec::new(),
            max_message_bytes: 16 * 1024 * 1024,
        }
    }

    /// The routing key of `lane`, which is its queue's name too.
    pub(crate) fn route(&self, lane: Lane) -> String {
        format!("{}{}", self.prefix, lane.name())
    }

    /// The stream queue of `lane`.
    pub(crate) fn stream(&self, lane: Lane) -> String {
        format!("{}.verify", self.route(lane))
    }

    /// How many channels the connection must bear: each lane has one, and one more to ask the broker with.
    pub(crate) fn channels(&self) -> usize {
        2 * self.lanes.len().max(1)
    }

    /// Where the broker is; or every mistake in the settings, as far as that can be told without a network.
    pub(crate) fn address(&self) -> Result<Address, SettingsError> {
        let address = self.url.read(self.channels());
        let mut mistakes = match &address {
            Ok(_) => Vec::new(),
            Err(reasons) => reasons
                .iter()
                .map(|reason| Mistake::new(self.url.setting(), reason))
                .collect(),
        };
        if self.exchange.is_empty() {
            let reason = "must not be empty: the default exchange cannot be declared or bound to";
            mistakes.push(Mistake::new("exchange", reason));
        }
        let name = |lane: &Lane| match self.verify_bytes {
            Some(_) => self.stream(*lane),
            None => self.route(*lane),
        };
        let routes = self.lanes.iter().map(|lane| ("prefix", name(lane)));
        let mut names = routes.chain([("exchange", self.exchange.clone())]);
        if let Some((setting, name)) = names.find(|(_, name)| name.len() > LONGEST_NAME) {
            let reason = format!("{name:?} is longer than {LONGEST_NAME} bytes");
            mistakes.push(Mistake::new(setting, reason));
        }
        if let Ok(address) = &address {
            mistakes.extend(self.beside(address));
        }
        if self.cert_file.is_some() && self.key_file.is_none() {
            mistakes.push(Mistake::new(
                "cert_file",
                "wants its private key: name it in key_file",
            ));
        }
        if self.key_file.is_some() && self.cert_file.is_none() {
            mistakes.push(Mistake::new(
                "key_file",
                "wants its certificate: name it in cert_file",
            ));
        }
        SettingsError::check(mistakes)?;
        address.map_err(|reasons| Mistake::new(self.url.setting(), reasons.join("; ")).into())
    }

    /// What does not go with the URL.
    fn beside(&self, address: &Address) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let files = [
            ("ca_file", &self.ca_file),
            ("cert_file", &self.cert_file),
            ("key_file", &self.key_file),
        ];
        for (setting, _) in files
            .iter()
            .filter(|(_, file)| file.is_some() && !address.is_secure())
        {
            let reason = "is for amqps:// only, and the url says amqp://";
            mistakes.push(Mistake::new(*setting, reason));
        }
        if address.is_external() && !address.is_secure() {
            let reason = "has auth_mechanism=external, which needs amqps:// and a certificate of ours";
            mistakes.push(Mistake::new(self.url.setting(), reason));
        } else if address.is_external() && self.cert_file.is_none() {
            let reason = "is missing: auth_mechanism=external takes the user from our certificate";
            mistakes.push(Mistake::new("cert_file", reason));
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        Settings::new(Url::from(url))
    }

    #[test]
    fn an_address_shows_no_user_and_no_password() {
        let mut settings = settings("amqps://bird:s3cret@rabbit.example/%2f");
        settings.ca_file = Some("ca.pem".into());
        let address = settings.address().unwrap();
        assert_eq!(address.to_string(), "amqps://rabbit.example:5671");
        for shown in [format!("{address:?}"), format!("{settings:?}")] {
            assert!(!shown.contains("s3cret") && !shown.contains("bird:"), "{shown}");
        }
    }

    #[test]
    fn wrong_urls_are_told_apart_and_never_repeated() {
        for (url, part) in [
            ("bird:s3cret@localhost", "must start with"),
            ("https://bird:s3cret@localhost", "must start with"),
            ("amqp://bird:s3cret@localhost:99999/", "port"),
            ("amqp://bird:s3cret@localhost/", "empty virtual host"),
            ("amqp://bird:s3cret@localhost/%2f?heartbeat=s3cret", "heartbeat"),
            ("amqps://bird:s3cret@localhost/%2f?verify=verify_none", "verify"),
            ("amqp://bird:s3cret@/%2f", "host"),
        ] {
            let error = settings(url).address().unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    fn mistakes(settings: &Settings) -> Vec<String> {
        let error = settings.address().unwrap_err();
        error.mistakes().iter().map(|one| one.setting.clone()).collect()
    }

    #[test]
    fn names_must_fit_amqp() {
        let mut long = settings("amqp://localhost");
        long.lanes = vec![Lane::Tweets];
        assert_eq!(long.address().unwrap().to_string(), "amqp://localhost:5672");
        long.prefix = "x".repeat(250);
        assert_eq!(mistakes(&long), ["prefix"]);
        let mut long = settings("amqp://localhost");
        long.exchange = "x".repeat(256);
        assert_eq!(mistakes(&long), ["exchange"]);
    }

    #[test]
    fn every_mistake_comes_at_once() {
        let mut settings = settings("amqp://localhost");
        settings.exchange = String::new();
        settings.ca_file = Some("ca.pem".into());
        assert_eq!(mistakes(&settings), ["exchange", "ca_file"]);
        settings.url = "localhost".into();
        assert_eq!(mistakes(&settings), ["url", "exchange"]);
    }

    #[test]
    fn a_certificate_goes_with_its_key_and_with_amqps() {
        let mut settings = settings("amqps://localhost?auth_mechanism=external");
        assert_eq!(mistakes(&settings), ["cert_file"]);
        settings.cert_file = Some("bird.pem".into());
        assert_eq!(mistakes(&settings), ["cert_file"]);
        settings.key_file = Some("bird.key".into());
        assert!(settings.address().is_ok());
        settings.cert_file = None;
        assert_eq!(mistakes(&settings), ["cert_file", "key_file"]);
        settings.cert_file = Some("bird.pem".into());
        settings.url = "amqp://localhost?auth_mechanism=external".into();
        assert_eq!(mistakes(&settings), ["cert_file", "key_file", "url"]);
    }

    #[test]
    fn a_url_in_a_file_is_judged_as_one_in_place() {
        let file = |path: &str| Settings::new(Url::File(path.into()));
        let error = file("/none").address().unwrap_err();
        assert_eq!(error.mistakes()[0].setting, "url_file");
        assert!(error.to_string().contains("/none cannot be read: "), "{error}");
        assert_eq!(mistakes(&file("/dev/null")), ["url_file"]);
    }
}
