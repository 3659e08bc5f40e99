//! TOML files that people write, with the place of everything that is wrong in them.

use crate::{nearest::did_you_mean, schema_names::fields_beside};
use chatter_protocol::{Problem, Schematic};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The largest file that is read, in bytes: more than the longest blocklist of a moderation policy.
const MAX_BYTES: u64 = 64 << 20;

/// A file's text.
#[derive(Clone, Debug)]
pub struct Text {
    /// Where it is.
    pub path: PathBuf,
    /// What stands in it.
    pub content: String,
}

/// Something that is wrong with a file: one sentence with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong(pub(crate) String);

impl Wrong {
    /// Something that is wrong with a file as a whole.
    pub(crate) fn whole(path: &Path, detail: impl fmt::Display) -> Self {
        Self(format!("{}: {detail}", path.display()))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl Text {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it can't be read, is no text, or is far larger than anything that a person wrote.
    pub fn read(path: &Path) -> Result<Self, Wrong> {
        let wrong = |error: std::io::Error| {
            let detail = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                std::io::ErrorKind::InvalidData => "is not a text in UTF-8".to_owned(),
                _ => error.to_string(),
            };
            Wrong::whole(path, detail)
        };
        if fs::metadata(path).map_err(wrong)?.len() > MAX_BYTES {
            return Err(Wrong::whole(path, format!("larger than {MAX_BYTES} bytes")));
        }
        Ok(Self {
            path: path.to_owned(),
            content: fs::read_to_string(path).map_err(wrong)?,
        })
    }

    /// Reads it as TOML.
    ///
    /// # Errors
    ///
    /// Names the first place that is wrong.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Wrong> {
        toml::from_str(&self.content).map_err(|error| {
            let problem = toml_problem(&self.content, &error);
            Wrong(format!("{}{problem}", self.path.display()))
        })
    }

    /// Reads it as what has a schema.
    ///
    /// # Errors
    ///
    /// Names each field that is wrong: `configs/personas/nova.toml: traits.humour: 1.4 is more than 1`.
    pub fn checked<T: Schematic>(&self) -> Result<T, Vec<Wrong>> {
        let value = self.parse().map_err(|wrong| vec![wrong])?;
        let named = |problem| Wrong::whole(&self.path, problem);
        checked(value).map_err(|problems| problems.into_iter().map(named).collect())
    }

    /// Something that is wrong at a byte of it.
    pub(crate) fn wrong(&self, at: usize, detail: impl fmt::Display) -> Wrong {
        let (line, column) = self.place(at);
        Wrong(format!("{}:{line}:{column}: {detail}", self.path.display()))
    }

    /// The line and the column of a byte, both from 1.
    #[must_use]
    pub fn place(&self, at: usize) -> (usize, usize) {
        place(&self.content, at)
    }
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// What is wrong with a TOML text, after the file's name: `:3:7: expected ...`.
#[must_use]
pub fn toml_problem(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', ", ");
    match error.span() {
        Some(span) => {
            let (line, column) = place(text, span.start);
            format!(":{line}:{column}: {message}")
        }
        None => format!(": {message}"),
    }
}

/// What has a schema, from what it was read as; else each field that is wrong, as people write its path
/// in TOML: `traits.humour: 1.4 is more than 1`.
pub(crate) fn checked<T: Schematic>(value: Value) -> Result<T, Vec<String>> {
    T::from_value(value).map_err(|invalid| {
        let schema = T::schema();
        let told = |problem: &Problem| {
            let detail = explained(problem, &schema);
            match &*dotted(&problem.pointer) {
                "" => detail,
                field => format!("{field}: {detail}"),
            }
        };
        invalid.problems.iter().map(told).collect()
    })
}

/// A field that there is not was most likely meant to be one that there is.
fn explained(problem: &Problem, schema: &Value) -> String {
    if problem.detail != "no such field" {
        return problem.detail.clone();
    }
    let word = problem.pointer.rsplit('/').next().unwrap_or_default();
    let fields = fields_beside(schema, &problem.pointer);
    let near = did_you_mean(word, fields.iter().map(String::as_str));
    format!("{}{near}", problem.detail)
}

/// A JSON Pointer (RFC 6901) as people write the path in TOML: `/traits/humour` is `traits.humour`.
fn dotted(pointer: &str) -> String {
    pointer
        .trim_start_matches('/')
        .replace('/', ".")
        .replace("~1", "/")
        .replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let text = Text {
            path: "x.toml".into(),
            content: "é = 1\nb = \"ü\"\n".into(),
        };
        for (at, place) in [
            (0, (1, 1)),
            (1, (1, 1)),
            (2, (1, 2)),
            (7, (2, 1)),
            (99, (3, 1)),
        ] {
            assert_eq!(text.place(at), place, "{at}");
        }
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let nova = "id = \"nova\"\nname = \"Nova\"\nmodule = \"nova\"\n";
        for (more, problems) in [
            ("", &[][..]),
            (
                "colour = \"#ffffff\"\n[traits]\nhumour = 1.4\n",
                &[
                    "x.toml: colour: no such field; did you mean `color`?",
                    "x.toml: traits.humour: 1.4 is more than 1",
                ],
            ),
            ("[traits", &["x.toml:4:8: "]),
        ] {
            let text = Text {
                path: "x.toml".into(),
                content: format!("{nova}{more}"),
            };
            let found: Vec<String> = match text.checked::<chatter_protocol::PersonaConfig>() {
                Ok(_) => Vec::new(),
                Err(wrong) => wrong.iter().map(Wrong::to_string).collect(),
            };
            assert_eq!(found.len(), problems.len(), "{found:?}");
            for (found, expected) in found.iter().zip(problems) {
                assert!(found.starts_with(expected), "{found}");
            }
        }
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let text = |content: &str| Text {
            path: "x.toml".into(),
            content: content.into(),
        };
        let wrong = text("a = 1\nb = [1,\n")
            .parse::<toml::Table>()
            .unwrap_err()
            .to_string();
        assert!(wrong.starts_with("x.toml:"), "{wrong}");
        let missing = Text::read(Path::new("/nowhere/x.toml"))
            .unwrap_err()
            .to_string();
        assert_eq!(missing, "/nowhere/x.toml: there is no such file");
    }
}
