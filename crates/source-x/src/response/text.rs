//! Texts of servers, for people: one line each, of bounded length.

/// As much of a text as a log line should carry.
pub(super) const MAX_TEXT: usize = 300;
/// As much of a body as its text is looked for in.
const MAX_BODY: usize = 16 * 1024;

/// What a body says that is no problem: its text in one line, without the tags of a page.
pub(super) fn text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY)]);
    let text = if text.trim_start().starts_with('<') {
        without_tags(&text)
    } else {
        text.into_owned()
    };
    let line = one_line(&text, MAX_TEXT);
    (!line.is_empty()).then_some(line)
}

/// The text of a page: what stands between its tags, but for scripts and styles.
fn without_tags(page: &str) -> String {
    let mut text = String::new();
    let mut shown = true;
    for part in page.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        let tag = tag.trim_start().to_ascii_lowercase();
        if ["script", "style"].iter().any(|hidden| tag.starts_with(hidden)) {
            shown = false;
        } else if tag.starts_with("/s") {
            shown = true;
        }
        if shown {
            text.push(' ');
            text.push_str(after);
        }
    }
    text
}

/// At most `limit` characters, without what could break or forge a log line.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let printable = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = printable
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    line.chars().take(limit).collect()
}
