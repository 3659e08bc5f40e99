//! Keys and passwords, which settings name by the environment variables that hold them. What lacks one can be
//! read and checked all the same: whoever needs it looks first whether it is there, and says so if it is missing.

use crate::Failure;
use chatter_http::Secret;
use std::fmt;

/// A key or a password that the settings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// What it is, such as `the key of vision`.
    what: String,
    /// The environment variable that should hold it.
    variable: String,
}

impl Key {
    /// The key of what a place in the settings describes, if it has one.
    pub(crate) fn of(place: impl fmt::Display, variable: Option<&String>) -> Option<Self> {
        Some(Self {
            what: format!("the key of {place}"),
            variable: variable?.clone(),
        })
    }

    /// The password of the Redis that a bus is on.
    pub(super) fn of_redis(variable: &str) -> Self {
        Self {
            what: "Redis' password".into(),
            variable: variable.to_owned(),
        }
    }

    /// Whether the environment lacks it.
    pub(crate) fn is_missing(&self) -> bool {
        is_missing(&self.variable)
    }

    /// What is said if what should be a variable's name can be none. It is not repeated: it may be the key itself.
    pub(super) fn misnamed(&self) -> Option<String> {
        (!is_name(&self.variable)).then(|| {
            format!(
                "{}: its api_key_env is the NAME of the environment variable that holds it (letters, digits and _), and no key",
                self.what
            )
        })
    }
}

/// Whether a text can be the name of an environment variable.
pub(super) fn is_name(text: &str) -> bool {
    let is_one = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| is_one(c) && !c.is_ascii_digit()) && text.chars().all(is_one)
}

/// Whether the environment holds nothing by a name.
pub(super) fn is_missing(variable: &str) -> bool {
    std::env::var_os(variable).is_none_or(|value| value.is_empty())
}

/// That it is missing.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the environment variable {}, which should hold {}, is not set",
            self.variable, self.what
        )
    }
}

/// The key that a variable holds.
///
/// # Errors
///
/// If it holds no text.
pub(crate) fn read(variable: Option<&str>) -> Result<Option<Secret>, Failure> {
    let Some(variable) = variable else {
        return Ok(None);
    };
    let key = std::env::var(variable).map_err(|_| {
        Failure::usage(format!("the environment variable {variable} holds no text"))
    })?;
    Ok(Some(Secret::new(&key)))
}
