//! What personas remember with, as it is set on the command line, in the environment and in the table
//! `[memory]` of `chatter.toml`.

use super::settings::{EmbeddingSettings, Mem0Settings, MemorySettings};
use crate::settings::key_of;
use chatter_http::BaseUrl;
use chatter_memory::{Api, HOSTED, SCOPE_KEEPS};
use clap::Args;
use serde::Deserialize;
use std::{str::FromStr, time::Duration};

/// The memory; each part that is absent is as by default.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default)]
pub struct MemoryOptions {
    /// Where personas' memories are: embedded (a file in the data folder) or mem0 [default: embedded]
    #[arg(
        id = "memory",
        long = "memory",
        value_name = "PROVIDER",
        env = "CHATTER_MEMORY",
        hide_env_values = true
    )]
    pub provider: Option<Provider>,
    /// Which of Mem0's interfaces: open-source (its own server) or hosted (API v3) [default: open-source]
    #[arg(
        id = "memory_api",
        long = "memory-api",
        value_name = "API",
        env = "CHATTER_MEMORY_API",
        hide_env_values = true
    )]
    pub api: Option<Api>,
    /// Mem0's address [default for hosted: https://api.mem0.ai]
    #[arg(
        id = "memory_base_url",
        long = "memory-base-url",
        value_name = "URL",
        env = "CHATTER_MEMORY_BASE_URL",
        hide_env_values = true
    )]
    pub base_url: Option<BaseUrl>,
    /// Name of the environment variable that holds Mem0's key [default: MEM0_API_KEY at https://api.mem0.ai, else
    /// none]
    #[arg(
        id = "memory_api_key_env",
        long = "memory-api-key-env",
        value_name = "VARIABLE",
        env = "CHATTER_MEMORY_API_KEY_ENV",
        hide_env_values = true
    )]
    pub api_key_env: Option<String>,
    /// How long a persona's search waits for Mem0, in milliseconds [default: 2000]
    #[arg(
        id = "memory_search_ms",
        long = "memory-search-ms",
        value_name = "MS",
        env = "CHATTER_MEMORY_SEARCH_MS",
        hide_env_values = true
    )]
    pub search_ms: Option<u64>,
    /// How long writing a memory may take Mem0, in milliseconds [default: 20000]
    #[arg(
        id = "memory_write_ms",
        long = "memory-write-ms",
        value_name = "MS",
        env = "CHATTER_MEMORY_WRITE_MS",
        hide_env_values = true
    )]
    pub write_ms: Option<u64>,
    /// How many memories the embedded memory keeps for a persona in a room; of more the oldest and
    /// least confident go [default: 2000]
    #[arg(
        id = "memory_keeps",
        long = "memory-keeps",
        value_name = "N",
        env = "CHATTER_MEMORY_KEEPS",
        hide_env_values = true
    )]
    pub keeps: Option<u32>,
    /// A server of embeddings that speaks OpenAI's API, for the embedded memory to find by meaning, such
    /// as http://127.0.0.1:8080/v1 [default: none]
    #[arg(
        id = "memory_embedding_base_url",
        long = "memory-embedding-base-url",
        value_name = "URL",
        env = "CHATTER_MEMORY_EMBEDDING_BASE_URL",
        hide_env_values = true
    )]
    pub embedding_base_url: Option<BaseUrl>,
    /// The model's name there
    #[arg(
        id = "memory_embedding_model",
        long = "memory-embedding-model",
        value_name = "NAME",
        env = "CHATTER_MEMORY_EMBEDDING_MODEL",
        hide_env_values = true
    )]
    pub embedding_model: Option<String>,
    /// Name of the environment variable that holds that server's key [default: none]
    #[arg(
        id = "memory_embedding_api_key_env",
        long = "memory-embedding-api-key-env",
        value_name = "VARIABLE",
        env = "CHATTER_MEMORY_EMBEDDING_API_KEY_ENV",
        hide_env_values = true
    )]
    pub embedding_api_key_env: Option<String>,
    /// How long a persona's search waits for an embedding, in milliseconds [default: 300]
    #[arg(
        id = "memory_embedding_ms",
        long = "memory-embedding-ms",
        value_name = "MS",
        env = "CHATTER_MEMORY_EMBEDDING_MS",
        hide_env_values = true
    )]
    pub embedding_ms: Option<u64>,
}

/// Where memories are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Provider {
    /// In a file of the data folder.
    #[default]
    Embedded,
    /// At a Mem0 server.
    Mem0,
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "mem0" => Ok(Self::Mem0),
            other => Err(format!(
                "{other:?} is no memory; it can be `embedded` or `mem0`"
            )),
        }
    }
}

impl TryFrom<String> for Provider {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

const DEFAULT_KEY: &str = "MEM0_API_KEY";
const MOST_KEPT: u32 = 100_000;
const LONGEST_MS: u64 = 120_000;

impl MemoryOptions {
    /// The keys of `[memory]`.
    pub(crate) const KEYS: [&str; 11] = [
        "provider",
        "api",
        "base_url",
        "api_key_env",
        "search_ms",
        "write_ms",
        "keeps",
        "embedding_base_url",
        "embedding_model",
        "embedding_api_key_env",
        "embedding_ms",
    ];

