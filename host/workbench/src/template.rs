//! New projects: from `persona-sdk/templates/` to a folder of an author's own.
//!
//! `persona-sdk/templates/README.md` says what is filled in between double braces. Everything is in
//! the program itself, so that it makes projects wherever it is.

use crate::Language;
use chatter_protocol::PersonaId;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

type Files = &'static [(&'static str, &'static str)];

/// The files of each language.
const TEMPLATES: &[(&str, Files)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Where a copy of the SDK goes; nothing is filled in there.
const SDKS: [&str; 2] = ["sdk", "chatter_persona"];

/// Where the part of a Rust manifest begins that only the root of a workspace may have.
const OF_ROOT: &str = "\n[profile.release]\n";

/// Names that Rust, or a crate that the project rests on, has taken.
const TAKEN: [&str; 8] = [
    "alloc",
    "core",
    "persona-sdk",
    "proc-macro",
    "self",
    "serde",
    "std",
    "test",
];

/// What a language or a template's code has in the place of a type's name.
const TYPES: [&str; 26] = [
    "About",
    "ChatMessage",
    "Default",
    "Deserialize",
    "Err",
    "Error",
    "False",
    "Harness",
    "Host",
    "Latest",
    "None",
    "Ok",
    "Option",
    "Persona",
    "Prompt",
    "Reply",
    "Result",
    "Self",
    "Serialize",
    "Some",
    "StreamContext",
    "String",
    "Tests",
    "True",
    "Turn",
    "Vec",
];

/// The longest title, in characters: that of a character's name.
const MAX_TITLE: usize = 40;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct New {
    /// The module's name, and the character's id.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// The folder, which is made; it may be there, if it is empty.
    pub folder: PathBuf,
    /// For Rust, the folder `persona-sdk` of a checkout of chatter; absent for the one that this
    /// program was built from, if it is still there, or else the project's repository.
    pub sdk: Option<PathBuf>,
}

/// Why no project was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be called that.
    #[error("{name:?} can't be a persona's name: {detail}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        detail: &'static str,
    },
    /// Something is there.
    #[error("{}: the folder is not empty; name another one with --dir", .0.display())]
    Occupied(PathBuf),
    /// The SDK is not where it was said to be.
    #[error("{}: there is no persona-sdk; --sdk names that folder of a checkout of chatter", .0.display())]
    NoSdk(PathBuf),
    /// The language has no template.
    #[error("there is no template for {0}")]
    NoTemplate(Language),
    /// A file can't be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Makes a project, and gives its files' paths, from its folder on.
///
/// # Errors
///
/// If the name can't be one, the folder holds something, or a file can't be written.
pub fn new(new: &New) -> Result<Vec<PathBuf>, Error> {
    check_name(&new.name, new.language)?;
    if !files(new.language)
        .iter()
        .any(|(path, _)| *path == new.language.manifest())
    {
        return Err(Error::NoTemplate(new.language));
    }
    check_folder(&new.folder)?;
    let sdk = match new.language {
        Language::Rust => rust_sdk(new.sdk.as_deref())?,
        _ => String::new(),
    };
    let mut made = Vec::new();
    for (path, text) in files(new.language) {
        let text = if is_sdk(Path::new(path)) {
            (*text).to_owned()
        } else {
            fill(text, &new.name, &sdk)
        };
        let text = match text.split_once(OF_ROOT) {
            Some((before, _)) if *path == Language::Rust.manifest() && is_member(&new.folder) => {
                before.to_owned()
            }
            _ => text,
        };
        let to = new.folder.join(path);
        let write = |to: &Path| {
            fs::create_dir_all(to.parent().unwrap_or(to))?;
            fs::write(to, &text)
        };
        write(&to).map_err(|source| Error::File { path: to, source })?;
        made.push(PathBuf::from(path));
    }
    Ok(made)
}

fn files(language: Language) -> Files {
    let folder = language.template();
    TEMPLATES
        .iter()
        .find(|(name, _)| *name == folder)
        .map_or(&[], |(_, files)| files)
}

/// Whether a file of a project belongs to the copy of its SDK.
#[must_use]
pub fn is_sdk(path: &Path) -> bool {
    SDKS.iter().any(|folder| path.starts_with(folder))
}

fn check_name(name: &str, language: Language) -> Result<(), Error> {
    let wrong = |detail| {
        let name = name.to_owned();
        Err(Error::Name { name, detail })
    };
    if PersonaId::new(name).is_err() || !name.starts_with(|first: char| first.is_ascii_lowercase())
    {
        return wrong("a name is 1 to 63 of a-z, 0-9 and -, and begins with a letter");
    }
    if language == Language::Rust && TAKEN.contains(&name) {
        return wrong("Rust has a crate of that name");
    }
    Ok(())
}

fn check_folder(folder: &Path) -> Result<(), Error> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::Occupied(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::File {
            path: folder.to_owned(),
            source,
        }),
    }
}

/// Where a Rust project finds the SDK, as a dependency says it.
fn rust_sdk(given: Option<&Path>) -> Result<String, Error> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../persona-sdk");
    let folder = given.unwrap_or(&built_from);
    if folder.join("Cargo.toml").is_file()
        && let Ok(whole) = folder.canonicalize()
    {
        return Ok(format!("path = {:?}", whole.display().to_string()));
    }
    match given {
        None => Ok(format!("git = {:?}", env!("CARGO_PKG_REPOSITORY"))),
        Some(folder) => Err(Error::NoSdk(folder.to_owned())),
    }
}

fn fill(text: &str, name: &str, sdk: &str) -> String {
    text.replace("{{name}}", name)
        .replace("{{Name}}", &type_name(name))
        .replace("{{title}}", &title(name))
        .replace("{{sdk}}", sdk)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn type_name(name: &str) -> String {
    let name: String = name.split('-').map(capital).collect();
    if TYPES.contains(&name.as_str()) {
        name + "Persona"
    } else {
        name
    }
}

fn title(name: &str) -> String {
    let words: Vec<_> = name
        .split('-')
        .filter(|word| !word.is_empty())
        .map(capital)
        .collect();
    let title: String = words.join(" ").chars().take(MAX_TITLE).collect();
    title.trim_end().to_owned()
}

/// Whether cargo takes a package in this folder for a part of the workspace of a folder above. One
/// that lists it would not build any more if the package were a workspace itself.
fn is_member(folder: &Path) -> bool {
    let Ok(folder) = std::path::absolute(folder) else {
        return false;
    };
    folder.ancestors().skip(1).any(|above| {
        let Ok(text) = fs::read_to_string(above.join("Cargo.toml")) else {
            return false;
        };
        let Ok(manifest) = toml::from_str::<toml::Table>(&text) else {
            return false;
        };
        let members = manifest
            .get("workspace")
            .and_then(|workspace| workspace.get("members"))
            .and_then(toml::Value::as_array);
        let below = folder.strip_prefix(above).unwrap_or(&folder);
        members.into_iter().flatten().any(|member| {
            let member = Path::new(member.as_str().unwrap_or_default());
            let all = member.ends_with("*") && member.parent() == below.parent();
            all || member == below
        })
    })
}

#[cfg(test)]
mod tests;
