//! What an operator says of the server.

use reqwest::{
    Url,
    header::{HeaderValue, InvalidHeaderValue},
};
use std::{fmt, time::Duration};

/// Where the language model is, and how it is asked.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// The address that `/chat/completions` is appended to, such as `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// Sent as `Authorization: Bearer`. Servers on one's own machine need none.
    pub api_key: Option<ApiKey>,
    /// How long making a connection may take. The request's deadline holds besides.
    pub connect_timeout: Duration,
    /// How many requests may be under way at once; more wait within their deadline. At least 1.
    pub max_concurrent: usize,
}

impl OpenAiConfig {
    /// With the usual limits: no key, 5 s to connect, 4 requests at once.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            api_key: None,
            connect_timeout: Duration::from_secs(5),
            max_concurrent: 4,
        }
    }

    /// Checks all settings, and takes the base URL apart.
    pub(super) fn endpoint(&self) -> Result<Endpoint, ConfigError> {
        if self.model.trim().is_empty() {
            return Err(ConfigError::Model);
        }
        if self.max_concurrent == 0 {
            return Err(ConfigError::Concurrency);
        }
        if let Some(key) = &self.api_key {
            key.check()?;
        }
        let endpoint = Endpoint::new(&self.base_url)?;
        if self.api_key.is_some() && endpoint.has_user() {
            return Err(ConfigError::BaseUrl(
                "it holds a user name or password although there is a key: give one of them",
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
    BaseUrl(&'static str),
    /// The model.
    #[error("model: empty; give the name by which the server knows the model")]
    Model,
    /// The key.
    #[error("api_key: {0}")]
    ApiKey(&'static str),
    /// The number of requests at once.
    #[error("max_concurrent: 0; at least one request has to be allowed")]
    Concurrency,
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

    /// The header's value, marked so that nobody prints it.
    pub(super) fn bearer(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0))
            .unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
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
pub(super) struct Endpoint {
    completions: Url,
    shown: String,
}

impl Endpoint {
    fn new(base_url: &str) -> Result<Self, ConfigError> {
        let wrong = |why| Err(ConfigError::BaseUrl(why));
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
        if path.ends_with("/chat/completions") {
            return wrong("leave /chat/completions out, it is appended");
        }
        url.set_path(&format!("{path}/chat/completions"));
        let mut shown = url.clone();
        shown.set_path(&path);
        // Neither can fail for a URL with a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        let shown = shown.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            completions: url,
            shown,
        })
    }

    pub(super) fn completions(&self) -> Url {
        self.completions.clone()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.completions.scheme() == "https"
    }

    pub(super) fn is_loopback(&self) -> bool {
        let host = self
            .completions
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }

    fn has_user(&self) -> bool {
        !self.completions.username().is_empty() || self.completions.password().is_some()
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
                Endpoint::new(base).map(|e| e.completions.to_string()),
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
                Endpoint::new(base).err(),
                Some(ConfigError::BaseUrl(why)),
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
                Endpoint::new(base).unwrap().is_loopback(),
                loopback,
                "{base}"
            );
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut config = OpenAiConfig::new("https://user:hunter2@example.com/v1", "m");
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
            format!("{:?}", key.bearer()),
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
        let with = |change: fn(&mut OpenAiConfig)| {
            let mut config = OpenAiConfig::new("http://127.0.0.1:1/v1", "m");
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
            with(|config| config.max_concurrent = 0)
                .unwrap()
                .starts_with("max_concurrent: ")
        );
        assert!(
            with(|config| config.api_key = Some(ApiKey::new(" ")))
                .unwrap()
                .starts_with("api_key: empty")
        );
        let line_feed = |config: &mut OpenAiConfig| config.api_key = Some(ApiKey::new("a\nb"));
        assert!(with(line_feed).unwrap().starts_with("api_key: it holds"));
    }
}
