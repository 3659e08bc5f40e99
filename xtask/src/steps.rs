//! Running other programs, and telling how long things took.

use anyhow::{Context, Result, bail};
use std::{
    ffi::OsStr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A program to be run at the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::repo::root());
    command
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo says of this package to this program. Some build scripts look at the same variables,
    // and would run again whenever one builds without xtask and with it in turn.
    for (name, _) in std::env::vars_os() {
        let about_this = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if about_this {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The command as one would type it.
fn typed(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut typed = program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        typed.push(' ');
        typed.push_str(&argument.to_string_lossy());
    }
    typed
}

/// Runs a program to its end; it shares this one's terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let typed = typed(command);
    let status = command
        .status()
        .with_context(|| format!("can't run `{typed}`"))?;
    if !status.success() {
        bail!("`{typed}` failed ({status})");
    }
    Ok(())
}

/// Runs a program and reads what it prints; `None` if it is not there or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Steps that run one after the other, with headings and a summary; the first failure is the last
/// step.
pub(crate) struct Steps {
    started: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            done: Vec::new(),
        }
    }

    /// Does one step.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        println!("\n=== {name}");
        let started = Instant::now();
        let result = step();
        let took = started.elapsed();
        println!(
            "--- {name}: {} in {}",
            if result.is_ok() { "done" } else { "FAILED" },
            seconds(took)
        );
        self.done.push((name, took));
        if result.is_err() {
            self.summary(false);
        }
        result.with_context(|| format!("step `{name}`"))
    }

    /// Says how long each step took.
    pub(crate) fn summary(&self, well: bool) {
        println!("\n=== Summary");
        for (i, (name, took)) in self.done.iter().enumerate() {
            let failed = !well && i + 1 == self.done.len();
            println!(
                "{:>8}  {name}{}",
                seconds(*took),
                if failed { "  FAILED" } else { "" }
            );
        }
        println!("{:>8}  altogether", seconds(self.started.elapsed()));
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
