//! One cause is one line: lanes grouped by what keeps them.

/// Groups what is given by its cause, in the order in which causes first appear.
pub(crate) fn by_cause<C: PartialEq, T>(all: impl Iterator<Item = (C, T)>) -> Vec<(C, Vec<T>)> {
    let mut causes: Vec<(C, Vec<T>)> = Vec::new();
    for (cause, one) in all {
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, ones)) => ones.push(one),
            None => causes.push((cause, vec![one])),
        }
    }
    causes
}
