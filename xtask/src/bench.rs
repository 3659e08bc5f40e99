//! Benchmarks.

use crate::{
    demo, models, personas,
    real::{self, Llama},
    repo, setup,
    steps::{cargo, run as run_command},
    ui,
};
use anyhow::{Result, bail};
use std::process::Command;

/// How much the host adds to one persona call. Extra words go to the benchmark.
pub(crate) fn run(extra: &[&str]) -> Result<()> {
    setup::personas()?;
    personas::build_with_tests()?;
    personas::compile()?;
    measure("chatter-runtime", "call", &[], extra)
}

/// What the same call costs natively and as a plugin of another system, which is built in a workspace
/// of its own.
pub(crate) fn peers() -> Result<()> {
    const PLUGIN: &str = "wasm32-unknown-unknown";
    setup::toolchain()?;
    setup::target(PLUGIN)?;
    let built = repo::target().join("peers");
    let there = |words: &[&str]| {
        let mut cargo = cargo();
        cargo
            .current_dir(repo::root().join("host/runtime/peers"))
            .env("CARGO_TARGET_DIR", &built)
            .args(words);
        cargo
    };
    for (package, target) in [
        ("reactor-component", "wasm32-wasip2"),
        ("reactor-plugin", PLUGIN),
    ] {
        let build = [
            "build",
            "--locked",
            "--profile",
            "persona",
            "--package",
            package,
        ];
        run_command(there(&build).args(["--target", target]))?;
    }
    run_command(there(&["run", "--locked", "--release", "--"]).arg(&built))
}

/// What one machine holds: calls a second, and the memory of calls that wait. Words name components.
pub(crate) fn capacity(components: &[&str]) -> Result<()> {
    setup::personas()?;
    personas::build_with_tests()?;
    personas::compile()?;
    measure("chatter-runtime", "capacity", &[], components)
}

/// What registered personas cost at rest.
pub(crate) fn roster(options: &[&str]) -> Result<()> {
    setup::personas()?;
    personas::build()?;
    personas::compile()?;
    measure("chatter", "roster", &[], options)
}

/// How long it takes until a changed module serves, and that no call fails for it.
pub(crate) fn swap(options: &[&str]) -> Result<()> {
    setup::personas()?;
    personas::build_with_tests()?;
    measure("chatter-runtime", "swap", &[], options)
}

/// What well-behaved calls feel of hostile ones. Words name the attacks; none means all.
pub(crate) fn neighbours(attacks: &[&str]) -> Result<()> {
    setup::personas()?;
    personas::build_with_tests()?;
    measure("chatter-runtime", "neighbours", &[], attacks)
}

/// How a room's crowd chats. What is measured is what it says and when, so the profile of the tests does.
pub(crate) fn crowd(options: &[&str]) -> Result<()> {
    setup::personas()?;
    personas::build()?;
    personas::compile()?;
    measure("chatter", "crowd", &["--profile", "dev"], options)
}

/// A chat of personas on a language model with real weights.
pub(crate) fn chat(options: &[&str]) -> Result<()> {
    if options.contains(&"--help") {
        return measure("chatter", "chat", &[], options);
    }
    setup::personas()?;
    setup::servers()?;
    personas::build()?;
    personas::compile()?;
    // Built before the model takes the processors.
    measure("chatter", "chat", &["--no-run"], &[])?;
    let mut bench = benchmark("chatter", "chat", &[], options);
    let mut model = Llama::start()?;
    bench
        .env(real::MODEL, &model.address)
        .env("CHATTER_REAL_THREADS", &model.threads);
    run_command(&mut bench).map_err(|failed| model.has_ended().unwrap_or(failed))
}

/// What the path from `chat.ingest` to `chat.firehose` carries, on Redis and in one process.
pub(crate) fn ingest(options: &[&str]) -> Result<()> {
    setup::toolchain()?;
    setup::servers()?;
    measure("chatter-gateway", "ingest", &[], options)
}

/// How well and how fast streams are heard.
pub(crate) fn speech(options: &[&str]) -> Result<()> {
    setup::toolchain()?;
    setup::recordings()?;
    measure("chatter-speech", "speech", &[], options)
}

/// How the whole program listens, for as long as it is told to. It is the program that the demo runs, which gets
/// its models as well.
pub(crate) fn listen(options: &[&str]) -> Result<()> {
    if !options.contains(&"--help") {
        setup::personas()?;
        setup::servers()?;
        personas::build()?;
        personas::compile()?;
        demo::program()?;
        models::get()?;
    }
    measure("chatter", "listen", &["--profile", "dev"], options)
}

/// What it costs to show a message to a large audience; with `--peers` beside other servers, of which
/// those from npm are put into the target folder.
pub(crate) fn fanout(options: &[&str]) -> Result<()> {
    setup::toolchain()?;
    let peers = repo::target().join("peers/fanout");
    if options.contains(&"--peers") {
        setup::node()?;
        std::fs::create_dir_all(&peers)?;
        let install = [
            "install",
            "--no-audit",
            "--no-fund",
            "bun@1",
            "ws@8",
            "--prefix",
        ];
        run_command(Command::new("npm").args(install).arg(&peers))?;
        // npm runs no scripts of packages unless told to, and this one puts its program in place.
        let bun = peers.join("node_modules/.bin/bun");
        let works = Command::new(bun).arg("--version").output();
        if !works.is_ok_and(|ran| ran.status.success()) {
            run_command(Command::new("node").arg(peers.join("node_modules/bun/install.js")))?;
        }
    }
    let options = options.strip_prefix(&["--"]).unwrap_or(options);
    run_command(
        cargo()
            .args([
                "bench",
                "--locked",
                "--package",
                "chatter-gateway",
                "--bench",
                "fanout",
            ])
            .arg("--")
            .args(options)
            .env("PEERS", peers),
    )
}

/// What a moderation verdict costs.
pub(crate) fn moderation(options: &[&str]) -> Result<()> {
    setup::toolchain()?;
    measure("chatter-moderation", "moderation", &[], options)
}

/// How smoothly the page runs in a busy room.
pub(crate) fn page(options: &[&str]) -> Result<()> {
    let minutes = match options {
        [] => "1",
        ["--minutes", minutes] if minutes.parse::<f64>().is_ok_and(|n| n > 0.0) => minutes,
        _ => bail!("usage: cargo xtask bench page [--minutes N]"),
    };
    run_command(ui::in_browser("bench")?.env("MINUTES", minutes))
}

/// Runs a benchmark of a package. `options` of the user's go to it.
fn measure(package: &str, bench: &str, build: &[&str], options: &[&str]) -> Result<()> {
    run_command(&mut benchmark(package, bench, build, options))
}

/// A benchmark of a package.
fn benchmark(package: &str, bench: &str, build: &[&str], options: &[&str]) -> Command {
    let options = options.strip_prefix(&["--"]).unwrap_or(options);
    let mut cargo = cargo();
    cargo
        .args(["bench", "--locked", "--package", package, "--bench", bench])
        .args(build)
        .arg("--")
        .args(options);
    cargo
}
