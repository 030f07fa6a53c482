//! `[rules]`: not kept yet, so that nothing may look as if they were.

use crate::config::Section;

pub(super) fn refuse(section: &mut Section) {
    let hint = "leave [rules] out, or set mode = \"off\"; add rules with X's own API";
    if section.text("file").is_some() {
        section.note("file", "is not there yet", hint);
    }
    let modes = ["off", "check", "apply"].map(|mode| (mode, mode));
    if let Some(mode) = section.choice("mode", &modes).filter(|mode| *mode != "off") {
        section.note("mode", format!("{mode:?} is not there yet"), hint);
    }
    if section.ask("prune") {
        section.note("prune", "is not there yet", hint);
    }
}
