//! Watching a project: its author saves, and it is time to build.

use crate::project::{CHARACTER_FILE, Language, TESTS_FOLDER};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

/// Folders that tools write to. They are not watched: a build would be followed by the next.
const TOOLS: [&str; 6] = [
    "target",
    "dist",
    "node_modules",
    "build",
    "__pycache__",
    "venv",
];

/// An editor writes a file in several steps, and a whole project's files one after the other: so long
/// must it be quiet before one looks.
const QUIET: Duration = Duration::from_millis(60);

/// Why the system can't watch.
pub use notify::Error;

/// A project that is watched, until this is dropped.
pub struct Watch {
    root: PathBuf,
    watcher: RecommendedWatcher,
    changed: mpsc::Receiver<()>,
    /// Something was saved that nobody has been told of.
    pending: bool,
}

impl Watch {
    /// Watches a project's folder.
    ///
    /// # Errors
    ///
    /// If the system can't watch it.
    pub fn start(root: &Path) -> Result<Self, Error> {
        let root = root.canonicalize().map_err(Error::io)?;
        // One that is waiting already stands for all that come after it.
        let (tell, changed) = mpsc::channel(1);
        let top = root.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let of_author = match event {
                Ok(event) => {
                    !matches!(event.kind, EventKind::Access(_))
                        && event
                            .paths
                            .iter()
                            .any(|path| is_source(&top, path) && is_built(&top, path))
                }
                // Events were lost: there may have been one.
                Err(_) => true,
            };
            if of_author {
                let _ = tell.try_send(());
            }
        })?;
        let mut watch = Self {
            root,
            watcher,
            changed,
            pending: false,
        };
        // Not the whole tree at once: the folders of tools hold thousands.
        watch
            .watcher
            .watch(&watch.root, RecursiveMode::NonRecursive)?;
        watch.add_folders()?;
        Ok(watch)
    }

    /// Waits until something was saved, and then until it is quiet. Whoever stops waiting misses
    /// nothing: what was saved until then is told to who waits next.
    ///
    /// # Errors
    ///
    /// If the system can't watch a folder that was made.
    pub async fn changed(&mut self) -> Result<(), Error> {
        if !self.pending {
            if self.changed.recv().await.is_none() {
                // The watcher's thread has ended: nothing will ever come.
                std::future::pending::<()>().await;
            }
            self.pending = true;
        }
        while let Ok(Some(())) = timeout(QUIET, self.changed.recv()).await {}
        // What is in a new folder by now is part of this change.
        self.add_folders()?;
        self.pending = false;
        Ok(())
    }

    /// Watches the folders in the project, with all that is in them. All each time: the watch of one
    /// that was removed is gone, also if another has its name now.
    fn add_folders(&mut self) -> Result<(), Error> {
        for folder in folders(&self.root).map_err(Error::io)? {
            match self.watcher.watch(&folder, RecursiveMode::Recursive) {
                // Gone again.
                Err(_) if !folder.exists() => {}
                watched => watched?,
            }
        }
        Ok(())
    }
}

/// The folders in a project that are its author's.
fn folders(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() && is_source(root, &path) {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// The files in a project that are its author's, and can be read.
pub(crate) fn sources(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            // What a link leads to may be anything, and a circle.
            match entry.file_type() {
                Ok(kind) if !is_source(root, &path) || kind.is_symlink() => {}
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) => files.push(path),
                Err(_) => {}
            }
        }
    }
    files
}

/// Whether a path in a project is its author's: not a tool's, hidden, or an editor's copy.
fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix(root) else {
        return false;
    };
    let mut names = below.iter().filter_map(OsStr::to_str).peekable();
    let top = names.peek().copied().unwrap_or_default();
    // Locks are written by the build itself.
    let of_tools = TOOLS.contains(&top) || top == "Cargo.lock" || top == "package-lock.json";
    !top.is_empty()
        && !of_tools
        && names.all(|name| {
            !name.starts_with('.')
                && !name.ends_with(['~', '#'])
                && !["swp", "swx", "tmp"]
                    .iter()
                    .any(|ending| Path::new(name).extension() == Some(OsStr::new(ending)))
                && name != "__pycache__"
                && name != "4913"
        })
}

