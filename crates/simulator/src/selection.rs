//! Fields and expansions that a client asks for.

/// The lists that a request has, by their names; the same lists are the same selection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection(Vec<(String, Vec<String>)>);

impl Selection {
    /// Adds a list of a request.
    pub(crate) fn add(&mut self, list: &str, items: &str) {
        let mut items: Vec<_> = items.split(',').map(str::to_owned).collect();
        items.sort_unstable();
        self.0.push((list.to_owned(), items));
        self.0.sort_unstable();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, list: &str, item: &str) -> bool {
        let mut lists = self.0.iter().filter(|(name, _)| name == list);
        lists.any(|(_, items)| items.iter().any(|known| known == item))
    }

    pub(crate) fn expands(&self, expansion: &str) -> bool {
        self.has("expansions", expansion)
    }
}
