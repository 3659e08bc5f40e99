//! What is tried, tested or measured: a project's component or a bare one, with a character.

use crate::{Project, character, project, text::Wrong, watch};
use chatter_protocol::PersonaConfig;
use std::path::{Path, PathBuf};

/// A component and who it is tried as.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The component.
    pub component: PathBuf,
    /// The module's name.
    pub module: String,
    /// The character.
    pub persona: PersonaConfig,
    /// The folder of its cases, whether it is there or not.
    pub cases: PathBuf,
    /// A source that was saved after the component was built, if there is one.
    pub newer: Option<PathBuf>,
}

impl Subject {
    /// Finds out what is meant by a project's folder or a component's file. Without `character` a
    /// component is tried as the `persona.toml` beside it or beside its folder `dist`, or else as
    /// somebody made up.
    ///
    /// # Errors
    ///
    /// If there is no component, or its character is wrong.
    pub fn open(path: &Path, character: Option<&Path>) -> Result<Self, Wrong> {
        let mut newer = None;
        let (component, module, root) = if path.is_dir() {
            let project = Project::open(path).map_err(|error| Wrong(error.to_string()))?;
            let component = project.component();
            if !component.is_file() {
                return Err(Wrong::whole(
                    &component,
                    format!(
                        "is not there; build it by `chatter persona build {}`, or name a component's file",
                        path.display()
                    ),
                ));
            }
            newer = newer_source(path, &component);
            (component, project.name, path.to_owned())
        } else {
            let module = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            if !path.is_file() {
                return Err(Wrong::whole(
                    path,
                    "is neither a component's file nor a project's folder",
                ));
            }
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let root = match folder.file_name() {
                Some(name) if name == project::DIST_FOLDER => {
                    folder.parent().unwrap_or(Path::new("")).to_owned()
                }
                _ => folder,
            };
            (path.to_owned(), module, root)
        };
        let beside = root.join(project::CHARACTER_FILE);
        let persona = match character {
            Some(file) => character::read(file)?,
            None if beside.is_file() => character::read(&beside)?,
            None => character::made_up(&module)?,
        };
        // Whatever its name, it is this component that it is tried on.
        character::made_up(&module)?;
        Ok(Self {
            component,
            module,
            persona,
            cases: root.join(project::TESTS_FOLDER),
            newer,
        })
    }
}

/// A file that was saved after the component was built, and goes into it.
fn newer_source(root: &Path, component: &Path) -> Option<PathBuf> {
    let saved = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    let built = saved(component)?;
    watch::sources(root)
        .into_iter()
        .filter(|path| watch::is_built(root, path))
        .find(|path| saved(path).is_some_and(|saved| saved > built))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_a_file_and_neither() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let why = |path: &Path| Subject::open(path, None).unwrap_err().to_string();
        assert!(why(&at("none")).contains("neither"));
        fs::write(at("Cargo.toml"), "[package]\nname = \"nova\"\n").unwrap();
        assert!(why(folder.path()).contains("chatter persona build"));

        fs::create_dir(at("dist")).unwrap();
        fs::write(at("dist/nova.wasm"), "").unwrap();
        let subject = Subject::open(folder.path(), None).unwrap();
        assert_eq!(subject.persona.name, "Nova");
        fs::write(
            at("persona.toml"),
            "id = \"nova\"\nname = \"La Nova\"\nmodule = \"nova\"\n",
        )
        .unwrap();
        for path in [folder.path().to_owned(), at("dist/nova.wasm")] {
            let subject = Subject::open(&path, None).unwrap();
            assert_eq!(
                (&*subject.persona.name, &*subject.module),
                ("La Nova", "nova")
            );
            assert_eq!(subject.cases, at("tests"));
        }
        assert_eq!(Subject::open(folder.path(), None).unwrap().newer, None);
        let save = |name: &str, content: &str| {
            fs::write(at(name), content).unwrap();
            let later = fs::metadata(at("dist/nova.wasm"))
                .and_then(|about| about.modified())
                .unwrap()
                + std::time::Duration::from_secs(60);
            fs::File::options()
                .write(true)
                .open(at(name))
                .unwrap()
                .set_modified(later)
                .unwrap();
        };
        fs::create_dir_all(at("tests")).unwrap();
        fs::create_dir_all(at("src")).unwrap();
        save("tests/first.toml", "");
        assert_eq!(Subject::open(folder.path(), None).unwrap().newer, None);
        save("src/lib.rs", "");
        let newer = Subject::open(folder.path(), None).unwrap().newer;
        assert_eq!(newer, Some(at("src/lib.rs")));

        fs::write(at("persona.toml"), "id = 1").unwrap();
        assert!(why(folder.path()).contains("persona.toml: "));
    }
}
