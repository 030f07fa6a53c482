//! `[[sink]]`: what all sinks have in common, a type, a name, and what they are told.

use std::collections::HashSet;
use std::sync::Arc;

use stream_core::cloudevents::Headers;
use stream_core::model::Lane;
use stream_core::pipeline::NamedSink;
use stream_core::sink::{Mistake, SettingsError, Sink};

use super::folders::Folders;
use crate::config::Section;

/// Row of the table of sinks: the type's name, and how one is built.
pub(super) type SinkType = (
    &'static str,
    fn(&mut Section, &mut SinkContext) -> Option<Arc<dyn Sink>>,
);

/// Context of a sink: what all of them are told, and what the earlier ones have taken.
#[derive(Default)]
pub(super) struct SinkContext {
    /// Goes before a lane's name.
    pub(super) prefix: String,
    /// The lanes that are switched on.
    pub(super) lanes: Vec<Lane>,
    /// `CloudEvents`' `source`, the same in all of them.
    pub(super) event_source: String,
    /// The folders of the journal and of earlier sinks: two writers in one would spoil it.
    pub(super) folders: Folders,
    /// The names that earlier sinks have in metrics and cursors.
    pub(super) names: HashSet<String>,
}

/// Builds a sink of one of `types`.
pub(super) fn build(
    section: &mut Section,
    types: &[SinkType],
    context: &mut SinkContext,
) -> Option<NamedSink> {
    let kinds: Vec<_> = types.iter().map(|(kind, _)| *kind).collect();
    section.require("type", format!("one of: {}", kinds.join(", ")));
    let choices: Vec<_> = types.iter().map(|row| (row.0, row)).collect();
    let Some((kind, build)) = section.named("type", &choices) else {
        section.pass_over();
        return None;
    };
    let name = name(section, kind, &mut context.names);
    let sink = build(section, context)?;
    Some(NamedSink { name, sink })
}

/// The given name, or the type's with a number if it is taken.
fn name(section: &mut Section, kind: &str, taken: &mut HashSet<String>) -> String {
    let Some(name) = section.text("name") else {
        let numbered = (2..).map(|number| format!("{kind}-{number}"));
        let mut names = std::iter::once(kind.to_owned()).chain(numbered);
        let name = names.find(|name| taken.insert(name.clone()));
        return name.expect("numbers do not end");
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(legal) {
        let message = format!("{name:?} is no name");
        section.note("name", message, "letters, digits, '-', '_' and '.'");
    } else if !taken.insert(name.clone()) {
        let message = format!("{name:?} is taken by an earlier sink");
        section.note("name", message, "give each its own");
    }
    name
}

/// The sink that was `made`, or a note for each mistake in its settings, with the `hint` for that setting.
pub(super) fn checked<S: Sink>(
    section: &Section,
    made: Result<S, SettingsError>,
    hint: fn(&str) -> &'static str,
) -> Option<Arc<dyn Sink>> {
    match made {
        Ok(sink) => Some(Arc::new(sink)),
        Err(error) => {
            for Mistake { setting, reason } in error.mistakes() {
                section.note(setting, reason, hint(setting));
            }
            None
        }
    }
}

/// The key `headers` of those sinks whose records can carry some.
pub(super) fn headers(section: &mut Section) -> Headers {
    let choices = [
        ("minimal", Headers::Minimal),
        ("cloudevents", Headers::CloudEvents),
    ];
    section.choice("headers", "minimal", &choices)
}
