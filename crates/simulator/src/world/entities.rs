//! Annotations: what X finds in a text, `entities` and `context_annotations`.

use super::draw::Draw;
use crate::settings::SizeProfile;
use crate::template::Values;

/// The entities of a text. Their places are within it, though they need not fit its words.
pub(super) fn entities(draw: &mut Draw<'_>, text: &str, size: SizeProfile) -> String {
    let end = text.chars().count();
    let (mut annotations, mut tags) = (Vec::new(), Vec::new());
    let most = if size == SizeProfile::Small { 2 } else { 4 };
    for at in 0..draw.count(0..most) {
        let spot = Values::new()
            .with("start", (at * 9).min(end))
            .with("end", (at * 9 + 8).min(end));
        annotations.push(draw.fill("annotation", &spot));
        tags.push(draw.fill("hashtag", &spot));
    }
    if tags.len() == 1 {
        tags.clear();
    }
    let link = draw.chance(45).then(|| link(draw, end));
    let values = Values::new()
        .list("annotations", &annotations)
        .list("hashtags", &tags)
        .maybe("link", link);
    draw.fill_shuffled("entities", &values)
}

/// A link that begins at this character.
pub(super) fn link(draw: &mut Draw<'_>, start: usize) -> String {
    let (host, short) = (draw.one_of("hosts"), draw.alphanumerics(10));
    let values = Values::new().with("host", host).with("short", short);
    let target = draw.fill("link_target", &values);
    let values = values
        .with("target", target)
        .with("start", start)
        .with("end", start + 23);
    draw.fill("link", &values)
}

/// What a post is about, if anything.
pub(super) fn annotations(draw: &mut Draw<'_>, size: SizeProfile) -> Vec<String> {
    if size == SizeProfile::Small || draw.chance(12) {
        return Vec::new();
    }
    let count = draw.count(2..=3);
    std::iter::repeat_with(|| draw.one_of("topics"))
        .take(count)
        .collect()
}
