use super::*;

const SECRET: &str = "AAAA%2Fsecret";

fn header(token: &Token) -> String {
    token.read().unwrap().header().to_str().unwrap().to_owned()
}

#[test]
fn a_token_is_trimmed_and_never_shown() {
    let token = Token::from_value(format!(" {SECRET}\r\n"));
    assert_eq!(header(&token), format!("Bearer {SECRET}"));
    assert_eq!(format!("{token:?}"), "Token(value)");
    assert!(!format!("{:?}", token.read().unwrap().header()).contains(SECRET));
}

#[test]
fn a_replaced_file_is_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    let token = Token::from_file(&path);
    std::fs::write(&path, "first\n").unwrap();
    assert_eq!(header(&token), "Bearer first");
    std::fs::write(&path, "second\n").unwrap();
    assert_eq!(header(&token), "Bearer second");
    assert!(format!("{token:?}").contains("token"));
}

#[test]
fn a_bad_token_is_named_by_its_place_not_by_its_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    let token = Token::from_file(&path);
    let absent = token.check().unwrap_err().to_string();
    assert!(absent.contains(path.to_str().unwrap()), "{absent}");
    let long = "a".repeat(9000);
    for content in ["", " \n", "sec\nret", "sec ret", "s\u{e9}cret", &long] {
        std::fs::write(&path, content).unwrap();
        let error = token.check().unwrap_err();
        let texts = format!("{error} {error:?}");
        assert!(texts.contains(path.to_str().unwrap()), "{texts}");
        assert!(content.trim().is_empty() || !texts.contains(content), "{texts}");
    }
    // UTF-16, and a folder.
    std::fs::write(&path, b"\xff\xfe").unwrap();
    assert!(matches!(token.check(), Err(TokenError::Unreadable { .. })));
    assert!(Token::from_file(dir.path()).check().is_err());
}

#[test]
fn a_token_that_comes_back_is_blotted_out() {
    let bearer = Token::from_value(SECRET).read().unwrap();
    let clean = bearer.redact(format!("you sent {SECRET} and {SECRET}!").into_bytes());
    assert_eq!(clean, b"you sent [redacted] and [redacted]!");
    assert_eq!(bearer.redact(b"nothing".to_vec()), b"nothing");
    assert_eq!(bearer.redact(SECRET.into()), b"[redacted]");
}

#[test]
fn a_pipe_that_nobody_writes_to_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let (said, heard) = std::sync::mpsc::channel();
    let token = Token::from_file(&path);
    std::thread::spawn(move || said.send(token.check().unwrap_err().to_string()));
    let error = heard.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
    assert!(error.contains("is a pipe"), "{error}");
}
