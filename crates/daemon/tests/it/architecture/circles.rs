//! Acyclic dependencies: no module uses, by whatever way round, one that uses it.
//!
//! On each level of the tree a folder counts with all that is in it, and its own file as one more beside its children: a
//! child may use its parent's items if the parent does not use the child's.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::slice;

use super::module::{self, Modules, Place};
use super::source;

/// Who uses whom on one level, each with an example.
type Arrows = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn no_module_uses_one_that_uses_it() {
    let found: Vec<_> = source::crates()
        .iter()
        .flat_map(|folder| told(&source::name(folder), &module::read(folder)))
        .collect();
    assert!(found.is_empty(), "modules in a circle:\n{}", found.join("\n"));
}

/// Every circle with its arrows.
fn told(name: &str, modules: &Modules) -> Vec<String> {
    let mut found = Vec::new();
    for (level, arrows) in levels(modules) {
        let within = [&[name.to_owned()], &level[..]].concat().join("::");
        for circle in circles(&arrows) {
            let examples = circle.windows(2).map(|pair| &arrows[&pair[0]][&pair[1]]);
            let examples: String = examples.map(|example| format!("\n    {example}")).collect();
            found.push(format!("{within}: {}{examples}", circle.join(" → ")));
        }
    }
    found
}

/// The arrows between the parts of each folder.
fn levels(modules: &Modules) -> BTreeMap<Place, Arrows> {
    let mut levels = BTreeMap::<Place, Arrows>::new();
    for from in modules.keys() {
        for (to, path) in module::used_by(modules, from) {
            let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            let own = if common == 0 { "lib" } else { "mod" };
            let part = |place: &Place| place.get(common).map_or(own, String::as_str).to_owned();
            levels
                .entry(from[..common].to_vec())
                .or_default()
                .entry(part(from))
                .or_default()
                .entry(part(&to))
                .or_insert_with(|| format!("{} names {}", from.join("::"), path.join("::")));
        }
    }
    levels
}

/// For each arrow the shortest way back, if there is one; the same circle once.
fn circles(arrows: &Arrows) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for (from, targets) in arrows {
        for to in targets.keys() {
            if let Some(mut circle) = way(arrows, to, from) {
                let least = (0..circle.len()).min_by_key(|at| &circle[*at]).unwrap();
                circle.rotate_left(least);
                circle.push(circle[0].clone());
                found.insert(circle);
            }
        }
    }
    found
}

/// The shortest way between two parts, both included.
fn way(arrows: &Arrows, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![from.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        if last == to {
            return Some(way);
        }
        if seen.insert(last.clone()) {
            let next = arrows.get(last).into_iter().flat_map(BTreeMap::keys);
            ways.extend(next.map(|next| [&way[..], slice::from_ref(next)].concat()));
        }
    }
    None
}

/// Modules given as place and text.
fn example(files: &[(&str, &str)]) -> Vec<String> {
    let place = |name: &str| {
        name.split("::")
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let modules = files
        .iter()
        .map(|(name, text)| (place(name), module::Module::parse(text)))
        .collect();
    let found = told("example", &modules);
    found
        .iter()
        .map(|circle| circle.lines().next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_circle_is_found_through_re_exports_folders_and_bare_paths() {
    let root = ("", "mod a; mod b; pub use b::{deep::Deep, B as Other};");
    let a = ("a", "use crate::{Other, b}; fn f(_: Other) { b::g() }");
    assert_eq!(example(&[root, a, ("b", ""), ("b::deep", "")]), [""; 0]);
    let back = (
        "b::deep",
        "fn f() { let _ = \"\\\"\"; /* not here */ crate::a::f() }",
    );
    let b = ("b", "mod deep; fn g() {}");
    assert_eq!(example(&[root, a, b, back]), ["example: a → b → a"]);
    let child = ("b::deep", "use super::g;");
    assert_eq!(example(&[root, a, b, child]), [""; 0]);
    let parent = ("b", "mod deep; pub use deep::Deep; fn g(_: Deep) {}");
    assert_eq!(
        example(&[root, a, parent, child]),
        ["example::b: deep → mod → deep"]
    );
}

#[test]
fn what_only_tests_name_and_what_is_only_given_on_is_no_arrow() {
    let root = ("", "mod a; mod b; pub(crate) use crate::a::A;");
    let a = (
        "a",
        "#[cfg(test)] use crate::b::B; #[cfg(test)] mod tests { use crate::b::B; } use std::b::B;",
    );
    let b = ("b", "use crate::A; // crate::b");
    assert_eq!(example(&[root, a, b]), [""; 0]);
}
