//! Connections API (<https://docs.x.com/x-api/connections>): which streams X takes for open, ghosts among them, and how to
//! close them.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{AccountClient, AccountError, count, list, text};
use crate::api::Call;

const PATH: &str = "/2/connections";
const FIELDS: &str = "client_ip,connected_at,disconnect_reason,disconnected_at,endpoint_name,id";
/// Connections of a page, and of a request that closes some.
const AT_ONCE: usize = 100;
/// Pages before we say that the server is going in circles.
const MAX_PAGES: usize = 100;

/// Which connections are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that X takes for open.
    Active,
    /// Those that have ended.
    Inactive,
    /// Both.
    All,
}

impl Which {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::All];

    /// X's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::All => "all",
        }
    }
}

/// A connection as X knows it. Times are as X writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenConnection {
    /// What it is closed by.
    pub id: String,
    /// X's name of the stream.
    pub endpoint: Option<String>,
    /// The client's address.
    pub client_ip: Option<String>,
    /// Since when.
    pub connected_at: Option<String>,
    /// Until when; of an open one, nothing.
    pub disconnected_at: Option<String>,
    /// Why it ended.
    pub disconnect_reason: Option<String>,
}

/// What is to be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// These, by their ids.
    Ids(Vec<String>),
    /// All of a stream, by X's name for it.
    Endpoint(&'static str),
    /// All of the app.
    All,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Closed {
    /// How many are closed.
    pub closed: u64,
    /// Those that are not.
    pub failed: Vec<NotClosed>,
}

/// A connection that was not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotClosed {
    /// Which one.
    pub id: String,
    /// X's reason.
    pub reason: String,
}

impl AccountClient {
    /// The connections, of all streams or of the one that X calls `endpoint`.
    pub async fn connections(
        &self,
        which: Which,
        endpoint: Option<&'static str>,
    ) -> Result<Vec<OpenConnection>, AccountError> {
        let mut all = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let answer = self.ask(page(which, endpoint, next.as_deref())).await?;
            all.extend(list(&answer["data"]).filter_map(connection));
            // Not as for people: what is cut short leads nowhere.
            match answer["meta"]["next_token"].as_str() {
                None => return Ok(all),
                Some(token) => next = Some(token.to_owned()),
            }
        }
        let message = format!("more than {MAX_PAGES} pages of connections");
        Err(AccountError::Answer(message))
    }

    /// Closes what is named. X allows 25 such requests in 15 minutes.
    pub async fn close(&self, targets: &Targets) -> Result<Closed, AccountError> {
        let mut all = Closed::default();
        for call in closing(targets) {
            let closed = closed(&self.ask(call).await?)?;
            all.closed += closed.closed;
            all.failed.extend(closed.failed);
        }
        Ok(all)
    }
}

fn page(which: Which, endpoint: Option<&str>, next: Option<&str>) -> Call {
    let which = which.name();
    let mut path = format!("{PATH}?status={which}&max_results={AT_ONCE}&connection.fields={FIELDS}");
    if let Some(endpoint) = endpoint {
        path = format!("{path}&endpoints={endpoint}");
    }
    if let Some(next) = next {
        path = format!("{path}&pagination_token={}", crate::oauth::encode(next));
    }
    Call {
        method: Method::GET,
        path,
        body: Bytes::new(),
    }
}

fn closing(targets: &Targets) -> Vec<Call> {
    let call = |path, body| Call {
        method: Method::DELETE,
        path,
        body,
    };
    let of = |which: &str| vec![call(format!("{PATH}/{which}"), Bytes::new())];
    match targets {
        Targets::All => of("all"),
        Targets::Endpoint(name) => of(name),
        Targets::Ids(ids) => {
            let some = ids.chunks(AT_ONCE).map(|ids| json!({ "uuids": ids }).to_string());
            some.map(|body| call(PATH.to_owned(), body.into())).collect()
        }
    }
}

fn connection(said: &Value) -> Option<OpenConnection> {
    Some(OpenConnection {
        id: text(&said["id"])?,
        endpoint: text(&said["endpoint_name"]),
        client_ip: text(&said["client_ip"]),
        connected_at: text(&said["connected_at"]),
        disconnected_at: text(&said["disconnected_at"]),
        disconnect_reason: text(&said["disconnect_reason"]),
    })
}

fn closed(answer: &Value) -> Result<Closed, AccountError> {
    let data = &answer["data"];
    let Some(closed) = count(&data["successful_kills"]) else {
        return Err(AccountError::Answer("it does not say what was closed".to_owned()));
    };
    let failed = list(&data["results"]).filter(|result| result["success"] == false);
    let failed = failed.map(|result| NotClosed {
        id: text(&result["uuid"]).unwrap_or_default(),
        reason: text(&result["error_message"]).unwrap_or_else(|| "no reason given".to_owned()),
    });
    Ok(Closed {
        closed,
        failed: failed.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_of_x() {
        let call = page(Which::Active, Some("filtered_stream"), Some("a&b"));
        assert_eq!(
            call.path,
            format!(
                "/2/connections?status=active&max_results=100&connection.fields={FIELDS}&endpoints=filtered_stream&pagination_token=a%26b"
            )
        );
        let ids = (0..101).map(|n| n.to_string()).collect();
        let calls = closing(&Targets::Ids(ids));
        assert_eq!((calls.len(), &*calls[1].body), (2, &br#"{"uuids":["100"]}"#[..]));
        assert_eq!(closing(&Targets::Ids(Vec::new())), []);
        let call = &closing(&Targets::Endpoint("sample_stream"))[0];
        assert_eq!(
            (&call.method, call.path.as_str()),
            (&Method::DELETE, "/2/connections/sample_stream")
        );
        assert_eq!(closing(&Targets::All)[0].path, "/2/connections/all");
    }

    #[test]
    fn answers_are_read_and_garbage_is_none() {
        let answer = json!({"data": {"successful_kills": 1, "failed_kills": 2, "results": [
            {"uuid": "a", "success": true}, {"uuid": "b", "success": false, "error_message": "gone"}, {"success": false}]}});
        let closed = closed(&answer).unwrap();
        assert_eq!((closed.closed, closed.failed.len()), (1, 2));
        assert_eq!(closed.failed[0].reason, "gone");
        for garbage in [
            json!(null),
            json!({"data": []}),
            json!({"data": {"successful_kills": "many"}}),
        ] {
            assert!(super::closed(&garbage).is_err(), "{garbage}");
        }
        assert_eq!(connection(&json!({"endpoint_name": "x"})), None);
    }
}
