//! Where a server is.

use reqwest::Url;
use std::{fmt, net::IpAddr};

/// Why a setting can't be used. None of these repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address.
    #[error("base_url: {0}; it looks like http://127.0.0.1:8888 or https://memory.example.com")]
    BaseUrl(&'static str),
    /// The key.
    #[error("the key {0}")]
    Key(&'static str),
    /// TLS could not be set up, as a rule because the system has no CA certificates.
    #[error("TLS can't be set up: {0}; are the system's CA certificates installed?")]
    Tls(String),
}

/// A base URL that was checked. Shown without user name and password.
pub(crate) struct Place {
    base: Url,
    shown: String,
}

impl Place {
    pub(crate) fn new(base_url: &str) -> Result<Self, ConfigError> {
        let wrong = |why| Err(ConfigError::BaseUrl(why));
        // The text itself may hold a password, so no error repeats it.
        let Ok(mut base) = Url::parse(base_url.trim()) else {
            return wrong("not a URL");
        };
        if !matches!(base.scheme(), "http" | "https") {
            return wrong("neither http:// nor https://");
        }
        if base.host_str().is_none_or(str::is_empty) {
            return wrong("no host in it");
        }
        if base.query().is_some() || base.fragment().is_some() {
            return wrong("there must be no ? and no # in it");
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let mut shown = base.clone();
        // Neither can fail for a URL with a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        let shown = shown.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, shown })
    }

    pub(crate) fn join(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
