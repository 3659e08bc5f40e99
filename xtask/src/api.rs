//! The API beside what `/openapi.json` says of it: Schemathesis makes requests of the document, right ones
//! and wrong ones, and looks at each answer's status, type and content.

use crate::{
    personas, python, repo, setup,
    steps::{command, run},
};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Any that is long enough.
const TOKEN: &str = "the-operator-of-the-tested-program";

/// The same requests each time, unless `--seed` names others.
const SEED: &str = "1";

/// One way to look at all of it.
struct Look {
    name: &'static str,
    /// Asks as the operator, or as somebody without a token.
    as_operator: bool,
    /// For the rooms that are there, or for any.
    in_rooms: bool,
    arguments: &'static [&'static str],
}

const LOOKS: &[Look] = &[
    Look {
        name: "as the operator",
        as_operator: true,
        in_rooms: true,
        arguments: &[
            "--phases",
            "examples,coverage,fuzzing,stateful",
            "--max-examples",
            "30",
        ],
    },
    Look {
        name: "as a guest",
        as_operator: false,
        in_rooms: true,
        arguments: &["--phases", "coverage,fuzzing", "--max-examples", "15"],
    },
    Look {
        name: "for rooms that aren't there",
        as_operator: true,
        in_rooms: false,
        arguments: &[
            "--phases",
            "coverage",
            "--include-path-regex",
            r"\{room\}",
            "--warnings",
            "off",
        ],
    },
];

/// Tries the program out as the tests have built it; `more` goes to Schemathesis.
pub(crate) fn test(more: &[&str]) -> Result<()> {
    let schemathesis = schemathesis()?;
    let server = Server::start()?;
    let config = repo::root().join("xtask/src/api/schemathesis.toml");
    for look in LOOKS {
        println!("\nThe API {}", look.name);
        let mut schemathesis = command(&schemathesis);
        if look.in_rooms {
            schemathesis.arg("--config-file").arg(&config);
        }
        schemathesis
            .arg("run")
            .arg(format!("{}/openapi.json", server.address))
            .arg("--continue-on-failure");
        if !more.contains(&"--seed") {
            schemathesis.args(["--seed", SEED]);
        }
        if look.as_operator {
            schemathesis
                .arg("--header")
                .arg(format!("Authorization: Bearer {TOKEN}"));
        }
        // What it keeps of its runs stays out of the sources.
        schemathesis
            .args(look.arguments)
            .args(more)
            .current_dir(folder());
        run(&mut schemathesis).with_context(|| format!("the API {}", look.name))?;
    }
    Ok(())
}

/// Schemathesis, installed if it isn't yet.
fn schemathesis() -> Result<PathBuf> {
    setup::python()?;
    let wanted = repo::root().join("xtask/src/api/requirements.txt");
    let python = python::environment(&folder().join("python"), &wanted)?;
    Ok(python.with_file_name(format!("schemathesis{}", std::env::consts::EXE_SUFFIX)))
}

fn folder() -> PathBuf {
    repo::target().join("api")
}

/// The program with the shipped rooms, whose personas have no modules and so say nothing. Ends with its
/// owner.
struct Server {
    process: Child,
    /// `http://127.0.0.1:PORT`
    address: String,
}

impl Server {
    fn start() -> Result<Self> {
        let home = folder().join("home");
        if home.exists() {
            fs::remove_dir_all(&home)
                .with_context(|| format!("can't remove {}", home.display()))?;
        }
        let modules = home.join("plugins");
        fs::create_dir_all(&modules)
            .with_context(|| format!("can't make {}", modules.display()))?;
        let said = folder().join("program.log");
        let log = File::create(&said).with_context(|| format!("can't write {}", said.display()))?;
        let mut process = serve(&home, &modules)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("can't start the program: `cargo test --workspace --no-run` builds it")?;
        let stdout = process.stdout.take();
        let address = stdout.and_then(|stdout| {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
        });
        let Some(address) = address else {
            let _ = process.kill();
            let _ = process.wait();
            let why = fs::read_to_string(&said).unwrap_or_default();
            bail!("the program did not start: {}", why.trim())
        };
        Ok(Self { process, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(home: &Path, modules: &Path) -> Command {
    let mut program = command(personas::program());
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CHATTER_"))
        {
            program.env_remove(name);
        }
    }
    program
        .args(["serve", "--listen", "127.0.0.1:0", "--source", "browser:"])
        .arg("--data")
        .arg(home.join("data"))
        .arg("--plugins")
        .arg(modules)
        .env("CHATTER_OPERATOR_TOKEN", TOKEN);
    program
}
