//! One cause is one line: lanes grouped by what keeps them.

/// Groups names by their cause, in the order in which causes first appear.
pub(crate) fn by_cause<'n, C: PartialEq>(all: impl Iterator<Item = (C, &'n str)>) -> Vec<(C, Vec<&'n str>)> {
    let mut causes: Vec<(C, Vec<&str>)> = Vec::new();
    for (cause, name) in all {
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, names)) => names.push(name),
            None => causes.push((cause, vec![name])),
        }
    }
    causes
}
