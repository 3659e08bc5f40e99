//! The cases of a component, played one after the other.

use super::{Report, format::File, memory, model::Scripted, play::Play};
use crate::{
    Loaded, Subject, character, rehearsal,
    text::{Text, Wrong},
};
use chatter_protocol::{PersonaConfig, Tuning};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// The cases of one component.
#[derive(Clone, Debug)]
pub struct Suite {
    /// What is tested.
    pub subject: Subject,
    /// The files of the cases.
    pub files: Vec<PathBuf>,
    /// Only those whose name or file holds this.
    pub filter: Option<String>,
    /// Where compiled components are kept.
    pub cache: PathBuf,
}

/// What became of a suite.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The cases that were played.
    pub reports: Vec<Report>,
    /// How many were left out by the filter.
    pub left_out: usize,
}

/// The files of the cases in a folder, in order of their names.
///
/// # Errors
///
/// If the folder can't be read or holds none.
pub fn find(folder: &Path) -> Result<Vec<PathBuf>, Wrong> {
    let wrong = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Wrong::whole(
            folder,
            "there is no such folder; put cases into it as NAME.toml, or name another with --cases DIR",
        ),
        _ => Wrong::whole(folder, error),
    };
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !hidden
            && path
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Wrong::whole(
            folder,
            "holds no case; each is a file NAME.toml",
        ));
    }
    files.sort();
    Ok(files)
}

/// Plays the cases of a suite one after the other, and tells of each as soon as it is known. Time is the
/// cases': it passes between their steps, and stands still while calls run.
///
/// # Errors
///
/// Everything that is wrong with the files, or why the component can't be called. Nothing is played
/// then.
pub fn run(suite: &Suite, tell: impl FnMut(&Report)) -> Result<Ran, Vec<Wrong>> {
    let executor =
        rehearsal::executor(true).map_err(|error| vec![Wrong(format!("can't start: {error}"))])?;
    let ran = executor.block_on(play_all(suite, tell));
    executor.shutdown_background();
    ran
}

async fn play_all(suite: &Suite, mut tell: impl FnMut(&Report)) -> Result<Ran, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let mut cases = Vec::new();
    for file in &suite.files {
        match Case::read(file, &suite.subject) {
            Ok(case) => cases.push(case),
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let all = cases.len();
    if let Some(word) = &suite.filter {
        cases.retain(|case| {
            case.name.contains(word) || case.text.path.to_string_lossy().contains(word)
        });
    }
    let left_out = all - cases.len();
    let model = Arc::new(Scripted::default());
    let memory = memory::Scripted::new().map_err(|error| vec![Wrong(error.to_string())])?;
    let memory = Arc::new(memory);
    let loaded = Loaded::load(&suite.subject, &suite.cache, model.clone(), memory.clone())
        .await
        .map_err(|error| vec![error])?;
    let mut reports = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let started = Instant::now();
        model.script(&case.file.llm);
        let mut play = Play::new(case, number, &suite.subject.module, &loaded, &memory)
            .map_err(|error| vec![error])?;
        let failures = play.all().await.map_err(|error| vec![error])?;
        let report = Report {
            file: case.text.path.clone(),
            text: case.text.content.as_str().into(),
            name: case.name.clone(),
            failures,
            steps: case.file.step.len(),
            took: started.elapsed(),
        };
        tell(&report);
        reports.push(report);
    }
    Ok(Ran { reports, left_out })
}

/// A case that was read.
pub(super) struct Case {
    pub(super) text: Text,
    pub(super) file: File,
    name: String,
    pub(super) persona: PersonaConfig,
    pub(super) tuning: Tuning,
}

impl Case {
    fn read(path: &Path, subject: &Subject) -> Result<Self, Wrong> {
        let text = Text::read(path)?;
        let file: File = text.parse()?;
        file.check(&text)?;
        let changes = file.with.as_ref();
        let own = file.persona.as_ref().map(|persona| persona.get_ref());
        let beside = Path::new("../persona.toml");
        let character = path
            .parent()
            .unwrap_or(Path::new(""))
            .join(own.map_or(beside, |own| own.as_path()));
        let persona = if own.is_some() || character.is_file() {
            character::with(
                &Text::read(&character).map_err(|error| match &file.persona {
                    Some(named) => text.wrong(named.span().start, error),
                    None => error,
                })?,
                changes.map(|changes| changes.get_ref()),
            )
        } else {
            character::changed(&subject.persona, changes.map(|changes| changes.get_ref()))
        }
        .map_err(|error| match changes {
            Some(changes) => text.wrong(changes.span().start, format!("with this, {error}")),
            None => error,
        })?;
        let name = file.name.clone().unwrap_or_else(|| {
            path.file_stem()
                .map(|stem| stem.to_string_lossy().replace(['-', '_'], " "))
                .unwrap_or_default()
        });
        let tuning = file.tuning(&text)?;
        Ok(Self {
            tuning,
            text,
            file,
            name,
            persona,
        })
    }
}
