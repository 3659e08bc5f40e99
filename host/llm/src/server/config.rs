//! What an operator says of the server.

use reqwest::{
    Url,
    header::{HeaderValue, InvalidHeaderValue},
};
use std::{fmt, time::Duration};

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

    /// The environment variable that holds the key as a rule.
    #[must_use]
    pub const fn api_key_env(self) -> &'static str {
        match self {
            Self::OpenAi => "OPENAI_API_KEY",
            Self::Anthropic => "ANTHROPIC_API_KEY",
            Self::Gemini => "GEMINI_API_KEY",
        }
    }
}

/// Where a language model is, and how it is asked.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Which API it speaks.
    pub kind: Kind,
    /// The address up to the version, such as `http://127.0.0.1:11434/v1`; the rest is appended.
    pub base_url: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// Servers on one's own machine need none.
    pub api_key: Option<ApiKey>,
    /// How long making a connection may take. The request's deadline holds besides.
    pub connect_timeout: Duration,
    /// Whether temperature and seed are sent; some models refuse requests with them.
    pub sampling: bool,
}

impl ServerConfig {
    /// At the vendor's own server, with the usual limits: no key, 5 s to connect.
    #[must_use]
    pub fn new(kind: Kind, model: impl Into<String>) -> Self {
        Self {
            kind,
            base_url: kind.base_url().to_owned(),
            model: model.into(),
            api_key: None,
            connect_timeout: Duration::from_secs(5),
            sampling: true,
        }
    }

    /// Checks all settings, and takes the base URL apart.
    pub(super) fn endpoint(&self) -> Result<Endpoint, ConfigError> {
        if self.model.trim().is_empty() {
            return Err(ConfigError::Model);
        }
        if let Some(key) = &self.api_key {
            key.check()?;
        }
        let path = super::wire::of(self.kind).path(&self.model);
        let endpoint = Endpoint::new(&self.base_url, &path)?;
        if self.api_key.is_some() && endpoint.has_user() {
            return Err(ConfigError::BaseUrl(
                "it holds a user name or password although there is a key: give one of them".into(),
            ));
        }
        Ok(endpoint)
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
    #[error("api_key: {0}")]
    ApiKey(&'static str),
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

/// A secret. It is shown nowhere: neither `Debug` nor `Display` tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes the key without the white space around it (a file's last line feed).
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.0.is_empty() {
            return Err(ConfigError::ApiKey(
                "empty; leave it out if the server needs none",
            ));
        }
        let unusable = |_: InvalidHeaderValue| {
            ConfigError::ApiKey("it holds characters that can't stand in an HTTP header")
        };
        HeaderValue::from_str(&self.0).map(drop).map_err(unusable)
    }

    /// A header's value, marked so that nobody prints it.
    pub(super) fn header(&self, before: &str) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("{before}{}", self.0))
            .unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// The text without the key in it.
    pub(super) fn redact(&self, text: &str) -> String {
        if self.0.is_empty() {
            text.to_owned()
        } else {
            text.replace(&self.0, "[key]")
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([hidden])")
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// A base URL that was checked. Shown without user name and password.
pub(crate) struct Endpoint {
    url: Url,
    shown: String,
}

impl Endpoint {
    /// With a path below the base URL that begins with a slash.
    pub(crate) fn new(base_url: &str, below: &str) -> Result<Self, ConfigError> {
        let wrong = |why: &str| Err(ConfigError::BaseUrl(why.to_owned()));
        // The text itself may hold a password, so no error repeats it.
        let Ok(mut url) = Url::parse(base_url.trim()) else {
            return wrong("not a URL");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("neither http:// nor https://");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return wrong("no host in it");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("there must be no ? and no # in it");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if path.ends_with(below) {
            return wrong(&format!("leave {below} out, it is appended"));
        }
        url.set_path(&format!("{path}{below}"));
        let mut shown = url.clone();
        shown.set_path(&path);
        // Neither can fail for a URL with a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        let shown = shown.as_str().trim_end_matches('/').to_owned();
        Ok(Self { url, shown })
    }

    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        let host = self
            .url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }

    fn has_user(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: &str = "/chat/completions";

    fn config(base_url: &str) -> ServerConfig {
        ServerConfig {
            base_url: base_url.into(),
            ..ServerConfig::new(Kind::OpenAi, "m")
        }
    }

    #[test]
    fn base_urls_are_checked() {
        let good = [
            (
                "http://127.0.0.1:11434/v1",
                "http://127.0.0.1:11434/v1/chat/completions",
            ),
            (
                "https://example.com/v1/",
                "https://example.com/v1/chat/completions",
            ),
            (
                " https://example.com ",
                "https://example.com/chat/completions",
            ),
            ("http://[::1]:80/a/b//", "http://[::1]/a/b/chat/completions"),
        ];
        for (base, completions) in good {
            assert_eq!(
                Endpoint::new(base, CHAT).map(|e| e.url.to_string()),
                Ok(completions.into())
            );
        }
        let bad = [
            ("", "not a URL"),
            ("127.0.0.1:11434/v1", "not a URL"),
            ("localhost:11434", "neither http:// nor https://"),
            ("ftp://example.com", "neither http:// nor https://"),
            ("http://", "not a URL"),
            (
                "https://example.com/v1?x=1",
                "there must be no ? and no # in it",
            ),
            (
                "https://example.com/v1/chat/completions",
                "leave /chat/completions out, it is appended",
            ),
        ];
        for (base, why) in bad {
            assert_eq!(
                Endpoint::new(base, CHAT).err(),
                Some(ConfigError::BaseUrl(why.into())),
                "{base}"
            );
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for (base, loopback) in [
            ("http://localhost:1/v1", true),
            ("http://127.0.0.2/v1", true),
            ("http://[::1]:1/v1", true),
            ("http://localhost.example.com/v1", false),
            ("http://10.0.0.1/v1", false),
        ] {
            assert_eq!(
                Endpoint::new(base, CHAT).unwrap().is_loopback(),
                loopback,
                "{base}"
            );
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut config = config("https://user:hunter2@example.com/v1");
        assert_eq!(
            config.endpoint().unwrap().to_string(),
            "https://example.com/v1"
        );
        config.api_key = Some(ApiKey::new("sk-secret\n"));
        let key = config.api_key.clone().unwrap();
        let both = config.endpoint().err().unwrap();
        let shown = [
            format!("{key:?}"),
            key.to_string(),
            both.to_string(),
            format!("{:?}", key.header("Bearer ")),
        ];
        for text in shown {
            assert!(
                !text.contains("secret") && !text.contains("hunter2"),
                "{text}"
            );
        }
    }

    #[test]
    fn other_settings_are_checked() {
        let with = |change: fn(&mut ServerConfig)| {
            let mut config = config("http://127.0.0.1:1/v1");
            change(&mut config);
            config.endpoint().err().map(|error| error.to_string())
        };
        assert_eq!(with(|_| {}), None);
        assert!(
            with(|config| config.model = " ".into())
                .unwrap()
                .starts_with("model: ")
        );
        assert!(
            with(|config| config.api_key = Some(ApiKey::new(" ")))
                .unwrap()
                .starts_with("api_key: empty")
        );
        let line_feed = |config: &mut ServerConfig| config.api_key = Some(ApiKey::new("a\nb"));
        assert!(with(line_feed).unwrap().starts_with("api_key: it holds"));
    }
}
