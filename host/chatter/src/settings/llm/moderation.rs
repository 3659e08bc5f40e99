//! `[llm.moderation.NAME]`: servers that say what texts are, for moderation policies that name them.

use super::table::is_name;
use crate::Failure;
use crate::settings::{file::unknown, keys};
use chatter_http::BaseUrl;
use chatter_llm::{ConfigError, Kind, Moderation, ModerationConfig, OPENAI_MODERATION};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const KEYS: [&str; 6] = [
    "base_url",
    "model",
    "api_key_env",
    "concurrency",
    "queue",
    "connect_timeout_s",
];

/// As it is written; [`KEYS`] has the same names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ModerationTable {
    base_url: Option<BaseUrl>,
    model: Option<String>,
    api_key_env: Option<String>,
    concurrency: Option<usize>,
    queue: Option<usize>,
    connect_timeout_s: Option<f64>,
}

/// A server of moderations, complete but for its key.
#[derive(Clone, Debug, PartialEq)]
pub struct ModerationServer {
    /// Its address.
    pub base_url: BaseUrl,
    /// The model's name.
    pub model: String,
    /// The name of the environment variable that holds the key, if there is a key.
    pub api_key_env: Option<String>,
    /// At most so many requests at once.
    pub concurrency: Option<usize>,
    /// At most so many more that wait.
    pub queue: Option<usize>,
    /// How long making a connection may take.
    pub connect_timeout: Option<Duration>,
}

/// Keys that there are not, in any of them.
pub(super) fn unknown_keys(tables: &toml::Table) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, table) in tables {
        if let Some(table) = table.as_table() {
            problems.extend(unknown(table, &KEYS, &format!("llm.moderation.{name}.")));
        }
    }
    problems
}

/// Checks them all.
pub(super) fn check(
    tables: BTreeMap<String, ModerationTable>,
    wrong: &mut Vec<String>,
) -> BTreeMap<String, ModerationServer> {
    let mut servers = BTreeMap::new();
    for (name, table) in tables {
        let place = format!("llm.moderation.{name}");
        if !is_name(&name) {
            wrong.push(format!("{place}: a name is 1 to 63 of a-z, 0-9 and -"));
        }
        let base_url = (table.base_url).unwrap_or_else(|| Kind::OpenAi.base_url().into());
        // A key goes nowhere but where it is said to go, or to the vendor whose usual variable it is.
        let usual =
            || (Kind::OpenAi.is_own(&base_url)).then(|| Kind::OpenAi.api_key_env().to_owned());
        let api_key_env = table.api_key_env.or_else(usual);
        if table.concurrency == Some(0) {
            wrong.push(format!("{place}.concurrency: 0 is less than 1"));
        }
        let connect_timeout = table.connect_timeout_s.and_then(|seconds| {
            if !(0.1..=600.0).contains(&seconds) {
                wrong.push(format!(
                    "{place}.connect_timeout_s: {seconds} is not in 0.1..=600"
                ));
                return None;
            }
            Some(Duration::from_secs_f64(seconds))
        });
        let server = ModerationServer {
            base_url,
            model: table.model.unwrap_or_else(|| OPENAI_MODERATION.into()),
            api_key_env,
            concurrency: table.concurrency,
            queue: table.queue,
            connect_timeout,
        };
        servers.insert(name, server);
    }
    servers
}

impl ModerationServer {
    /// The client of it, with its key from the environment.
    pub(super) fn client(&self, name: &str) -> Result<Arc<Moderation>, Failure> {
        let usual = ModerationConfig::new(name, self.base_url.clone(), &self.model);
        let config = ModerationConfig {
            api_key: keys::read(self.api_key_env.as_deref())?,
            concurrency: self.concurrency.unwrap_or(usual.concurrency),
            queue: self.queue.unwrap_or(usual.queue),
            connect_timeout: self.connect_timeout.unwrap_or(usual.connect_timeout),
            ..usual
        };
        match Moderation::new(config) {
            Ok(moderation) => Ok(Arc::new(moderation)),
            Err(error @ ConfigError::Tls(_)) => Err(Failure::failed(error)),
            Err(error) => Err(Failure::usage(format!("llm.moderation.{name}.{error}"))),
        }
    }
}
