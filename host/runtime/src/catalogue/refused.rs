//! Why a file of the plugin folder does not become a module, in words that its author can act on.

use super::load::{COMPILED_IN, FILE_BYTES};
use crate::contract::{PACKAGE, SPOKEN};
use std::{path::PathBuf, time::Duration};

/// How many modules are named to whoever named one that is not there.
const NAMED: usize = 12;

/// How long after it was tried a file is tried again of which nothing could be told.
pub(super) const AGAIN: Duration = Duration::from_secs(30);

/// Why a file in the plugin folder is not a module that can be called. Each says what its author
/// can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such file.
    #[error(
        "no such module: {} does not exist; build it (`cargo xtask personas` builds those that ship){}", file.display(), instead(.others)
    )]
    Missing {
        /// The file.
        file: PathBuf,
        /// The names of the modules that there are.
        others: Vec<String>,
    },
    /// No persona's configuration could name it.
    #[error(
        "no persona can name it: a module's name is 1 to 63 of a-z, 0-9 and -; rename the file"
    )]
    Name,
    /// The file can't be read.
    #[error("can't be read: {0}; it is tried again every {s} s", s = AGAIN.as_secs())]
    Unreadable(String),
    /// The file is larger than a component may be.
    #[error("{0} bytes: a component may have {FILE_BYTES}")]
    TooLarge(u64),
    /// The file is something else.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(&'static str),
    /// The component is broken.
    #[error("not a valid component: {0}; copy or build it again")]
    Invalid(String),
    /// It takes too long to compile.
    #[error("compiling it takes longer than {} s; make it smaller or, if this machine was busy, copy it here again", COMPILED_IN.as_secs())]
    Slow,
    /// The data folder does not take it, or what is made of it.
    #[error("it can't be kept in the data folder: {0}; it is tried again every {s} s", s = AGAIN.as_secs())]
    NotKept(String),
    /// It is no file at all.
    #[error("it is no file: a module is one file, the component")]
    NotAFile,
    /// It is a link from a tenant's folder to somewhere else.
    #[error("it is a link that leads out of the tenant's folder; copy the file itself")]
    Outside,
    /// Whoever writes it has not closed it.
    #[error(
        "it is still open for writing; close it, or write it under another name and move it here"
    )]
    Unfinished,
    /// It asks for something that personas don't get.
    #[error("imports {}, which personas don't get; they may import chatter:persona's llm, memory and log, and WASI 0.2's cli, clocks, filesystem, io, random and sockets", .0.join(", "))]
    Imports(Vec<String>),
    /// It is no persona.
    #[error(
        "exports no {PACKAGE}guest@{}: it is not a persona; in Rust, `persona_sdk::export!(YourType);` is what makes it one", SPOKEN[0]
    )]
    NotAPersona,
    /// It was built for a version of the contract that is yet to come.
    #[error(
        "from the future: built for {PACKAGE}guest@{0}, but this chatter speaks {spoken}; update chatter, or build it with the SDK that came with this one", spoken = SPOKEN.join(" and ")
    )]
    Newer(String),
    /// It was built for a version of the contract that is not spoken, or no longer.
    #[error(
        "built for {PACKAGE}guest@{0}, but this chatter speaks {spoken}; build it again with the SDK that came with this one", spoken = SPOKEN.join(" and ")
    )]
    Unspoken(String),
    /// It needs more of the pool than one component may.
    #[error("needs {0}, which is more than one component may have")]
    TooMuch(String),
    /// It failed when it was asked who it is.
    #[error("`describe` failed: {0}")]
    Describe(String),
    /// It failed in a call that was made to see whether it works.
    #[error(
        "`{export}` failed when it was tried, with a turn that is not to speak and no language model: {detail}"
    )]
    Smoke {
        /// Which export was called.
        export: &'static str,
        /// How the call ended.
        detail: String,
    },
    /// Personas that ran on the version before it could not go on with this one.
    #[error(
        "it can't go on with the state that {from} keeps: {detail}; let it read that state, or raise its state version to start afresh"
    )]
    State {
        /// The version before it.
        from: String,
        /// What it answered.
        detail: String,
    },
    /// There was too little time to see whether it works.
    #[error(
        "whether it works can't be told yet: `{export}` ended twice without an answer, {detail}: the machine is too busy, or it waits for something; it is tried again every {} s, and as soon as the file changes", AGAIN.as_secs()
    )]
    Untried {
        /// Which export was called.
        export: &'static str,
        /// How the second call ended.
        detail: String,
    },
    /// There was too little time to see what state the version before it keeps.
    #[error(
        "whether it can go on with the state that {from} keeps can't be told yet: that version's own `{export}` ended twice without an answer, {detail}: the machine is too busy, or that version hangs; it is tried again every {} s, and as soon as the file changes; if it stays so, put it beside under another name, and name that as the personas' module", AGAIN.as_secs()
    )]
    StateUntried {
        /// The version before it.
        from: String,
        /// Which export of that was called.
        export: &'static str,
        /// How the second call ended.
        detail: String,
    },
    /// It served, and kept failing.
    #[error(
        "{version} was taken back: {reason}; build a new version, or, to try this one again, remove {} in the data folder", file.display()
    )]
    Quarantined {
        /// Which.
        version: String,
        /// What was wrong with it.
        reason: String,
        /// The file that keeps it from serving, from the data folder.
        file: PathBuf,
    },
}

impl Refused {
    /// Whether the same file may serve later.
    pub(super) fn is_for_now(&self) -> bool {
        matches!(
            self,
            Self::Unreadable(_)
                | Self::NotKept(_)
                | Self::Untried { .. }
                | Self::StateUntried { .. }
        )
    }

    /// Whether the same file may serve with other limits.
    pub(super) fn is_for_these_limits(&self) -> bool {
        matches!(
            self,
            Self::Describe(_) | Self::Smoke { .. } | Self::State { .. }
        )
    }
}

/// What else a persona might be meant to run on.
fn instead(others: &[String]) -> String {
    match others {
        [] => String::new(),
        others if others.len() <= NAMED => {
            format!(", or name one that is there: {}", others.join(", "))
        }
        others => format!(
            ", or name one that is there: {}, or another of {} more",
            others[..NAMED].join(", "),
            others.len() - NAMED
        ),
    }
}
