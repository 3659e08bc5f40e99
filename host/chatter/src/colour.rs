//! Whether what is written to a terminal is coloured.

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

/// What somebody wants.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// For all that is written from now on.
    pub(crate) fn take_effect(self) {
        match self {
            // As it was, which heeds the environment.
            Self::Auto => {}
            Self::Always => ColorChoice::Always.write_global(),
            Self::Never => ColorChoice::Never.write_global(),
        }
    }
}

/// Whether what is written to stderr is coloured.
pub(crate) fn on_stderr() -> bool {
    AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}