    /// These, and where they say nothing the file's; of these none that are not for the provider that these name.
    pub(crate) fn over(self, file: Self) -> Self {
        let other = match self.provider {
            None => file,
            Some(Provider::Embedded) => Self {
                api: None,
                base_url: None,
                api_key_env: None,
                search_ms: None,
                write_ms: None,
                ..file
            },
            Some(Provider::Mem0) => Self {
                keeps: None,
                embedding_base_url: None,
                embedding_model: None,
                embedding_api_key_env: None,
                embedding_ms: None,
                ..file
            },
        };
        let hosted = BaseUrl::from(HOSTED);
        let is_hosted = other.api == Some(Api::Hosted);
        let others = other.base_url.as_ref();
        let others = others.or(is_hosted.then_some(&hosted));
        Self {
            provider: self.provider.or(other.provider),
            api: self.api.or(other.api),
            api_key_env: key_of(
                (self.base_url.as_ref(), self.api_key_env),
                (others, other.api_key_env),
            ),
            embedding_api_key_env: key_of(
                (self.embedding_base_url.as_ref(), self.embedding_api_key_env),
                (
                    other.embedding_base_url.as_ref(),
                    other.embedding_api_key_env,
                ),
            ),
            base_url: self.base_url.or(other.base_url),
            search_ms: self.search_ms.or(other.search_ms),
            write_ms: self.write_ms.or(other.write_ms),
            keeps: self.keeps.or(other.keeps),
            embedding_base_url: self.embedding_base_url.or(other.embedding_base_url),
            embedding_model: self.embedding_model.or(other.embedding_model),
            embedding_ms: self.embedding_ms.or(other.embedding_ms),
        }
    }

