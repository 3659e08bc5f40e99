//! What goes wrong with a server, in words that an operator can act on.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::{fmt, time::Duration};

/// Why a server did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault it is, in a word, as metrics have it.
    pub kind: FaultKind,
    words: String,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing answers there.
    Unreachable,
    /// It did not answer in time; what was asked for may have happened.
    Slow,
    /// The connection ended before the answer; what was asked for may have happened.
    Cut,
    /// It is loading its data.
    Loading,
    /// It is a replica, which takes nothing.
    ReadOnly,
    /// It has no memory left.
    Full,
    /// It can't save what it is told.
    CantSave,
    /// User or password are wrong or missing.
    SignIn,
    /// The user may not do this.
    NotAllowed,
    /// Its version is too old, or it is no Redis at all.
    Unfit,
    /// The cluster is being mended or rearranged.
    Cluster,
    /// A script is not known there (any more).
    UnknownScript,
    /// The certificate, or another part of TLS, is wrong.
    Tls,
    /// Anything else that it answered.
    Refused,
}

impl FaultKind {
    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::Loading => "loading",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::CantSave => "cant_save",
            Self::SignIn => "sign_in",
            Self::NotAllowed => "not_allowed",
            Self::Unfit => "unfit",
            Self::Cluster => "cluster",
            Self::UnknownScript => "unknown_script",
            Self::Tls => "tls",
            Self::Refused => "refused",
        }
    }
}

impl Fault {
    pub(super) fn new(kind: FaultKind, words: impl Into<String>) -> Self {
        Self {
            kind,
            words: words.into(),
        }
    }

    /// It did not answer within that time.
    pub(super) fn slow(place: &dyn fmt::Display, waited: Duration) -> Self {
        let words = format!("Redis at {place} did not answer within {waited:?}");
        Self::new(FaultKind::Slow, words)
    }

    /// What the client library makes of it.
    pub(super) fn of(place: &dyn fmt::Display, error: &RedisError) -> Self {
        let code = error.code().unwrap_or_default();
        let said = || {
            let said = error.detail().unwrap_or_default();
            // What follows is what was sent, user and password among it.
            let told = said.split(", with args beginning with").next();
            told.unwrap_or_default().trim().to_owned()
        };
        // The client library knows the words of older servers alone.
        let no_hello = said().starts_with("unknown command 'HELLO'");
        // What a script may not do is not told by a code of its own.
        let not_allowed = said().contains("user executing the script can't");
        let (kind, words) = match (error.kind(), code) {
            (ErrorKind::Server(ServerErrorKind::BusyLoading), _) => (
                FaultKind::Loading,
                "is loading its data, and answers when it has done that".to_owned(),
            ),
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => (
                FaultKind::ReadOnly,
                "is a replica that can only be read: name its primary".to_owned(),
            ),
            (ErrorKind::Server(ServerErrorKind::NoScript), _) => {
                (FaultKind::UnknownScript, "does not know a script".to_owned())
            }
            (kind, _) if not_allowed || kind == ErrorKind::Server(ServerErrorKind::NoPerm) => (
                FaultKind::NotAllowed,
                format!(
                    "does not allow this user something that chatter needs ({}); docs/operations.md lists the rules",
                    said()
                ),
            ),
            (
                ErrorKind::Server(
                    ServerErrorKind::Moved
                    | ServerErrorKind::Ask
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown,
                ),
                _,
            ) => (FaultKind::Cluster, format!("belongs to a cluster that is being mended ({code} {})", said())),
            (_, "OOM") => (
                FaultKind::Full,
                "has no memory left: raise its maxmemory, or give it less to keep".to_owned(),
            ),
            (_, "MISCONF") => (
                FaultKind::CantSave,
                "can't save to its disk, and so takes nothing: look at its log".to_owned(),
            ),
            (ErrorKind::AuthenticationFailed, _) | (_, "NOAUTH" | "WRONGPASS") => (
                FaultKind::SignIn,
                "refuses user or password: give them in the URL, as redis://USER:PASSWORD@HOST, or the password by \
                 ?password_env=NAME"
                    .to_owned(),
            ),
            (kind, _) if no_hello || kind == ErrorKind::RESP3NotSupported => (
                FaultKind::Unfit,
                "does not know the command HELLO, by which chatter signs in: it is older than Redis 7, or its configuration \
                 renames the command"
                    .to_owned(),
            ),
            (ErrorKind::Parse, _) => (
                FaultKind::Unfit,
                "is no Redis: it answers in another language; is the port right, and is TLS (rediss://) as it should be?"
                    .to_owned(),
            ),
            (ErrorKind::Io, _) if error.is_connection_refusal() => (
                FaultKind::Unreachable,
                "can't be reached: nothing listens there".to_owned(),
            ),
            (ErrorKind::Io, _) if error.is_timeout() => (FaultKind::Slow, "did not answer in time".to_owned()),
            (ErrorKind::Io, _) => (FaultKind::Cut, "ended the connection".to_owned()),
            _ => (FaultKind::Refused, format!("refuses: {code} {}", said())),
        };
        Self::new(kind, format!("Redis at {place} {words}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Fault {}
