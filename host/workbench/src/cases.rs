//! Cases as data: what a persona is to do at moments of a timeline, and whether it does.
//!
//! A case is a TOML file (`docs/persona-tests.md` has the format). Each of its steps is one call in
//! the sandbox, with the state, the recent chat and the fates that the steps before left.

mod expect;
pub mod format;
mod junit;
mod memory;
mod model;
mod people;
mod play;
mod run;
mod script;
mod update;

pub use junit::junit;
pub use run::{Ran, Suite, find, run};
pub use update::update;

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its file.
    pub file: PathBuf,
    /// What stood in it.
    pub(crate) text: Arc<str>,
    /// Its name.
    pub name: String,
    /// What was otherwise than expected; none if it passed.
    pub failures: Vec<Failure>,
    /// How many steps it has.
    pub steps: usize,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// Whether all was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Something that was otherwise than expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The step, from 1; 0 if it is about the case as a whole.
    pub step: usize,
    /// The line of the file that expected it, from 1.
    pub line: usize,
    /// What is compared: `line`, `silent`, `state /count`.
    pub what: String,
    /// What was expected, in words.
    pub expected: String,
    /// What was there, in words.
    pub got: String,
    /// What may help to see why.
    pub notes: Vec<String>,
    /// What [`update`] puts where.
    pub(crate) fix: Option<(Range<usize>, String)>,
}

impl Failure {
    /// The failure for people, with its place and both sides.
    #[must_use]
    pub fn explained(&self, file: &Path) -> String {
        let mut text = format!("{}:{}: ", file.display(), self.line);
        if self.step > 0 {
            text.push_str(&format!("step {}: ", self.step));
        }
        text.push_str(&format!(
            "{}\n  - {}\n  + {}",
            self.what, self.expected, self.got
        ));
        for note in &self.notes {
            text.push_str(&format!("\n    {note}"));
        }
        text
    }
}
