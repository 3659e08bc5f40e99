//! What proves to a server who asks.

use crate::ConfigError;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use std::fmt;

/// A secret. It is shown nowhere: neither `Debug` nor `Display` tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text without the white space around it (a file's last line feed).
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([hidden])")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// How a secret is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    Nothing,
    /// `Authorization: Bearer KEY`.
    Bearer(Secret),
    /// `Authorization: Token KEY`.
    Token(Secret),
    /// In a header of this name, which is in lower case.
    Header(&'static str, Secret),
}

impl Auth {
    pub(crate) fn secret(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Bearer(Secret(secret))
            | Self::Token(Secret(secret))
            | Self::Header(_, Secret(secret)) => Some(secret),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let Some(secret) = self.secret() else {
            return Ok(());
        };
        if secret.is_empty() {
            return Err(ConfigError::Key(
                "is empty; leave it out if the server needs none",
            ));
        }
        let Ok(_) = HeaderValue::from_str(secret) else {
            return Err(ConfigError::Key(
                "holds characters that can't stand in an HTTP header",
            ));
        };
        Ok(())
    }

    /// The header, marked so that nobody prints it.
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let (name, text) = match self {
            Self::Nothing => return None,
            Self::Bearer(Secret(key)) => (AUTHORIZATION, format!("Bearer {key}")),
            Self::Token(Secret(key)) => (AUTHORIZATION, format!("Token {key}")),
            Self::Header(name, Secret(key)) => (HeaderName::from_static(name), key.clone()),
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    }
}
