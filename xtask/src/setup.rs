//! What must be on the machine before anything is built.

use crate::steps::{cargo, command, output, run};
use anyhow::{Context, Result, bail};
use std::path::Path;

const TARGET: &str = "wasm32-wasip2";

/// The oldest Node.js that the page's build tool runs on.
const NODE: (u32, u32) = (20, 19);

/// The oldest Python that the personas' SDK runs on.
const PYTHON: (u32, u32) = (3, 11);

/// A program of the system, and the Debian packages that bring it.
struct Tool {
    /// The names it goes by; one of them is enough.
    programs: &'static [&'static str],
    /// The variable that may name another one.
    variable: Option<&'static str>,
    packages: &'static [&'static str],
    needed_for: &'static str,
}

const COMPILERS: &[Tool] = &[
    Tool {
        programs: &["cc"],
        variable: None,
        packages: &["gcc", "libc6-dev"],
        needed_for: "SQLite and the TLS library, which are written in C",
    },
    Tool {
        programs: &["c++"],
        variable: None,
        packages: &["g++"],
        needed_for: "whisper.cpp, which is written in C++",
    },
    Tool {
        programs: &["cmake"],
        variable: None,
        packages: &["cmake", "make"],
        needed_for: "building whisper.cpp",
    },
];

/// What the Rust tests start; they look for it under these names.
const SERVERS: &[Tool] = &[Tool {
    programs: &["redis-server"],
    variable: None,
    packages: &["redis-server"],
    needed_for: "the tests of bus and store on Redis",
}];

/// What reads sources with sound and pictures.
const MEDIA: &[Tool] = &[Tool {
    programs: &["ffmpeg"],
    variable: None,
    packages: &["ffmpeg"],
    needed_for: "listening to streams",
}];

const PERSONAS: &[Tool] = &[Tool {
    programs: &["python3"],
    variable: None,
    packages: &["python3", "python3-venv"],
    needed_for: "personas in Python",
}];

const NODE_TOOLS: &[Tool] = &[
    Tool {
        programs: &["node"],
        variable: None,
        packages: &["nodejs"],
        needed_for: "the page, and personas in JavaScript",
    },
    Tool {
        programs: &["npm"],
        variable: None,
        packages: &["npm"],
        needed_for: "the page, and personas in JavaScript",
    },
];

/// What speaks in the tests of speech recognition.
const VOICES: &[Tool] = &[Tool {
    programs: &["espeak-ng"],
    variable: None,
    packages: &["espeak-ng"],
    needed_for: "speech that nobody has to record",
}];

/// What makes the sounds that speech recognition is measured with.
const SOUNDS: &[Tool] = &[
    Tool {
        programs: &["ffmpeg"],
        variable: None,
        packages: &["ffmpeg"],
        needed_for: "decoding recordings",
    },
    Tool {
        programs: &["apt-get"],
        variable: None,
        packages: &["apt"],
        needed_for: "a package with music, so this runs on Debian and Ubuntu alone",
    },
];

/// `ui/e2e/support/chromium.ts` looks for it under the same names.
const BROWSER: &[Tool] = &[Tool {
    programs: &["chromium", "chromium-browser", "google-chrome"],
    variable: Some("CHROMIUM"),
    packages: &["chromium", "fonts-noto-color-emoji"],
    needed_for: "the page's tests in a browser",
}];

/// All of it.
pub(crate) fn everything() -> Result<()> {
    personas()?;
    servers()?;
    browser()
}

/// What the Rust tests need beside what builds them.
pub(crate) fn servers() -> Result<()> {
    tools(SERVERS)?;
    tools(VOICES)?;
    listening()
}

/// What listening to a stream needs.
pub(crate) fn listening() -> Result<()> {
    tools(MEDIA)
}

/// What measuring speech recognition needs beside what builds it.
pub(crate) fn recordings() -> Result<()> {
    tools(VOICES)?;
    tools(SOUNDS)
}

/// What building and running needs, and so what the personas need: they are in three languages.
pub(crate) fn personas() -> Result<()> {
    toolchain()?;
    node()?;
    python()
}

