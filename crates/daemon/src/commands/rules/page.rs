//! What the commands print: a line a rule, for people.

use source_x::rules::{NewRule, Plan, Retag, Rule};

/// A rule with its tag.
pub(super) fn line(value: &str, tag: Option<&str>) -> String {
    let value = visible(value);
    match tag {
        Some(tag) => format!("{value}  [{}]", visible(tag)),
        None => value,
    }
}

/// Text that says nothing to a terminal: anybody with the account's token can write rules.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// What X has.
pub(super) fn stored(rules: &[Rule]) -> String {
    let lines = rules
        .iter()
        .map(|Rule { id, value, tag }| format!("{id}  {}\n", line(value, tag.as_deref())));
    format!("{}{}", lines.collect::<String>(), count(rules.len(), "rule"))
}

/// What a plan would do, and at the end in numbers.
pub(super) fn plan(plan: &Plan) -> String {
    let of = |rule: &Rule| line(&rule.value, rule.tag.as_deref());
    let created = plan.created.iter();
    let mut lines: Vec<_> = created
        .map(|NewRule { value, tag }| format!("+ {}", line(value, tag.as_deref())))
        .collect();
    lines.extend(plan.deleted.iter().map(|rule| format!("- {}", of(rule))));
    lines.extend(plan.retagged.iter().map(|Retag { rule, tag }| {
        let new = tag.as_deref().map_or_else(|| "no tag".to_owned(), visible);
        format!("~ {} -> [{new}]", of(rule))
    }));
    let covered = plan.covered.iter();
    lines.extend(covered.map(|rule| format!("= {}: wanted, and not ours: stays under its tag", of(rule))));
    let foreign = plan.foreign.iter();
    lines.extend(foreign.map(|rule| format!("  {}: not ours: stays", of(rule))));
    lines.push(summary(plan));
    lines.join("\n")
}

fn summary(plan: &Plan) -> String {
    let kept = plan.kept.len() + plan.covered.len();
    let others = format!("{kept} as wanted, {} not ours", plan.foreign.len());
    if plan.is_empty() {
        return format!("nothing to do: {others}");
    }
    format!(
        "to create: {}, to delete: {}, to tag anew: {}; {others}",
        plan.created.len(),
        plan.deleted.len(),
        plan.retagged.len()
    )
}

/// So many things.
pub(super) fn count(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
