//! The demo: the shipped rooms on this machine, from nothing.

use crate::{
    models, personas, repo, setup,
    steps::{Steps, cargo, command, run as run_command},
    ui,
};
use anyhow::{Context, Result};
use std::{net::TcpListener, process::Command};

/// Builds everything, then becomes `chatter serve`.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let mut steps = Steps::new();
    steps.step("set-up", setup::personas)?;
    steps.step("personas", personas::build)?;
    steps.step("page", ui::build)?;
    // The same profile as the tests': whoever runs both compiles once.
    steps.step("chatter (dev profile)", program)?;
    steps.step("personas: compiled ahead", personas::compile)?;
    // Without these it goes on, by the subtitles of what it would have listened to.
    let mut listens = Ok(());
    steps.step("what it listens with", || {
        listens = setup::listening().and_then(|()| models::get());
        Ok(())
    })?;
    steps.summary(true);

    let program = repo::target()
        .join("debug")
        .join(format!("chatter{}", std::env::consts::EXE_SUFFIX));
    let mut chatter = command(program);
    chatter.arg("serve").args(options);
    if !names(options, "--compiled") && std::env::var_os("CHATTER_COMPILED").is_none() {
        chatter.arg("--compiled").arg(personas::compiled());
    }
    if !names(options, "--data") && std::env::var_os("CHATTER_DATA").is_none() {
        let data = repo::target().join("demo-data");
        if let Err(error) = listens.and_then(|()| models::link(&data)) {
            println!("The demo can't listen, and goes by the subtitles: {error:#}");
        }
        chatter.arg("--data").arg(data);
    }
    if !names(options, "--listen") && std::env::var_os("CHATTER_LISTEN").is_none() {
        let port = free_port().context("no free port on 127.0.0.1")?;
        chatter.arg("--listen").arg(format!("127.0.0.1:{port}"));
        println!(
            "\nThe page, once it listens: http://127.0.0.1:{port}/r/main/lobby   (ctrl-C ends it)\n"
        );
    }
    become_it(&mut chatter)
}

/// Builds the program.
pub(crate) fn program() -> Result<()> {
    run_command(cargo().args(["build", "--locked", "--package", "chatter"]))
}

/// Whether an option is among those that the user gave, as `--option value` or `--option=value`.
fn names(options: &[&str], option: &str) -> bool {
    options.iter().any(|given| {
        given
            .strip_prefix(option)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

/// chatter's own port or, if it is taken, one of the next or any that is free.
fn free_port() -> std::io::Result<u16> {
    let bind =
        |port| TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr());
    let usual = (8787..8797).find_map(|port| bind(port).ok());
    usual
        .map_or_else(|| bind(0), Ok)
        .map(|address| address.port())
}

/// Signals and the exit code are chatter's own: nothing stands between it and the terminal.
#[cfg(unix)]
fn become_it(chatter: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(chatter.exec()).with_context(|| format!("can't run {}", chatter.get_program().display()))
}

#[cfg(not(unix))]
fn become_it(chatter: &mut Command) -> Result<()> {
    crate::steps::run(chatter)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn options_of_the_user_are_seen_in_both_spellings() {
        assert!(names(&["--listen", "127.0.0.1:0"], "--listen"));
        assert!(names(&["--loop", "--listen=127.0.0.1:0"], "--listen"));
        assert!(!names(&["--listening"], "--listen"));
    }
}