/// What the page's tests in a browser need beside what builds it.
pub(crate) fn browser() -> Result<()> {
    tools(BROWSER)
}

/// What the Rust crates need.
pub(crate) fn toolchain() -> Result<()> {
    tools(COMPILERS)?;
    target(TARGET)
}

/// What the page needs.
pub(crate) fn node() -> Result<()> {
    tools(NODE_TOOLS)?;
    let version = output(command("node").arg("--version")).unwrap_or_default();
    if numbers(&version) < NODE {
        bail!(
            "Node.js is {version}, and the page's build needs {}.{} or newer: install a current one, \
             for instance from https://nodejs.org",
            NODE.0,
            NODE.1
        );
    }
    Ok(())
}

/// What the personas in Python need: the interpreter, and the module that makes environments, which
/// Debian puts into a package of its own.
pub(crate) fn python() -> Result<()> {
    tools(PERSONAS)?;
    let version = output(
        command("python3").args(["-c", "import sys; print(*sys.version_info[:2], sep='.')"]),
    )
    .unwrap_or_default();
    if numbers(&version) < PYTHON {
        bail!(
            "Python is {version}, and the personas' SDK needs {}.{} or newer: install a current one, for instance \
             from https://python.org",
            PYTHON.0,
            PYTHON.1
        );
    }
    let environments = || output(command("python3").args(["-c", "import ensurepip, venv"]));
    if environments().is_none() {
        install(
            &["python3-venv"],
            "Python's module venv (for personas in Python)",
        )?;
    }
    if environments().is_none() {
        bail!(
            "Python {version} makes no environments: `python3 -c 'import ensurepip, venv'` fails. On Debian and \
             Ubuntu: sudo apt-get install python{version}-venv"
        );
    }
    Ok(())
}

/// The first two numbers of a version.
fn numbers(version: &str) -> (u32, u32) {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// A Rust target. That of personas is part of `rust-toolchain.toml`, but rustup may be told not to
/// install by itself.
pub(crate) fn target(name: &str) -> Result<()> {
    let library = output(command("rustc").args(["--print", "target-libdir", "--target", name]));
    if library.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    run(command("rustup").args(["target", "add", name])).with_context(|| {
        format!(
            "the Rust target {name} is missing; install it with `rustup target add {name}`, \
             or with the package manager that your Rust came from"
        )
    })
}

fn tools(tools: &[Tool]) -> Result<()> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !tool.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|tool| tool.packages.iter().copied())
        .collect();
    let wanted: Vec<String> = missing
        .iter()
        .map(|tool| {
            format!(
                "`{}` (for {})",
                tool.programs.join("` or `"),
                tool.needed_for
            )
        })
        .collect();
    install(&packages, &wanted.join(", "))
}

/// Installs Debian packages, or says how one does who may.
fn install(packages: &[&str], wanted: &str) -> Result<()> {
    let is_root = || output(command("id").arg("-u")).as_deref() == Some("0");
    if !Path::new("/etc/debian_version").exists() || !is_root() {
        bail!(
            "missing: {wanted}. On Debian and Ubuntu: sudo apt-get install {}",
            packages.join(" ")
        );
    }
    let apt = |arguments: &[&str]| {
        run(command("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments))
    };
    apt(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    apt(&install)
}

impl Tool {
    fn is_there(&self) -> bool {
        let named = self.variable.and_then(std::env::var_os);
        // Whether what the variable names is a program is for the one who uses it to say.
        named.is_some_and(|name| !name.is_empty())
            || self.programs.iter().any(|program| is_there(program))
    }
}

fn is_there(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|folder| {
        folder.join(program).is_file()
            || folder
                .join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
                .is_file()
    })
}

/// A cargo subcommand that is not part of the toolchain, installed if it is missing.
pub(crate) fn cargo_subcommand(name: &str) -> Result<()> {
    let program = format!("cargo-{name}");
    if is_there(&program) {
        return Ok(());
    }
    run(cargo().args(["install", "--locked", &program]))
}
