//! `chatter persona new`.

use crate::Failure;
use anstyle::Style;
use chatter_workbench::{
    Language,
    template::{self, New},
};
use clap::{Args, ValueEnum};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
#[command(after_help = "\
Example, from nothing to a persona in the chat:
  chatter persona new nova
  chatter serve --watch nova")]
pub(crate) struct NewOptions {
    /// The module's name: a-z, 0-9 and -
    pub(crate) name: String,
    /// What it is written in
    #[arg(long, value_enum, default_value_t)]
    pub(crate) lang: Lang,
    /// The folder that is made [default: one of that name, here]
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// For Rust: the folder persona-sdk of a checkout of chatter [default: of the one that this
    /// program was built from, or else chatter's repository]
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Lang {
    /// Rust
    #[default]
    Rust,
    /// JavaScript
    #[value(alias = "javascript")]
    Js,
    /// Python
    Python,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::Js => Self::JavaScript,
            Lang::Python => Self::Python,
        }
    }
}

pub(crate) fn run(options: NewOptions) -> Result<(), Failure> {
    let folder = options.dir.unwrap_or_else(|| PathBuf::from(&options.name));
    let new = New {
        language: options.lang.into(),
        name: options.name,
        folder,
        sdk: options.sdk,
    };
    let made = template::new(&new).map_err(|error| match error {
        template::Error::File { .. } => Failure::failed(error),
        error => Failure::usage(error.to_string()),
    })?;
    let _ = tell(&new, &made);
    Ok(())
}

fn tell(new: &New, made: &[PathBuf]) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    let bold = Style::new().bold();
    let folder = new.folder.display().to_string();
    writeln!(out, "{bold}{folder}{bold:#}: a persona in {}", new.language)?;
    let (sdk, own): (Vec<_>, Vec<_>) = made.iter().partition(|file| template::is_sdk(file));
    for file in own {
        writeln!(out, "  {:<20} {}", file.display(), what(file))?;
    }
    if let Some(folder) = sdk.first().and_then(|file| file.iter().next()) {
        let folder = format!("{}/", folder.to_string_lossy());
        writeln!(out, "  {folder:<20} a copy of the SDK")?;
    }
    // As a shell wants it.
    let folder = if folder.contains(' ') {
        format!("\"{folder}\"")
    } else {
        folder
    };
    writeln!(out, "\nNext:")?;
    for (command, purpose) in [
        (
            "serve --watch",
            "it speaks in main/lobby, and every save is heard there",
        ),
        ("persona build", "its component, in dist/"),
        ("persona check", "is everything about it right?"),
    ] {
        writeln!(
            out,
            "  {bold}{:<34}{bold:#} {purpose}",
            format!("chatter {command} {folder}")
        )?;
    }
    Ok(())
}

/// What a file is for.
fn what(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        _ if file.ends_with("persona.toml") => "the character that it is tried with",
        Some("toml") if file.starts_with("tests") => "cases: what happens, and what it should say",
        _ if file.starts_with("test") || file.ends_with("test_persona.py") => "its tests",
        Some("rs" | "js" | "py") => "what it does",
        _ => "",
    }
}
