//! Usage of posts (`GET /2/usage/tweets`, <https://docs.x.com/x-api/usage/get-usage>): what the project has read of what it may.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::{AccountClient, AccountError, count, list, text};
use crate::api::Call;

const PATH: &str = "/2/usage/tweets";
const FIELDS: &str =
    "cap_reset_day,daily_client_app_usage,daily_project_usage,project_cap,project_id,project_usage";

/// As many days as X tells apart.
pub const MAX_DAYS: u8 = 90;

/// What the account's project has read, as X counts it. X leaves out what it likes, so nothing is sure to be there.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// The project, by its id.
    pub project: Option<String>,
    /// Posts read in this period.
    pub posts: Option<u64>,
    /// Posts that may be read in a period.
    pub cap: Option<u64>,
    /// X's `cap_reset_day`: by its description, the days left until the next period.
    pub cap_reset_day: Option<u64>,
    /// The project's last days, if they were asked for.
    pub days: Vec<DayUsage>,
    /// The same days by the project's apps.
    pub apps: Vec<AppUsage>,
}

/// Posts read on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayUsage {
    /// As X writes it.
    pub date: String,
    /// How many.
    pub posts: u64,
}

/// What one app has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppUsage {
    /// The app, by its id.
    pub app: String,
    /// Its days.
    pub days: Vec<DayUsage>,
}

impl AccountClient {
    /// What was read so far; with `days`, also on each of so many days (1 to [`MAX_DAYS`]). X allows 50 such requests in 15
    /// minutes.
    pub async fn usage(&self, days: Option<u8>) -> Result<Usage, AccountError> {
        let path = match days {
            None => PATH.to_owned(),
            Some(days) => format!("{PATH}?days={}&usage.fields={FIELDS}", days.clamp(1, MAX_DAYS)),
        };
        let call = Call {
            method: Method::GET,
            path,
            body: Bytes::new(),
        };
        usage(&self.ask(call).await?)
    }
}

fn usage(answer: &Value) -> Result<Usage, AccountError> {
    let data = &answer["data"];
    let apps = list(&data["daily_client_app_usage"]).filter_map(|app| {
        let days = days(&app["usage"]);
        text(&app["client_app_id"]).map(|app| AppUsage { app, days })
    });
    let usage = Usage {
        project: text(&data["project_id"]),
        posts: count(&data["project_usage"]),
        cap: count(&data["project_cap"]),
        cap_reset_day: count(&data["cap_reset_day"]),
        days: days(&data["daily_project_usage"]["usage"]),
        apps: apps.collect(),
    };
    if usage == Usage::default() {
        return Err(AccountError::Answer("it says nothing about usage".to_owned()));
    }
    Ok(usage)
}

fn days(usage: &Value) -> Vec<DayUsage> {
    let day = |day: &Value| {
        Some(DayUsage {
            date: text(&day["date"])?,
            posts: count(&day["usage"])?,
        })
    };
    list(usage).filter_map(day).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_x_documents_is_read() {
        let short = json!({"data": {"cap_reset_day": 10, "project_cap": "5000000000", "project_id": "1369785403853424", "project_usage": "43435"}});
        let read = usage(&short).unwrap();
        assert_eq!(
            (read.posts, read.cap, read.cap_reset_day),
            (Some(43_435), Some(5_000_000_000), Some(10))
        );
        let long = json!({"data": {
            "daily_client_app_usage": [{"client_app_id": 27, "usage": [{"date": "2026-11-25", "usage": 3}], "usage_result_count": 1}],
            "daily_project_usage": {"project_id": 7, "usage": [{"date": "2026-11-25", "usage": "5"}, {"date": 1}]},
            "project_usage": 5,
        }});
        let read = usage(&long).unwrap();
        assert_eq!((read.posts, read.days[0].posts, read.days.len()), (Some(5), 5, 1));
        assert_eq!((read.apps[0].app.as_str(), read.apps[0].days[0].posts), ("27", 3));
    }

    #[test]
    fn nothing_is_no_usage() {
        for nothing in [
            json!(null),
            json!([]),
            json!({}),
            json!({"data": {"project_usage": -1, "project_cap": [1]}}),
        ] {
            assert!(usage(&nothing).is_err(), "{nothing}");
        }
    }
}