    /// Checks them all.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its setting.
    pub(crate) fn settings(self) -> Result<MemorySettings, Vec<String>> {
        let mut wrong = Vec::new();
        let mut wait = |name: &str, ms: Option<u64>, default: u64| {
            let ms = ms.unwrap_or(default);
            if !(1..=LONGEST_MS).contains(&ms) {
                wrong.push(format!("memory.{name}: {ms} is not in 1..={LONGEST_MS}"));
            }
            Duration::from_millis(ms)
        };
        let search_wait = wait("search_ms", self.search_ms, 2_000);
        let write_wait = wait("write_ms", self.write_ms, 20_000);
        let embedding_wait = wait("embedding_ms", self.embedding_ms, 300);
        let settings = match self.provider.unwrap_or_default() {
            Provider::Embedded => {
                let keeps = self.keeps.unwrap_or(SCOPE_KEEPS);
                if !(1..=MOST_KEPT).contains(&keeps) {
                    wrong.push(format!("memory.keeps: {keeps} is not in 1..={MOST_KEPT}"));
                }
                if let Some(what) = self
                    .base_url
                    .as_ref()
                    .map(|_| "base_url")
                    .or(self.api.map(|_| "api"))
                {
                    wrong.push(format!(
                        "memory.{what} is Mem0's, and the memory is the embedded one: choose Mem0 with --memory mem0"
                    ));
                }
                let embeddings = match (self.embedding_base_url, self.embedding_model) {
                    (None, None) => None,
                    (Some(base_url), Some(model)) if !model.trim().is_empty() => {
                        Some(EmbeddingSettings {
                            base_url,
                            model,
                            api_key_env: self.embedding_api_key_env,
                            wait: embedding_wait,
                        })
                    }
                    _ => {
                        wrong.push("memory.embedding_base_url and memory.embedding_model belong together: name both or none".into());
                        None
                    }
                };
                MemorySettings::Embedded { keeps, embeddings }
            }
            Provider::Mem0 => {
                let api = self.api.unwrap_or_default();
                // Its usual variable holds the key of Mem0's own servers, and nobody else is to see that.
                let is_own = match (api, &self.base_url) {
                    (Api::Hosted, None) => true,
                    (_, base_url) => base_url.as_ref().is_some_and(|it| it.is_at(HOSTED)),
                };
                let usual = || is_own.then(|| DEFAULT_KEY.to_owned());
                let key = self.api_key_env.or_else(usual);
                if api == Api::OpenSource && self.base_url.is_none() {
                    wrong.push("memory.base_url is missing: where Mem0's server is, for instance --memory-base-url http://127.0.0.1:8888".into());
                }
                if self.embedding_base_url.is_some() || self.embedding_model.is_some() {
                    wrong.push("memory.embedding_base_url and embedding_model are for the embedded memory: Mem0 has its own embedder".into());
                }
                MemorySettings::Mem0(Mem0Settings {
                    api,
                    base_url: self.base_url,
                    api_key_env: key,
                    search_wait,
                    write_wait,
                })
            }
        };
        if wrong.is_empty() {
            Ok(settings)
        } else {
            Err(wrong)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<MemorySettings, Vec<String>> {
        let options: MemoryOptions = toml::from_str(toml).unwrap();
        options.settings()
    }

    #[test]
    fn the_usual_key_goes_to_mem0_itself_alone() {
        let usual = Some(DEFAULT_KEY);
        for (toml, expected) in [
            ("api = 'hosted'", usual),
            ("api = 'hosted'\nbase_url = 'https://api.mem0.ai/'", usual),
            ("api = 'hosted'\nbase_url = 'http://api.mem0.ai'", None),
            ("api = 'hosted'\nbase_url = 'http://mem0.lan'", None),
            ("base_url = 'http://127.0.0.1:1'", None),
            (
                "base_url = 'http://127.0.0.1:1'\napi_key_env = 'KEY'",
                Some("KEY"),
            ),
        ] {
            let toml = format!("provider = 'mem0'\n{toml}");
            let options: MemoryOptions = toml::from_str(&toml).unwrap();
            match options.settings() {
                Ok(MemorySettings::Mem0(mem0)) => {
                    assert_eq!(mem0.api_key_env.as_deref(), expected, "{toml}");
                }
                other => panic!("{toml}: {other:?}"),
            }
        }
    }

    /// The variables of Mem0's key and of the server of embeddings, by the command line and the file.
    fn keys(said: &str, filed: &str) -> (Option<String>, Option<String>) {
        let read = |toml: &str| toml::from_str::<MemoryOptions>(toml).unwrap();
        let both = read(said).over(read(filed));
        (both.api_key_env, both.embedding_api_key_env)
    }

    #[test]
    fn a_key_goes_to_the_server_that_it_is_said_of() {
        let mem0 = "provider = 'mem0'\napi_key_env = 'KEY'\n";
        let own = format!("{mem0}base_url = 'http://a'");
        let hosted = format!("{mem0}api = 'hosted'");
        for (said, filed, key) in [
            ("", &own, true),
            ("base_url = 'http://a/x'", &own, true),
            ("base_url = 'http://b'", &own, false),
            ("base_url = 'https://api.mem0.ai'", &hosted, true),
            ("base_url = 'http://b'", &hosted, false),
            ("base_url = 'http://b'", &mem0.to_owned(), true),
        ] {
            assert_eq!(keys(said, filed).0.is_some(), key, "{said} {filed}");
        }
        let embedding = "embedding_base_url = 'http://a/v1'\nembedding_api_key_env = 'KEY'";
        assert!(keys("", embedding).1.is_some());
        let other = "embedding_base_url = 'http://b/v1'";
        assert_eq!(keys(other, embedding).1, None);
    }

    #[test]
    fn who_names_the_memory_at_the_command_line_gets_it_whatever_the_file_says_of_another() {
        let mem0 = "provider = 'mem0'\nbase_url = 'http://a'\napi = 'hosted'\napi_key_env = 'GONE'\nsearch_ms = 0";
        let embedded = "keeps = 0\nembedding_base_url = 'http://a/v1'\nembedding_model = 'm'\nembedding_api_key_env = 'GONE'";
        let read = |toml: &str| toml::from_str::<MemoryOptions>(toml).unwrap();
        let over = |said: &str, filed: &str| read(said).over(read(filed)).settings();
        let plain = MemorySettings::Embedded {
            keeps: SCOPE_KEEPS,
            embeddings: None,
        };
        assert_eq!(over("provider = 'embedded'", mem0), Ok(plain));
        let there = over("provider = 'mem0'\nbase_url = 'http://b'", embedded);
        assert!(
            matches!(
                &there,
                Ok(MemorySettings::Mem0(Mem0Settings {
                    api_key_env: None,
                    ..
                }))
            ),
            "{there:?}"
        );
        assert!(over("", mem0).is_err() && over("", embedded).is_err());
    }

    #[test]
    fn settings_are_checked_with_their_names() {
        for (toml, expected) in [
            ("", Ok(())),
            ("keeps = 5", Ok(())),
            ("provider = 'mem0'\nbase_url = 'http://127.0.0.1:1'", Ok(())),
            (
                "provider = 'mem0'\napi = 'hosted'\napi_key_env = 'KEY'",
                Ok(()),
            ),
            (
                "embedding_base_url = 'http://x/v1'\nembedding_model = 'm'",
                Ok(()),
            ),
            ("keeps = 0", Err("memory.keeps: 0")),
            ("search_ms = 0", Err("memory.search_ms: 0")),
            ("write_ms = 999999", Err("memory.write_ms")),
            ("base_url = 'http://x'", Err("memory.base_url is Mem0's")),
            ("api = 'hosted'", Err("memory.api is Mem0's")),
            ("embedding_model = 'm'", Err("belong together")),
            ("provider = 'mem0'", Err("memory.base_url is missing")),
            ("provider = 'mem0'\napi = 'hosted'", Ok(())),
            (
                "provider = 'mem0'\nbase_url = 'http://x'\nembedding_model = 'm'",
                Err("its own embedder"),
            ),
        ] {
            let got = read(toml);
            match expected {
                Ok(()) => assert!(got.is_ok(), "{toml}: {got:?}"),
                Err(why) => {
                    let wrong = got.unwrap_err();
                    assert!(
                        wrong.len() == 1 && wrong[0].contains(why),
                        "{toml}: {wrong:?}"
                    );
                }
            }
        }
    }
}
