//! Where a server is.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;
use serde::Deserialize;
use std::{convert::Infallible, fmt, net::IpAddr, str::FromStr};

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

/// An address as an operator wrote it, right or wrong. It may hold a password, so `Debug` and `Display` leave
/// out what could be one.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Whether it leads to where the other does: the same scheme, host and port.
    #[must_use]
    pub fn is_at(&self, other: &str) -> bool {
        let origin = |text: &str| Url::parse(text.trim()).map(|url| url.origin()).ok();
        let (own, other) = (origin(&self.0), origin(other));
        own.is_some_and(|own| own.is_tuple() && Some(own) == other)
    }

    /// What follows its host, without a slash at the end.
    #[must_use]
    pub fn path(&self) -> String {
        let url = Url::parse(self.0.trim()).ok();
        url.map_or_else(String::new, |url| url.path().trim_end_matches('/').into())
    }
}

impl From<String> for BaseUrl {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for BaseUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for BaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Place::new(self) {
            Ok(place) => place.fmt(f),
            Err(_) => f.write_str("[no address]"),
        }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

/// A base URL that was checked. Shown without user name and password.
pub(crate) struct Place {
    base: Url,
    shown: String,
}

impl Place {
    pub(crate) fn new(BaseUrl(base_url): &BaseUrl) -> Result<Self, ConfigError> {
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
        // What was meant to be a password with a slash in it stands there.
        if base.path().contains('@') {
            return wrong(
                "there must be no @ behind its host; a password's / and @ are written %2F and %40",
            );
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

    /// Whether a user name or a password goes along with each request.
    pub(crate) fn has_user(&self) -> bool {
        !self.base.username().is_empty() || self.base.password().is_some()
    }

    /// What nobody may read of it, in each form in which a server might repeat it.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let decoded = |text: &str| {
            let bytes: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let user = self.base.username();
        // A user name alone is a token as a rule.
        let secret = self.base.password().unwrap_or(user);
        let both = format!(
            "{}:{}",
            decoded(user),
            decoded(self.base.password().unwrap_or_default())
        );
        let mut secrets = vec![secret.to_owned(), decoded(secret)];
        if self.has_user() {
            secrets.push(STANDARD.encode(both));
        }
        secrets.retain(|secret| !secret.is_empty());
        secrets
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
