//! Rust: cargo does it.

use super::{
    Error, Options, Progress,
    tool::{Tool, ended_well},
};
use crate::Project;
use serde::Deserialize;
use std::path::{Path, PathBuf};

const TARGET: &str = "wasm32-wasip2";

/// The profile that a workspace may have for its personas.
const PROFILE: &str = "persona";

static CARGO: Tool = Tool {
    name: "cargo",
    install: "install Rust with rustup, from https://rustup.rs",
};

static RUSTUP: Tool = Tool {
    name: "the target wasm32-wasip2",
    install: "add it to this Rust; with rustup it is `rustup target add wasm32-wasip2`",
};

/// A message of cargo on its standard output, as far as it is of use here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    message: Option<Diagnostic>,
}

/// What the compiler says.
#[derive(Deserialize)]
struct Diagnostic {
    rendered: Option<String>,
}

/// Builds, and gives the file that cargo made.
pub(super) async fn build(
    project: &Project,
    options: Options,
    progress: &dyn Progress,
) -> Result<PathBuf, Error> {
    add_target(project, progress).await?;
    let manifest = project.root.join(project.language.manifest());
    let manifest = manifest.canonicalize().map_err(|source| Error::File {
        path: manifest.clone(),
        source,
    })?;
    let mut args = vec!["build", "--target", TARGET];
    match options {
        Options { debug: true, .. } => {}
        _ if has_profile(&manifest) => args.extend(["--profile", PROFILE]),
        _ => args.push("--release"),
    }
    args.push(if options.colour {
        "--message-format=json-diagnostic-rendered-ansi"
    } else {
        "--message-format=json"
    });
    let mut made = None;
    let (said, status) = CARGO
        .run(cargo(), &project.root)
        .args(args)
        .env("CARGO_TERM_COLOR", "never")
        .listen(progress, |line| {
            let message: Message = serde_json::from_str(line).ok()?;
            if let Some(text) = message.message.and_then(|message| message.rendered) {
                progress.said(&text);
            }
            if message.reason == "compiler-artifact" && message.manifest_path == manifest {
                made = component(message.filenames).or(made.take());
            }
            None
        })
        .await?;
    if !status.success() {
        progress.said(&said);
    }
    ended_well("cargo build", status)?;
    made.ok_or_else(|| {
        Error::NoComponent(format!(
            "{}: cargo made no .wasm of it: [lib] must say crate-type = [\"cdylib\"]",
            manifest.display()
        ))
    })
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO")
        .unwrap_or_else(|| "cargo".into())
        .into()
}

/// Adds the target to the toolchain if it lacks it. Asking rustc for its folder is quick, and works
/// without rustup.
async fn add_target(project: &Project, progress: &dyn Progress) -> Result<(), Error> {
    let mut folder = None;
    let (said, status) = CARGO
        .run("rustc", &project.root)
        .args(["--print", "target-libdir", "--target", TARGET])
        .listen(&Quiet, |line| {
            folder = Some(PathBuf::from(line));
            None
        })
        .await?;
    if !status.success() {
        progress.said(&said);
    }
    ended_well("rustc --print target-libdir", status)?;
    if folder.is_some_and(|folder| folder.is_dir()) {
        return Ok(());
    }
    RUSTUP
        .run("rustup", &project.root)
        .args(["target", "add", TARGET])
        .done(progress)
        .await
}

/// Nobody is told.
struct Quiet;

impl Progress for Quiet {
    fn step(&self, _: &str) {}
    fn said(&self, _: &str) {}
}

/// Whether the workspace that the package belongs to has a profile for personas.
fn has_profile(manifest: &Path) -> bool {
    let mut folders = manifest.ancestors().skip(1);
    let workspace = folders.find_map(|folder| {
        let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let manifest: toml::Table = toml::from_str(&text).ok()?;
        manifest.contains_key("workspace").then_some(manifest)
    });
    workspace
        .as_ref()
        .and_then(|manifest| manifest.get("profile")?.get(PROFILE))
        .is_some()
}

/// The component among the files that cargo made of a package.
fn component(files: Vec<PathBuf>) -> Option<PathBuf> {
    files.into_iter().rfind(|file| {
        file.extension()
            .is_some_and(|extension| extension == "wasm")
    })
}