/// Whether a source goes into the component. The character and the cases are read as they are, and
/// each language's build leaves out something more.
pub(crate) fn is_built(root: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path);
    below != Path::new(CHARACTER_FILE)
        && !below.starts_with(TESTS_FOLDER)
        && !Language::of(root).is_some_and(|language| language.leaves_out(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_leaves_out_is_nothing_to_build() {
        let all = [
            ("persona.toml", false),
            ("tests/first.toml", false),
            ("tests", false),
            ("README.md", false),
            ("LICENSE", false),
            ("src", true),
        ];
        let rust = [
            ("src/lib.rs", true),
            ("src/words.md", true),
            ("src/words.toml", true),
            ("words/a.md", true),
            ("Cargo.toml", true),
            ("build.rs", true),
            ("tests/calls.rs", false),
            ("benches/calls.rs", false),
            ("examples/calls.rs", false),
        ];
        let javascript = [
            ("src/persona.js", true),
            ("package.json", true),
            ("sdk/src/line.js", true),
            ("src/tests.js", true),
            ("test/persona.test.js", false),
            ("src/persona.test.mjs", false),
            ("sdk/index.d.ts", false),
            ("sdk/src/testkit.js", false),
        ];
        let python = [
            ("persona.py", true),
            ("pyproject.toml", true),
            ("words/latest.py", true),
            ("chatter_persona/line.py", true),
            ("test_persona.py", false),
            ("words/test_words.py", false),
            ("words/tests/words.py", false),
            ("chatter_persona/testkit.py", false),
        ];
        for (language, own) in [
            (Language::Rust, &rust[..]),
            (Language::JavaScript, &javascript),
            (Language::Python, &python),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            fs::write(root.join(language.manifest()), "").unwrap();
            for (path, built) in all.iter().chain(own) {
                let is = is_built(root, &root.join(path));
                assert_eq!(is, *built, "{language}: {path}");
            }
        }
    }

    #[test]
    fn what_an_author_saves_is_told_from_what_tools_write() {
        for (path, source) in [
            ("src/lib.rs", true),
            ("persona.toml", true),
            ("src/target/lib.rs", true),
            ("target/debug/x", false),
            ("dist/nova.wasm", false),
            ("node_modules/a/b.js", false),
            (".git/HEAD", false),
            ("src/.lib.rs.swp", false),
            ("src/lib.rs~", false),
            ("src/__pycache__/x.pyc", false),
            ("venv/lib/python3.11/site.py", false),
            ("Cargo.lock", false),
            ("", false),
        ] {
            assert_eq!(
                is_source(Path::new("/p"), &Path::new("/p").join(path)),
                source,
                "{path}"
            );
        }
        assert!(!is_source(Path::new("/p"), Path::new("/q/src/lib.rs")));
    }

    /// Long enough for a machine that is busy; nothing waits so long if it works.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_save_is_heard_also_in_a_folder_that_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("src")).unwrap();
        let mut watch = Watch::start(root).unwrap();
        fs::write(root.join("src/lib.rs"), "1").unwrap();
        heard(&mut watch, "a save in a folder").await;
        fs::create_dir(root.join("more")).unwrap();
        heard(&mut watch, "a new folder").await;
        fs::write(root.join("more/a.rs"), "1").unwrap();
        heard(&mut watch, "a save in the new folder").await;
    }

    #[tokio::test]
    async fn a_save_is_heard_in_a_folder_that_was_removed_and_made_again() {
        type Replace = fn(&Path);
        let ways: [(&str, Replace); 2] = [
            ("removed", |root| {
                fs::remove_dir_all(root.join("src")).unwrap();
                fs::create_dir(root.join("src")).unwrap();
            }),
            ("moved away", |root| {
                fs::rename(root.join("src"), root.join(".old")).unwrap();
                fs::create_dir(root.join("src")).unwrap();
            }),
        ];
        for (how, replace) in ways {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            fs::create_dir(root.join("src")).unwrap();
            let mut watch = Watch::start(root).unwrap();
            replace(root);
            heard(&mut watch, how).await;
            fs::write(root.join("src/lib.rs"), "1").unwrap();
            heard(&mut watch, &format!("a save in a folder that was {how}")).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_save_is_told_though_nobody_waited_until_it_was_quiet() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::start(folder.path()).unwrap();
        let (tell, changed) = mpsc::channel(1);
        watch.changed = changed;
        tell.try_send(()).unwrap();
        tokio::select! {
            biased;
            _ = watch.changed() => panic!("it is not quiet yet"),
            // It was waited for once, and heard of the save.
            () = std::future::ready(()) => {}
        }
        heard(&mut watch, "a save that was heard of before").await;
        let told = timeout(PATIENCE, watch.changed()).await;
        assert!(told.is_err(), "it is told once");
    }

    async fn heard(watch: &mut Watch, what: &str) {
        timeout(PATIENCE, watch.changed())
            .await
            .expect(what)
            .unwrap();
    }
}
