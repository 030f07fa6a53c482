//! Values of `matching_rules`, in all the spellings that were seen on the wire: the id a string or a number; the tag of an
//! untagged rule null, empty or absent.

use fastrand::Rng;

use super::draw::Draw;
use crate::json::string;
use crate::rules::Rule;
use crate::template::Values;

/// What posts match when there are no rules.
const INVENTED: [(&str, Option<&str>); 2] = [
    ("1166916266197536768", Some("harbour")),
    ("1166916266197536769", None),
];

/// One to three of the rules, as JSON.
pub(super) fn matching_rules(rules: &[Rule], rng: &mut Rng) -> String {
    let mut all: Vec<(&str, Option<&str>)> = match rules {
        [] => INVENTED.to_vec(),
        rules => rules
            .iter()
            .map(|rule| (rule.id.as_str(), rule.tag.as_deref()))
            .collect(),
    };
    rng.shuffle(&mut all);
    all.truncate(rng.usize(1..=3));
    let mut draw = Draw(rng);
    let items: Vec<String> = all.into_iter().map(|(id, tag)| one(id, tag, &mut draw)).collect();
    format!("[{}]", items.join(","))
}

fn one(id: &str, tag: Option<&str>, draw: &mut Draw<'_>) -> String {
    let values = Values::new().with("id", id);
    match tag {
        Some(tag) => draw.fill("tagged_rule", &values.with("tag", string(tag))),
        None => draw.fill("untagged_rule", &values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_spelt_in_every_way() {
        let rng = &mut Rng::with_seed(3);
        let rule = |id: &str, tag: Option<&str>| Rule {
            id: id.into(),
            value: "x".into(),
            tag: tag.map(Into::into),
        };
        let rules = [rule("12", Some("a \"b\"")), rule("13", None)];
        let all: String = (0..100).map(|_| matching_rules(&rules, rng)).collect();
        for spelling in [
            r#""id":"12""#,
            r#""id":12,"#,
            r#""tag":"a \"b\"""#,
            r#""tag":null"#,
            r#""tag":"""#,
            r#"{"id":"13"}"#,
        ] {
            assert!(all.contains(spelling), "{spelling}");
        }
    }
}
