//! TOML files that people write, with the place of everything that is wrong in them.

use serde::de::DeserializeOwned;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 4 << 20;

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
            let message = error.message().trim().replace('\n', ", ");
            match error.span() {
                Some(span) => self.wrong(span.start, message),
                None => Wrong::whole(&self.path, message),
            }
        })
    }

    /// Something that is wrong at a byte of it.
    pub(crate) fn wrong(&self, at: usize, detail: impl fmt::Display) -> Wrong {
        let (line, column) = self.place(at);
        Wrong(format!("{}:{line}:{column}: {detail}", self.path.display()))
    }

    /// The line and the column of a byte, both from 1.
    #[must_use]
    pub fn place(&self, at: usize) -> (usize, usize) {
        let at = self.content.floor_char_boundary(at);
        let before = &self.content[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
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
