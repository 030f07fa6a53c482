use super::*;

fn token(text: &str) -> Token {
    Token::from_value(text)
}

fn signed(keys: [&str; 4], address: &str, form: &str, nonce: &str, timestamp: u64) -> String {
    let [consumer_key, consumer_secret, access_token, access_token_secret] = keys.map(token);
    let keys = Keys {
        consumer_key,
        consumer_secret,
        access_token,
        access_token_secret,
    };
    let request = Signable {
        method: "POST",
        address,
        pairs: ["", form],
    };
    let header = keys.read().unwrap().header_at(&request, nonce, timestamp);
    assert!(header.is_sensitive());
    header.to_str().unwrap().to_owned()
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

/// Public and dead, from X's page on signatures.
const PAGE: [&str; 4] = [
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
];
const STREAMING: [&str; 4] = ["ck-TEST", "cs&secret", "tok-TEST", "ts+secret"];

#[test]
fn the_signatures_are_those_of_the_published_vectors() {
    let status = form(&[
        ("include_entities", "true"),
        ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
    ]);
    let filter = form(&[
        ("delimited", "length"),
        ("follow", "12,13"),
        ("locations", "-122.7500,36.8000,-121.7500,37.8000"),
        ("stall_warnings", "true"),
        ("track", "rust,tokio & async"),
    ]);
    let (nonce, then) = ("kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", 1_318_622_958);
    let streaming = ("0123456789abcdef", 1_700_000_000);
    for (keys, address, form, (nonce, timestamp), signature) in [
        (
            PAGE,
            "https://api.x.com/1.1/statuses/update.json",
            &status,
            (nonce, then),
            "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=",
        ),
        (
            PAGE,
            "https://api.twitter.com/1.1/statuses/update.json",
            &status,
            (nonce, then),
            "hCtSmYh+iHYCEqBWrE7C7hYmtUk=",
        ),
        (
            PAGE,
            "https://api.twitter.com/1/statuses/update.json",
            &status,
            (nonce, then),
            "tnnArxj06cWHq44gCs1OSKk/jLY=",
        ),
        (
            STREAMING,
            "https://stream.twitter.com/1.1/statuses/filter.json",
            &filter,
            streaming,
            "Y4ZbnXm0w3RmnTlG09NHGvV7RA0=",
        ),
    ] {
        let header = signed(keys, address, form, nonce, timestamp);
        let expected = format!("oauth_signature=\"{}\"", encode(signature));
        assert!(header.contains(&expected), "{address}: {header}");
    }
}

#[test]
fn the_header_has_the_seven_parameters_and_no_secret() {
    let header = signed(STREAMING, "https://a/b", "", "n", 7);
    let pairs: Vec<_> = header.strip_prefix("OAuth ").unwrap().split(", ").collect();
    let names: Vec<_> = pairs.iter().map(|pair| pair.split_once('=').unwrap().0).collect();
    assert_eq!(
        names,
        [
            "oauth_consumer_key",
            "oauth_nonce",
            "oauth_signature_method",
            "oauth_timestamp",
            "oauth_token",
            "oauth_version",
            "oauth_signature"
        ]
    );
    assert!(pairs.contains(&"oauth_timestamp=\"7\"") && pairs.contains(&"oauth_consumer_key=\"ck-TEST\""));
    assert!(!header.contains("secret"), "{header}");
}

#[test]
fn each_attempt_has_a_signature_of_its_own() {
    let [consumer_key, consumer_secret, access_token, access_token_secret] = PAGE.map(token);
    let keys = Keys {
        consumer_key,
        consumer_secret,
        access_token,
        access_token_secret,
    };
    assert!(!format!("{keys:?}").contains("kAcS"), "{keys:?}");
    let signer = keys.read().unwrap();
    let request = Signable {
        method: "GET",
        address: "https://a/b",
        pairs: ["c=d", ""],
    };
    assert_ne!(signer.header(&request), signer.header(&request));
    let echoed = format!("{} and {}!", PAGE[1], PAGE[2]).into_bytes();
    assert_eq!(signer.redact(echoed), b"[redacted] and [redacted]!");
}

#[test]
fn a_key_that_is_missing_is_named_and_one_in_a_file_is_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("consumer-secret");
    let keys = Keys {
        consumer_key: token("a"),
        consumer_secret: Token::from_file(&path),
        access_token: token(" ").called("the access token"),
        access_token_secret: token("d"),
    };
    assert!(keys.check().unwrap_err().to_string().contains("consumer-secret"));
    std::fs::write(&path, "first\n").unwrap();
    assert_eq!(keys.check().unwrap_err().to_string(), "the access token is empty");
    let keys = Keys {
        access_token: token("c"),
        ..keys
    };
    assert_eq!(keys.read().unwrap().consumer_secret.expose_secret(), "first");
    std::fs::write(&path, "second\n").unwrap();
    assert_eq!(keys.read().unwrap().consumer_secret.expose_secret(), "second");
}
