//! What a person sees of a build: on a terminal one line that changes, and what the tools say; else
//! only the latter.

use chatter_workbench::build::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

/// How often the sign of life moves.
const TICK: Duration = Duration::from_millis(120);

pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    /// For what is done in a project.
    pub(crate) fn new(what: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_prefix(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self(bar)
    }
}

impl Progress for Spinner {
    fn step(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    fn said(&self, text: &str) {
        self.0.suspend(|| {
            let mut stderr = anstream::stderr().lock();
            let _ = stderr.write_all(text.as_bytes());
            if !text.is_empty() && !text.ends_with('\n') {
                let _ = stderr.write_all(b"\n");
            }
        });
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Bytes as people read them.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
