use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::base_url::BaseUrl;

#[test]
fn each_row_is_found_by_its_name_and_is_the_only_one_of_it() {
    for endpoint in Endpoint::ALL {
        assert_eq!(Endpoint::from_name(endpoint.name()), Some(endpoint));
    }
    assert_eq!(Endpoint::from_name("Search"), None);
    let addresses = Endpoint::ALL.map(|endpoint| (endpoint.method(), endpoint.base_url(), endpoint.path()));
    assert_eq!(HashSet::from(addresses).len(), Endpoint::ALL.len());
}

#[test]
fn each_row_leads_to_a_host_that_may_see_the_token() {
    for endpoint in Endpoint::ALL {
        let url = BaseUrl::parse(endpoint.base_url(), false).unwrap();
        assert!(url.tls(), "{endpoint:?}");
        assert!(endpoint.path().parse::<http::uri::PathAndQuery>().is_ok());
    }
}

#[test]
fn no_row_says_twice_what_it_takes() {
    for endpoint in Endpoint::ALL {
        let parameters: Vec<_> = endpoint.row().parameters.iter().copied().flatten().collect();
        let names: HashSet<_> = parameters.iter().map(|(parameter, _)| parameter.name()).collect();
        assert_eq!(names.len(), parameters.len(), "{endpoint:?}");
    }
}

#[test]
fn the_page_says_what_the_rows_say() {
    let page = include_str!("../../../../docs/endpoints.md");
    let told: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(told.len(), Endpoint::ALL.len());
    for endpoint in Endpoint::ALL {
        let partitions = match endpoint.takes(Parameter::Partition) {
            Some(Takes::Number { range, .. }) => format!("{}–{}", range.start(), range.end()),
            _ => "–".to_owned(),
        };
        let said = format!(
            "| `{}` | `{}` | {partitions} | ",
            endpoint.name(),
            endpoint.path()
        );
        let line = told.iter().find(|line| line.starts_with(&said));
        let line = line.unwrap_or_else(|| panic!("docs/endpoints.md wants {said}"));
        let fields = match (
            endpoint.takes(Parameter::LikeFields),
            endpoint.takes(Parameter::TweetFields),
        ) {
            (Some(_), _) => "likes",
            (None, Some(_)) => "posts",
            (None, None) => "–",
        };
        let recovery = endpoint.takes(Parameter::StartTime).map_or("–", |_| "yes");
        assert!(line.contains(&format!(" | {fields} | {recovery} | ")), "{line}");
    }
}

/// What X says of a parameter: whether it must be there, its range, its names.
type Said = (bool, Option<(u8, u8)>, Option<Vec<&'static str>>);

#[test]
fn the_rows_are_those_of_xs_own_description() {
    let said = described();
    assert_eq!(said.len(), 15, "streams in X's description");
    for (path, parameters) in said {
        let mut found = Endpoint::ALL
            .into_iter()
            .filter(|endpoint| endpoint.path() == path);
        let endpoint = found.next().unwrap_or_else(|| panic!("no row for {path}"));
        let takes = Parameter::ALL.into_iter().filter_map(|parameter| {
            let said: Said = match endpoint.takes(parameter)? {
                Takes::Names(names) => {
                    let mut names = names.to_vec();
                    names.sort_unstable();
                    (false, None, Some(names))
                }
                Takes::Number { range, required } => (*required, Some((*range.start(), *range.end())), None),
                Takes::Time | Takes::Flag => (false, None, None),
            };
            Some((parameter.name(), said))
        });
        assert_eq!(takes.collect::<BTreeMap<_, _>>(), parameters, "{path}");
    }
}

fn described() -> Vec<(&'static str, BTreeMap<&'static str, Said>)> {
    let text = include_str!("../../tests/data/streams.txt");
    let names = |list| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(list)?.strip_prefix('='));
        line.unwrap().split(',').collect::<Vec<_>>()
    };
    let mut streams = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("GET ") {
            streams.push((path, BTreeMap::new()));
        } else if let Some(parameter) = line.strip_prefix("  ") {
            let words: Vec<_> = parameter.split(' ').collect();
            let range = words.iter().find_map(|word| word.split_once(".."));
            let list = words.iter().find_map(|word| word.strip_prefix('='));
            let said = (
                words.contains(&"required"),
                range.map(|(least, most)| (least.parse().unwrap(), most.parse().unwrap())),
                list.map(names),
            );
            streams.last_mut().unwrap().1.insert(words[0], said);
        }
    }
    streams
}
