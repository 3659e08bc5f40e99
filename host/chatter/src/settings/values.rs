//! Values of settings that are more than a text: checked where they enter, whichever layer they
//! come from.

use super::keys::{self, Key};
use crate::said::note;
use chatter_bus::redis::Server;
use chatter_http::BaseUrl;
use chatter_llm::Kind;
use chatter_media::{Source, SourceError};
use serde::Deserialize;
use std::{
    convert::Infallible,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

/// An address to listen at. Without a word about it, this machine alone can reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Listen(pub SocketAddr);

impl Default for Listen {
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)))
    }
}

impl FromStr for Listen {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let numeric = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        numeric.parse().map(Self).map_err(|_| {
            format!("{text:?} is not ADDR:PORT, such as 127.0.0.1:8787, 0.0.0.0:80 or [::1]:8787")
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How services talk to each other, and where what outlives them is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bus {
    /// In the process; the store is in the data folder.
    #[default]
    Memory,
    /// Both on Redis, which several processes can share.
    Redis(Server),
}

impl Bus {
    /// The password that its URL names, if that is missing.
    pub(crate) fn missing_password(&self) -> Option<Key> {
        match self {
            Self::Memory => None,
            Self::Redis(server) => server.unset().map(Key::of_redis),
        }
    }

    /// Whether the files that its URL names can be used.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Memory => Ok(()),
            Self::Redis(server) => server.check_files().map_err(|why| format!("bus: {why}")),
        }
    }
}

impl FromStr for Bus {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "memory" => Ok(Self::Memory),
            redis if Server::is_meant(redis) => redis.parse().map(Self::Redis),
            // It is not repeated: it may hold a password.
            _ => Err("no such bus; it can be `memory` or a Redis, as redis://HOST".into()),
        }
    }
}

/// A bus as it was written, which may hold a password: so it is read where what is wrong with it is
/// told without repeating it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct BusText(String);

impl BusText {
    pub(super) fn read(&self) -> Result<Bus, String> {
        self.0.parse()
    }
}

impl FromStr for BusText {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for BusText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusText(..)")
    }
}

/// A source as it was written, which may hold a password or a key: so it is read where what is wrong with
/// it is told without repeating it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct SourceText {
    text: String,
    /// Where a relative path starts.
    folder: PathBuf,
}

impl SourceText {
    /// With relative paths that start at a folder.
    #[must_use]
    pub fn at(self, folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            ..self
        }
    }

    pub(crate) fn read(&self) -> Result<Source, String> {
        let source: Source = self
            .text
            .parse()
            .map_err(|why: SourceError| why.to_string())?;
        Ok(match source.path() {
            Some(path) if path.is_relative() => Source::file(self.folder.join(path)),
            _ => source,
        })
    }
}

impl From<String> for SourceText {
    fn from(text: String) -> Self {
        Self {
            text,
            folder: PathBuf::new(),
        }
    }
}

impl From<&str> for SourceText {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl FromStr for SourceText {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceText(..)")
    }
}

/// A part of the program's work that can have a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Role {
    /// Serves people and orders what is said.
    Gateway,
    /// Plays what the rooms watch.
    Context,
    /// Runs the personas.
    Worker,
    /// Says what the chat as a whole does.
    Trends,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Context, Self::Worker, Self::Trends];

    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Context => "context",
            Self::Worker => "worker",
            Self::Trends => "trends",
        }
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or_else(|| {
            format!("{text:?} is no role; there are `gateway`, `context`, `worker` and `trends`")
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The variable that holds a server's key, by what the command line says of address and key, and by what the file does.
/// A key that the file names is for the server that the file names, and goes to no other.
pub(crate) fn key_of(
    said: (Option<&BaseUrl>, Option<String>),
    filed: (Option<&BaseUrl>, Option<String>),
) -> Option<String> {
    let is_same = match (said.0, filed.0) {
        (Some(said), Some(filed)) => said == filed || said.is_at(&filed.to_string()),
        _ => true,
    };
    said.1.or_else(|| {
        let key = filed.1?;
        // What is no name is refused with all settings.
        if is_same || !keys::is_name(&key) {
            return Some(key);
        }
        note(&format!(
            "note: the key in {key} is for the server that chatter.toml names and goes to no other: name a key for this one, too"
        ));
        None
    })
}

/// Who answers the personas' requests for text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Provider {
    /// The built-in text model, which is no language model.
    #[default]
    Offline,
    /// A server.
    Server(Kind),
}

impl FromStr for Provider {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
        match (text, kind) {
            ("offline", _) => Ok(Self::Offline),
            (_, Some(kind)) => Ok(Self::Server(kind)),
            (other, None) => Err(format!(
                "{other:?} is no provider; it can be `offline`, `openai`, `anthropic` or `gemini`"
            )),
        }
    }
}

macro_rules! try_from_string {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    )*};
}

try_from_string!(Listen, Role, Provider);

/// The same bounds as a room's file has.
pub(crate) fn check_speed(speed: f64) -> Result<f64, String> {
    if (0.01..=1000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err(format!("{speed} is not in 0.01..=1000"))
    }
}

/// In seconds.
pub(crate) fn check_poll(seconds: f64) -> Result<f64, String> {
    if (0.1..=3600.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!("{seconds} is not in 0.1..=3600"))
    }
}
