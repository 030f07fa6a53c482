use std::collections::HashSet;

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
