//! Personas: from `personas/NAME` to `plugins/NAME.wasm`.

mod inputs;
mod javascript;
mod python;

use crate::{
    repo,
    steps::{cargo, command, run},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "persona";

/// Projects in other languages that only tests load.
const PROJECTS_FOR_TESTS: [&str; 2] = [
    "host/runtime/tests/rascal-js",
    "host/runtime/tests/rascal-py",
];

/// Personas that only tests and benchmarks load, from cargo's own folder.
const FOR_TESTS: [&str; 3] = ["rascal", "veteran", "martyr"];

/// Builds the personas that ship and puts those that changed into `plugins/`.
pub(crate) fn build() -> Result<()> {
    build_with(&[])
}

/// The same, and builds those that tests need.
pub(crate) fn build_with_tests() -> Result<()> {
    build_with(&FOR_TESTS)?;
    let built = built();
    for folder in PROJECTS_FOR_TESTS {
        let folder = repo::root().join(folder);
        if let Some(persona) = Persona::open(folder)? {
            persona.component(&built)?;
        }
    }
    Ok(())
}

/// Compiles what ships, and what of the tests takes long, by the program, so that neither the demo nor
/// any test waits for it.
pub(crate) fn compile() -> Result<()> {
    compile_by(cargo().args(["run", "--locked", "--quiet", "--package", "chatter", "--"]))
}

/// The same, by the program as the tests have built it: their features differ, and to build it again
/// would be to build wasmtime again.
pub(crate) fn compile_by_tested() -> Result<()> {
    compile_by(&mut command(program()))
}

/// The program as the tests have built it.
pub(crate) fn program() -> PathBuf {
    let program = repo::target().join("debug").join("chatter");
    program.with_extension(std::env::consts::EXE_EXTENSION)
}

/// The environment in which components are made of Python.
#[cfg(unix)]
pub(crate) fn python_environment() -> PathBuf {
    python::folder()
}

fn compile_by(program: &mut Command) -> Result<()> {
    let built = built();
    let mut projects = find(&repo::root().join("personas"))?;
    for folder in PROJECTS_FOR_TESTS {
        projects.extend(Persona::open(repo::root().join(folder))?);
    }
    let components = projects
        .iter()
        .map(|persona| match &persona.language {
            Language::Rust { .. } => persona.component(&built),
            // Not built for this: those of the tests are not there yet when the demo starts.
            _ => Ok(built.join(format!("{}.wasm", persona.name))),
        })
        .collect::<Result<Vec<_>>>()?;
    run(program
        .args(["modules", "compile", "--into"])
        .arg(compiled())
        .args(components.iter().filter(|component| component.is_file())))
}

/// Where that goes.
pub(crate) fn compiled() -> PathBuf {
    repo::target().join("compiled")
}

/// Where cargo leaves the components of Rust, and the others are put beside them.
fn built() -> PathBuf {
    repo::target().join(TARGET).join(PROFILE)
}

fn build_with(more: &[&str]) -> Result<()> {
    let personas = find(&repo::root().join("personas"))?;
    if personas.is_empty() {
        bail!("personas/ holds no project");
    }
    let built = built();
    let mut build = cargo();
    build.args([
        "build",
        "--locked",
        "--target",
        TARGET,
        "--profile",
        PROFILE,
    ]);
    for package in personas
        .iter()
        .filter_map(|persona| match &persona.language {
            Language::Rust { package } => Some(package.as_str()),
            _ => None,
        })
        .chain(more.iter().copied())
    {
        build.args(["--package", package]);
    }
    run(&mut build)?;
    let plugins = repo::root().join("plugins");
    fs::create_dir_all(&plugins).with_context(|| format!("can't make {}", plugins.display()))?;
    for persona in &personas {
        let from = persona.component(&built)?;
        let to = plugins.join(format!("{}.wasm", persona.name));
        let changed = place(&from, &to)?;
        println!(
            "plugins/{}.wasm {}",
            persona.name,
            if changed { "is new" } else { "is up to date" }
        );
    }
    Ok(())
}

/// Runs the tests of the SDKs that are not in Rust, and of the personas that are made with them.
pub(crate) fn test() -> Result<()> {
    let personas = find(&repo::root().join("personas"))?;
    let folders = |wanted: fn(&Language) -> bool| -> Vec<PathBuf> {
        let those = personas.iter().filter(|persona| wanted(&persona.language));
        those.map(|persona| persona.folder.clone()).collect()
    };
    javascript::test(&folders(|language| {
        matches!(language, Language::JavaScript)
    }))?;
    python::test(&folders(|language| matches!(language, Language::Python)))
}

struct Persona {
    /// The folder's name, and so the module's.
    name: String,
    folder: PathBuf,
    language: Language,
}

enum Language {
    /// A cargo package of this name.
    Rust {
        package: String,
    },
    JavaScript,
    Python,
}

impl Persona {
    /// The project in a folder, if there is one.
    fn open(folder: PathBuf) -> Result<Option<Self>> {
        let Some(language) = language(&folder)? else {
            return Ok(None);
        };
        let name = folder.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        Ok(Some(Self {
            name,
            folder,
            language,
        }))
    }

    /// Its component, in the folder of those that cargo built; the others are built now, if need be.
    fn component(&self, built: &Path) -> Result<PathBuf> {
        let file = |stem: &str| built.join(format!("{stem}.wasm"));
        let component = file(&self.name);
        match &self.language {
            Language::Rust { package } => self.artefact(package, file),
            Language::JavaScript => {
                javascript::build(&self.folder, &component)?;
                Ok(component)
            }
            Language::Python => {
                python::build(&self.folder, &component)?;
                Ok(component)
            }
        }
    }

    /// What cargo made of it: a library has `_` for `-`, a program keeps it.
    fn artefact(&self, package: &str, file: impl Fn(&str) -> PathBuf) -> Result<PathBuf> {
        let names = [package, &self.name];
        names
            .iter()
            .flat_map(|name| [name.replace('-', "_"), (*name).to_owned()])
            .map(|stem| file(&stem))
            .find(|file| file.is_file())
            .with_context(|| {
                format!(
                    "personas/{} made no .wasm: does its Cargo.toml say crate-type = [\"cdylib\"]?",
                    self.name
                )
            })
    }
}

fn find(folder: &Path) -> Result<Vec<Persona>> {
    let mut personas = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    for entry in entries {
        personas.extend(Persona::open(entry?.path())?);
    }
    personas.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(personas)
}

/// What a project is written in, by the file that every tool of the language looks for.
fn language(folder: &Path) -> Result<Option<Language>> {
    let manifest = folder.join("Cargo.toml");
    if let Ok(text) = fs::read_to_string(&manifest) {
        let package = package_name(&text).with_context(|| {
            format!(
                "{}: its [package] has no `name = \"...\"`",
                manifest.display()
            )
        })?;
        return Ok(Some(Language::Rust { package }));
    }
    Ok(if folder.join("package.json").is_file() {
        Some(Language::JavaScript)
    } else if folder.join("pyproject.toml").is_file() {
        Some(Language::Python)
    } else {
        None
    })
}

/// The name in a manifest's `[package]` table.
fn package_name(manifest: &str) -> Option<String> {
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[package]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix('='))
        .map(|value| value.trim().trim_matches('"').to_owned())
}

/// Copies a file so that nobody ever sees half of it; says whether it differed.
fn place(from: &Path, to: &Path) -> Result<bool> {
    let bytes = fs::read(from).with_context(|| format!("can't read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let fresh = to.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::write(&fresh, &bytes)
        .and_then(|()| fs::rename(&fresh, to))
        .with_context(|| format!("can't write {}", to.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::package_name;

    #[test]
    fn the_package_is_found_in_its_manifest() {
        let cases = [
            ("[package]\nname = \"hype\"\n", Some("hype")),
            (
                "# x\n[package]\nedition.workspace = true\nname=\"a-b\"",
                Some("a-b"),
            ),
            ("[lib]\nname = \"x\"\n[package]\nversion = \"1\"\n", None),
            ("[package]\nversion = \"1\"\n[lib]\nname = \"x\"\n", None),
        ];
        for (manifest, name) in cases {
            assert_eq!(package_name(manifest).as_deref(), name, "{manifest:?}");
        }
    }
}
