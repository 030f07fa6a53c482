//! Catalogue of keys: what is asked for of configurations that have every endpoint and every sink between them.

use super::{SINKS, parts, stream, v1};
use crate::config::{Asked, Document, Environment};

/// The variables that hold secrets themselves.
pub(crate) const SECRETS: [&str; 5] = [
    stream::TOKEN_VARIABLE,
    v1::CONSUMER_KEY.1,
    v1::CONSUMER_SECRET.1,
    v1::ACCESS_TOKEN.1,
    v1::ACCESS_TOKEN_SECRET.1,
];

/// Every key of everything but the sinks, and then every key of each type of sink.
pub(crate) fn every_key() -> (Vec<Asked>, Vec<(&'static str, Vec<Asked>)>) {
    // These are asked for when they are there; an endpoint that has none says so, which does not matter here.
    let there = ["BACKFILL", "PARTITION", "LOCAL_DC_ONLY"];
    let there = there.map(|key| (format!("BIRDFEED__STREAM__{key}"), "1".to_owned()));
    let mut whole = Vec::new();
    for endpoint in source_x::Endpoint::ALL {
        let mut environment = Environment::from(there.clone());
        environment.insert(
            "BIRDFEED__STREAM__ENDPOINT".to_owned(),
            endpoint.name().to_owned(),
        );
        whole.extend(asked(&environment));
    }
    let proxy = ("BIRDFEED__STREAM__PROXY_FILE".to_owned(), "proxy".to_owned());
    whole.extend(asked(&Environment::from([proxy])));
    whole.retain(|asked| asked.path[0] != "sink");
    let sinks = SINKS.iter().map(|(kind, _)| {
        let kind_of_first = ("BIRDFEED__SINK__0__TYPE".to_owned(), (*kind).to_owned());
        let mut keys = asked(&Environment::from([kind_of_first]));
        keys.retain(|asked| asked.path[0] == "sink" && asked.path.len() > 1);
        (*kind, keys)
    });
    (whole, sinks.collect())
}

fn asked(environment: &Environment) -> Vec<Asked> {
    let nothing = Document::read(None, environment).expect("no file that could be wrong");
    nothing.asked(|root| parts(root, environment)).0
}
