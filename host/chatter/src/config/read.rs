//! Reading TOML files against the protocol's schemas.

use chatter_protocol::Schematic;
use chatter_workbench::{Text, Wrong};
use std::path::{Path, PathBuf};

/// A file of the configuration.
#[derive(Debug)]
pub(super) struct File {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its name without `.toml`.
    pub(super) stem: String,
    /// The folder it is in, if that is one below the kind's own.
    pub(super) parent: Option<String>,
}

impl File {
    /// The folder that its relative paths start at.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A place in it, for people.
    pub(super) fn place(&self, field: &str) -> String {
        if field.is_empty() {
            self.path.display().to_string()
        } else {
            format!("{}: {field}", self.path.display())
        }
    }

    /// Something that is wrong at a place in it.
    pub(super) fn problem(&self, field: &str, detail: String) -> String {
        format!("{}: {detail}", self.place(field))
    }
}

/// The `.toml` files of a folder and, if `nested`, of the folders in it, in order of their paths. A
/// folder that is not there holds none.
pub(super) fn files(folder: &Path, nested: bool, problems: &mut Vec<String>) -> Vec<File> {
    let mut found = Vec::new();
    collect(folder, None, nested, &mut found, problems);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(
    folder: &Path,
    parent: Option<&str>,
    nested: bool,
    found: &mut Vec<File>,
    problems: &mut Vec<String>,
) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return problems.push(format!("{}: {error}", folder.display())),
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let Some(stem) = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
        else {
            continue;
        };
        if stem.starts_with('.') {
            continue;
        }
        if nested && path.is_dir() {
            collect(&path, Some(&stem), false, found, problems);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            found.push(File {
                path,
                stem,
                parent: parent.map(str::to_owned),
            });
        }
    }
}

/// Reads files of one kind; what is wrong with each goes to `problems`.
pub(super) fn read<T: Schematic>(
    files: Vec<File>,
    problems: &mut Vec<String>,
) -> Vec<(File, Option<T>)> {
    let mut read_one = |file: File| {
        let text = Text::read(&file.path).map_err(|wrong| vec![wrong]);
        let config = text
            .and_then(|text| text.checked())
            .map_err(|wrong| problems.extend(wrong.iter().map(Wrong::to_string)))
            .ok();
        (file, config)
    };
    files.into_iter().map(&mut read_one).collect()
}
