//! The modules of a crate, and what each names of others. A module is a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, slice};

use super::source;

/// A module from the crate's root down, or a path as it stands in the code.
pub(crate) type Place = Vec<String>;

pub(crate) type Modules = BTreeMap<Place, Module>;

#[derive(Default)]
pub(crate) struct Module {
    children: BTreeSet<String>,
    /// The names it has from elsewhere, for itself or to give on, each with its path.
    names: BTreeMap<String, Place>,
    /// What it imports for itself.
    imports: Vec<Place>,
    /// Every path in its code.
    paths: Vec<Place>,
}

/// All modules of the crate in this folder.
pub(crate) fn read(folder: &Path) -> Modules {
    let mut modules = Modules::new();
    collect(&folder.join("src"), "lib", &[], &mut modules);
    modules
}

/// The module in `folder/file.rs` or `folder/file/mod.rs`, and those in it.
fn collect(folder: &Path, file: &str, place: &[String], modules: &mut Modules) {
    let inner = if place.is_empty() {
        folder.to_owned()
    } else {
        folder.join(file)
    };
    let text = fs::read_to_string(folder.join(format!("{file}.rs")))
        .or_else(|_| fs::read_to_string(inner.join("mod.rs")))
        .unwrap();
    let module = Module::parse(&text);
    for child in &module.children {
        collect(&inner, child, &[place, slice::from_ref(child)].concat(), modules);
    }
    modules.insert(place.to_owned(), module);
}

impl Module {
    pub(crate) fn parse(text: &str) -> Self {
        let mut module = Self::default();
        let tokens = source::tokens(text);
        let (mut rest, mut before) = (&tokens[..], "");
        while let [first, after @ ..] = rest {
            let length = match first.as_str() {
                "mod" if after.get(1).is_some_and(|end| end == ";") => {
                    module.children.insert(after[0].clone());
                    3
                }
                "use" => {
                    let end = rest.iter().position(|token| token == ";").unwrap();
                    // `pub` or `pub(crate)`.
                    module.import(&rest[1..end], matches!(before, "pub" | ")"));
                    end
                }
                word if source::is_name(word) => {
                    let path = path(rest);
                    let length = path.len() * 2 - 1;
                    module.paths.extend((before != ".").then_some(path));
                    length
                }
                _ => 1,
            };
            before = &rest[length - 1];
            rest = &rest[length..];
        }
        module
    }

    /// A re-export is no use of what it gives on.
    fn import(&mut self, tree: &[String], reexport: bool) {
        let leaves = leaves(tree, &[]);
        if !reexport {
            self.imports.extend(leaves.iter().map(|(_, path)| path.clone()));
        }
        self.names.extend(leaves);
    }
}

/// Names joined by `::`, from the first token on.
fn path(tokens: &[String]) -> Place {
    let mut path = vec![tokens[0].clone()];
    for pair in tokens[1..].chunks_exact(2) {
        if pair[0] != "::" || !source::is_name(&pair[1]) {
            break;
        }
        path.push(pair[1].clone());
    }
    path
}

/// The names that an import brings, each with its path.
fn leaves(tree: &[String], before: &[String]) -> Vec<(String, Place)> {
    let under = |part: &[String]| {
        let names = part.iter().filter(|token| *token != "::").cloned();
        before.iter().cloned().chain(names).collect::<Place>()
    };
    if let Some(open) = tree.iter().position(|token| token == "{") {
        let before = under(&tree[..open]);
        let parts = source::parts(&tree[open + 1..tree.len() - 1]);
        return parts.into_iter().flat_map(|part| leaves(part, &before)).collect();
    }
    let renamed = tree.iter().position(|token| token == "as").unwrap_or(tree.len());
    let mut path = under(&tree[..renamed]);
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = tree.get(renamed + 1).or(path.last()).cloned();
    name.map(|name| (name, path)).into_iter().collect()
}

/// The other modules that the one at `from` uses, each with the path that says so.
pub(crate) fn used_by(modules: &Modules, from: &[String]) -> Vec<(Place, Place)> {
    let module = &modules[from];
    let imported = module.imports.iter().filter_map(|path| {
        let (to, whole) = resolve(modules, from, path)?;
        // The name of a module is imported to be put before others, which count by themselves.
        (!whole).then(|| (to, path.clone()))
    });
    let named = module.paths.iter().filter_map(|path| {
        let path = match module.names.get(&path[0]) {
            Some(begin) => [begin, &path[1..]].concat(),
            None if path.len() > 1 => path.clone(),
            None => return None,
        };
        let (to, _) = resolve(modules, from, &path)?;
        Some((to, path))
    });
    imported.chain(named).filter(|(to, _)| to != from).collect()
}

/// The module where a path that `from` names ends, behind all re-exports, and whether it is the module itself that is
/// named. `None` for another crate's.
fn resolve(modules: &Modules, from: &[String], path: &[String]) -> Option<(Place, bool)> {
    let up = path.iter().take_while(|name| *name == "super").count();
    let (mut place, mut rest) = match path[0].as_str() {
        "crate" => (Place::new(), &path[1..]),
        "self" => (from.to_vec(), &path[1..]),
        "super" => (from[..from.len() - up].to_vec(), &path[up..]),
        child if modules[from].children.contains(child) => (from.to_vec(), path),
        _ => return None,
    };
    while let [name, after @ ..] = rest {
        let module = &modules[&place];
        if module.children.contains(name) {
            place.push(name.clone());
            rest = after;
        } else if let Some(target) = module.names.get(name) {
            return resolve(modules, &place, &[target, after].concat());
        } else {
            break;
        }
    }
    Some((place, rest.is_empty()))
}
