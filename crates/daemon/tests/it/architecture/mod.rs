//! What cargo-deny cannot say of the architecture (the arrows between crates are in `deny.toml`): that every crate has
//! its row there, no module stands in a circle, and imports have one order.

mod circles;
mod imports;
mod module;
pub(crate) mod source;

#[test]
fn every_crate_has_its_row_in_deny_toml() {
    let rules = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deny.toml")).unwrap();
    let missing: Vec<_> = source::crates()
        .iter()
        .map(|folder| source::name(folder))
        .filter(|name| !rules.contains(&format!("{{ crate = \"{name}\", wrappers = [")))
        .collect();
    assert!(
        missing.is_empty(),
        "who may use {missing:?}? deny.toml does not say"
    );
}
