//! Reading TOML files against the protocol's schemas.

use super::schema_names::fields_beside;
use crate::nearest::did_you_mean;
use chatter_protocol::{Problem, Schematic};
use serde_json::Value;
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
        let read = parse::<T>(&file);
        let config = read.map_err(|found| problems.extend(found)).ok();
        (file, config)
    };
    files.into_iter().map(&mut read_one).collect()
}

fn parse<T: Schematic>(file: &File) -> Result<T, Vec<String>> {
    let text = std::fs::read_to_string(&file.path)
        .map_err(|error| vec![file.problem("", error.to_string())])?;
    let value: Value = toml::from_str(&text).map_err(|error| {
        vec![format!(
            "{}{}",
            file.path.display(),
            toml_problem(&text, &error)
        )]
    })?;
    T::from_value(value).map_err(|invalid| {
        let schema = T::schema();
        invalid
            .problems
            .iter()
            .map(|problem| file.problem(&dotted(&problem.pointer), explained(problem, &schema)))
            .collect()
    })
}

/// A field that there is not was most likely meant to be one that there is.
fn explained(problem: &Problem, schema: &Value) -> String {
    if problem.detail != "no such field" {
        return problem.detail.clone();
    }
    let word = problem.pointer.rsplit('/').next().unwrap_or_default();
    let fields = fields_beside(schema, &problem.pointer);
    format!(
        "{}{}",
        problem.detail,
        did_you_mean(word, fields.iter().map(String::as_str))
    )
}

/// A JSON Pointer (RFC 6901) as people write the path in TOML: `/traits/humour` is `traits.humour`.
fn dotted(pointer: &str) -> String {
    pointer
        .trim_start_matches('/')
        .replace('/', ".")
        .replace("~1", "/")
        .replace("~0", "~")
}

/// What is wrong with a TOML text, after the file's name: `:3:7: expected ...`.
pub(crate) fn toml_problem(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', ", ");
    match error.span() {
        Some(span) => {
            let before = text.get(..span.start.min(text.len())).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            format!(":{line}:{column}: {message}")
        }
        None => format!(": {message}"),
    }
}
