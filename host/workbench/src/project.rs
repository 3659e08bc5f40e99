//! A persona's project: a folder of files in one of the languages that personas are written in.

use chatter_protocol::PersonaId;
use serde::Deserialize;
use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
};

/// The character that a project is tried with.
pub const CHARACTER_FILE: &str = "persona.toml";
/// The folder of the built component.
pub const DIST_FOLDER: &str = "dist";
/// The folder of the cases.
pub const TESTS_FOLDER: &str = "tests";

/// What a project is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// With `persona-sdk`.
    Rust,
    /// On QuickJS or SpiderMonkey.
    JavaScript,
    /// On CPython.
    Python,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// The file that tells a project's language, and has its name.
    #[must_use]
    pub const fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }

    /// What a folder's project is written in, by its manifest.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| folder.join(language.manifest()).is_file())
    }

    /// Whether its build leaves out a file of a project, by its path from the project's folder on.
    pub(crate) fn leaves_out(self, below: &Path) -> bool {
        let name = below
            .file_name()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        let in_folder = |folders: &[&str]| {
            below
                .iter()
                .next()
                .and_then(OsStr::to_str)
                .is_some_and(|top| folders.contains(&top))
        };
        let for_people = ["README", "LICENSE", "CHANGELOG"]
            .iter()
            .any(|word| name.starts_with(word));
        (for_people && below.parent() == Some(Path::new("")))
            || match self {
                Self::Rust => in_folder(&["tests", "benches", "examples"]),
                Self::JavaScript => {
                    in_folder(&["test", "tests"])
                        || [".test.js", ".test.mjs", ".d.ts"]
                            .iter()
                            .any(|ending| name.ends_with(ending))
                        || below.ends_with("sdk/src/testkit.js")
                }
                // As `chatter_persona/build.py` has it.
                Self::Python => {
                    below.iter().any(|part| part == "tests")
                        || (name.starts_with("test_") && name.ends_with(".py"))
                        || below.ends_with("chatter_persona/testkit.py")
                }
            }
    }

    /// The folder of its template, below `persona-sdk/templates/`.
    pub(crate) const fn template(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "js",
            Self::Python => "python",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
        })
    }
}

/// A persona's project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its folder.
    pub root: PathBuf,
    /// The module's name, from the manifest.
    pub name: String,
    /// What it is written in.
    pub language: Language,
}

/// Why a folder is no project.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such folder.
    #[error("{}: there is no such folder", .0.display())]
    NoFolder(PathBuf),
    /// It has no manifest.
    #[error(
        "{}: not a persona's project: it has no Cargo.toml, package.json or pyproject.toml; `chatter persona new NAME` makes one",
        .0.display()
    )]
    NoManifest(PathBuf),
    /// The manifest can't be read.
    #[error("{}: {detail}", manifest.display())]
    Manifest {
        /// Which.
        manifest: PathBuf,
        /// Why not, and what to do.
        detail: String,
    },
}

impl Project {
    /// Recognises the project in a folder.
    ///
    /// # Errors
    ///
    /// If there is none, or its manifest does not name it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(Error::NoFolder(folder.to_owned()));
        }
        let language = Language::of(folder).ok_or_else(|| Error::NoManifest(folder.to_owned()))?;
        let manifest = folder.join(language.manifest());
        let named = std::fs::read_to_string(&manifest)
            .map_err(|error| error.to_string())
            .and_then(|text| name(language, &text));
        match named {
            Ok(name) => Ok(Self {
                root: folder.to_owned(),
                name,
                language,
            }),
            Err(detail) => Err(Error::Manifest { manifest, detail }),
        }
    }

    /// Where its component goes.
    #[must_use]
    pub fn component(&self) -> PathBuf {
        self.root
            .join(DIST_FOLDER)
            .join(format!("{}.wasm", self.name))
    }

    /// The file of the character that it is tried with.
    #[must_use]
    pub fn character(&self) -> PathBuf {
        self.root.join(CHARACTER_FILE)
    }

    /// The folder of its cases.
    #[must_use]
    pub fn tests(&self) -> PathBuf {
        self.root.join(TESTS_FOLDER)
    }
}

/// The name in a manifest, as a module's name: Python and npm allow more than that has.
fn name(language: Language, text: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Named {
        name: Option<String>,
    }
    #[derive(Deserialize)]
    struct Tables {
        package: Option<Named>,
        project: Option<Named>,
    }
    let (named, place) = match language {
        Language::JavaScript => {
            let manifest: Named = serde_json::from_str(text).map_err(|error| error.to_string())?;
            (Some(manifest), "name")
        }
        Language::Rust | Language::Python => {
            let manifest: Tables =
                toml::from_str(text).map_err(|error| error.message().trim().to_owned())?;
            match language {
                Language::Rust => (manifest.package, "package.name"),
                _ => (manifest.project, "project.name"),
            }
        }
    };
    let name = named
        .and_then(|named| named.name)
        .ok_or_else(|| format!("{place} is missing: it is the module's name"))?;
    let slug = name.replace('_', "-").to_lowercase();
    PersonaId::new(&slug).map(|_| slug).map_err(|_| {
        format!("{place}: {name:?} can't be a module's name, which is 1 to 63 of a-z, 0-9 and -")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_each_manifest_or_missed_with_its_place() {
        use Language::{JavaScript, Python, Rust};
        let cases = [
            (Rust, "[package]\nname = \"my_bird\"", Ok("my-bird")),
            (Rust, "[workspace]", Err("package.name is missing")),
            (Rust, "[package\n", Err("")),
            (JavaScript, r#"{"name":"nova","private":true}"#, Ok("nova")),
            (
                JavaScript,
                r#"{"name":"@me/nova"}"#,
                Err("name: \"@me/nova\""),
            ),
            (JavaScript, "{", Err("")),
            (Python, "[project]\nname = \"Nova\"", Ok("nova")),
            (Python, "[tool.x]\n", Err("project.name is missing")),
        ];
        for (language, manifest, expected) in cases {
            match (name(language, manifest), expected) {
                (Ok(name), Ok(expected)) => assert_eq!(name, expected, "{manifest}"),
                (Err(why), Err(expected)) => {
                    assert!(why.starts_with(expected), "{manifest}: {why}")
                }
                (got, _) => panic!("{manifest}: {got:?}"),
            }
        }
    }

    #[test]
    fn a_folder_without_a_manifest_says_how_to_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let why = Project::open(folder.path()).unwrap_err().to_string();
        assert!(why.contains("chatter persona new"), "{why}");
        let why = Project::open(&folder.path().join("x"))
            .unwrap_err()
            .to_string();
        assert!(why.contains("no such folder"), "{why}");
    }
}
