//! What an operator says of the server.

use super::Reasoning;
use chatter_http::{Auth, BaseUrl, CONNECT, Secret};
use std::time::Duration;

/// Which API a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OpenAI's [chat completions](https://platform.openai.com/docs/api-reference/chat/create): Ollama,
    /// vLLM, llama.cpp, OpenRouter, OpenAI itself and many others.
    OpenAi,
    /// Anthropic's [Messages](https://docs.anthropic.com/en/api/messages).
    Anthropic,
    /// Google's [generateContent](https://ai.google.dev/api/generate-content).
    Gemini,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// As it is written in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// The vendor's own server.
    #[must_use]
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
        }
    }

    /// A model that its own server has, for hints.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::OpenAi => "gpt-4o-mini",
            Self::Anthropic => "claude-haiku-4-5",
            Self::Gemini => "gemini-2.5-flash",
        }
    }

    /// The environment variable that holds the key as a rule.
    #[must_use]
    pub const fn api_key_env(self) -> &'static str {
        match self {
            Self::OpenAi => "OPENAI_API_KEY",
            Self::Anthropic => "ANTHROPIC_API_KEY",
            Self::Gemini => "GEMINI_API_KEY",
        }
    }

    /// Whether an address is the vendor's own server, which alone its usual key is for.
    #[must_use]
    pub fn is_own(self, base_url: &BaseUrl) -> bool {
        base_url.is_at(self.base_url())
    }
}

/// Where a language model is, and how it is asked.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Which API it speaks.
    pub kind: Kind,
    /// The address up to the version, such as `http://127.0.0.1:11434/v1`; the rest is appended.
    pub base_url: BaseUrl,
    /// The model's name, as the server knows it.
    pub model: String,
    /// Servers on one's own machine need none.
    pub api_key: Option<Secret>,
    /// How long making a connection may take. The request's deadline holds besides.
    pub connect_timeout: Duration,
    /// Whether temperature and seed are sent; some models refuse requests with them.
    pub sampling: bool,
    /// How much it thinks before it answers; as the model does by itself if absent.
    pub reasoning: Option<Reasoning>,
}

impl ServerConfig {
    /// At the vendor's own server, with the usual limits: no key, 5 s to connect.
    #[must_use]
    pub fn new(kind: Kind, model: impl Into<String>) -> Self {
        Self {
            kind,
            base_url: kind.base_url().into(),
            model: model.into(),
            api_key: None,
            connect_timeout: CONNECT,
            sampling: true,
            reasoning: None,
        }
    }

    /// The client of it. The server is asked nothing.
    pub(crate) fn client(&self, longest: usize) -> Result<chatter_http::Server, ConfigError> {
        if self.model.trim().is_empty() {
            return Err(ConfigError::Model);
        }
        let wire = super::wire::of(self.kind);
        if let Some(reasoning) = self.reasoning {
            wire.check(reasoning).map_err(ConfigError::Reasoning)?;
        }
        let path = wire.path(&self.model).join("/");
        if self.base_url.path().ends_with(&format!("/{path}")) {
            return Err(ConfigError::BaseUrl(format!(
                "leave /{path} out, it is appended"
            )));
        }
        let auth = self
            .api_key
            .clone()
            .map_or(Auth::Nothing, |key| wire.auth(key));
        chatter_http::Server::connecting(&self.base_url, auth, longest, self.connect_timeout)
            .map_err(ConfigError::from)
    }
}

/// Why a configuration can't be used. None of these repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The base URL.
    #[error("base_url: {0}; it looks like http://127.0.0.1:11434/v1 or https://api.openai.com/v1")]
    BaseUrl(String),
    /// The model.
    #[error("model: empty; give the name by which the server knows the model")]
    Model,
    /// The key.
    #[error("api_key: it {0}")]
    ApiKey(&'static str),
    /// How much it thinks.
    #[error("reasoning: {0}")]
    Reasoning(&'static str),
    /// A number that has to be more than 0.
    #[error("{0}: 0; it has to be at least 1")]
    Zero(&'static str),
    /// A name of a provider that there is not, or twice.
    #[error("{0}")]
    Provider(String),
    /// A setting of one of several providers.
    #[error("{0}.{1}")]
    At(String, Box<ConfigError>),
    /// TLS could not be set up, as a rule because the system has no CA certificates.
    #[error("TLS can't be set up: {0}; are the system's CA certificates installed?")]
    Tls(String),
}

impl From<chatter_http::ConfigError> for ConfigError {
    fn from(error: chatter_http::ConfigError) -> Self {
        match error {
            chatter_http::ConfigError::BaseUrl(why) => Self::BaseUrl(why.to_owned()),
            chatter_http::ConfigError::Key(why) => Self::ApiKey(why),
            chatter_http::ConfigError::Tls(why) => Self::Tls(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(base_url: &str) -> ServerConfig {
        ServerConfig {
            base_url: base_url.into(),
            ..ServerConfig::new(Kind::OpenAi, "m")
        }
    }

    #[test]
    fn settings_are_checked() {
        let with = |base_url: &str, change: fn(&mut ServerConfig)| {
            let mut config = config(base_url);
            change(&mut config);
            config.client(9).err().map(|error| error.to_string())
        };
        let own = "http://127.0.0.1:1/v1";
        type Case = (&'static str, fn(&mut ServerConfig), Option<&'static str>);
        let cases: [Case; 12] = [
            (own, |_| {}, None),
            (" http://[::1]:80/a/b// ", |_| {}, None),
            (
                "localhost:11434",
                |_| {},
                Some("base_url: neither http:// nor https://"),
            ),
            ("", |_| {}, Some("base_url: not a URL")),
            (
                "https://example.com/v1/chat/completions/",
                |_| {},
                Some("base_url: leave /chat/completions out"),
            ),
            (
                own,
                |config| config.model = " ".into(),
                Some("model: empty"),
            ),
            (
                own,
                |config| config.api_key = Some(Secret::new(" ")),
                Some("api_key: it is empty"),
            ),
            (
                own,
                |config| config.api_key = Some(Secret::new("a\nb")),
                Some("api_key: it holds"),
            ),
            (
                own,
                |config| config.reasoning = Some(Reasoning::Tokens(2_000)),
                Some("reasoning: OpenAI's API takes no number"),
            ),
            (
                own,
                |config| {
                    config.kind = Kind::Anthropic;
                    config.reasoning = Some(Reasoning::Tokens(1_000));
                },
                Some("reasoning: Anthropic's API takes 1024 tokens"),
            ),
            (
                own,
                |config| {
                    config.kind = Kind::Gemini;
                    config.reasoning = Some(Reasoning::Tokens(0));
                },
                None,
            ),
            (
                "https://ana:hunter2@example.com/v1",
                |config| config.api_key = Some(Secret::new("a")),
                Some("base_url: it holds a user name"),
            ),
        ];
        for (base_url, change, wrong) in cases {
            let got = with(base_url, change);
            match wrong {
                None => assert_eq!(got, None, "{base_url}"),
                Some(wrong) => {
                    let got = got.unwrap();
                    assert!(got.starts_with(wrong) && !got.contains("hunter2"), "{got}");
                }
            }
        }
    }

    #[test]
    fn nothing_that_is_printed_holds_a_secret() {
        let mut config = config("https://user:hunter2@example.com/v1");
        config.api_key = Some(Secret::new("sk-secret"));
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
