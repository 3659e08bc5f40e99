//! What is kept of components in the data folder: the bytes of those that served, for replays and for
//! the way back to an earlier version, and their compiled form, so that a start costs milliseconds.
//!
//! Compiled code is trusted when it is loaded, so its folder must be one that only chatter writes.
//! Neither folder grows for ever: see [`Artefacts::sweep`].

use crate::inspect::{Needs, Unfit};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use uuid::Uuid;
use wasmtime::{Engine, component::Component};

/// From this size on, compiling takes long enough to be said.
const SLOW_BYTES: usize = 4 << 20;

/// How the names of files end that are being written. Another for each run: what an earlier one left
/// unfinished is of no use to anybody.
static UNFINISHED: LazyLock<String> =
    LazyLock::new(|| format!(".{}.part", Uuid::now_v7().simple()));

/// So old is what another process left, which shares the folder: what is younger it may be just writing or loading.
const LEFT: Duration = Duration::from_secs(60 * 60);

/// Two folders: `components/DIGEST.wasm` and `compiled/DIGEST-COMPATIBILITY.cwasm`, which may lie elsewhere.
#[derive(Clone)]
pub(crate) struct Artefacts {
    components: PathBuf,
    compiled: PathBuf,
    /// What the engine's compiled code fits; see [`Engine::precompile_compatibility_hash`].
    compatibility: u64,
    /// What the readings of components fit: the same, and the rules that they were read by.
    rules: u64,
    /// Where components may lie that were compiled ahead; only read.
    ahead: Option<PathBuf>,
    /// How many hold on to each digest: what is made of it is not removed meanwhile.
    held: Arc<Mutex<BTreeMap<Arc<str>, usize>>>,
    /// Whose turn it is to compile each digest.
    turns: Arc<Mutex<Turns>>,
    /// Whether something was written since this was swept.
    grown: Arc<AtomicBool>,
}

type Turns = HashMap<Arc<str>, Weak<Turn<()>>>;

/// What is made of a digest stays as long as this lives.
pub(crate) struct Held {
    digest: Arc<str>,
    held: Arc<Mutex<BTreeMap<Arc<str>, usize>>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if let Some(count) = held.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.digest);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Artefacts {
    /// Makes the folders, for this user alone.
    pub(crate) fn open(data: &Path, engine: &Engine) -> io::Result<Self> {
        Self::open_with(data, data.join("compiled"), engine)
    }

    /// The same with a certain folder for what is compiled.
    pub(crate) fn open_with(data: &Path, compiled: PathBuf, engine: &Engine) -> io::Result<Self> {
        let artefacts = Self {
            components: data.join("components"),
            compiled,
            compatibility: compatibility(engine),
            rules: rules(engine),
            ahead: None,
            held: Arc::default(),
            turns: Arc::default(),
            grown: Arc::default(),
        };
        for folder in [&artefacts.components, &artefacts.compiled] {
            private_folder(folder)?;
        }
        Ok(artefacts)
    }

    /// With a folder of components that were compiled ahead.
    pub(crate) fn with_ahead(self, ahead: Option<PathBuf>) -> Self {
        Self { ahead, ..self }
    }

    /// Keeps what is made of the digest from being removed.
    pub(crate) fn hold(&self, digest: &Arc<str>) -> Held {
        *lock(&self.held).entry(digest.clone()).or_default() += 1;
        Held {
            digest: digest.clone(),
            held: self.held.clone(),
        }
    }

    /// Waits until nobody else compiles the digest: whoever comes second finds it compiled.
    pub(crate) async fn turn(&self, digest: &Arc<str>) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = lock(&self.turns);
            turns.retain(|_, turn| turn.strong_count() > 0);
            match turns.get(digest).and_then(Weak::upgrade) {
                Some(turn) => turn,
                None => {
                    let turn = Arc::new(Turn::new(()));
                    turns.insert(digest.clone(), Arc::downgrade(&turn));
                    turn
                }
            }
        };
        turn.lock_owned().await
    }

    /// The component, compiled now or earlier.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        digest: &str,
        bytes: &[u8],
    ) -> wasmtime::Result<Component> {
        let name = compiled_name(self.compatibility, digest);
        let compiled = self.compiled.join(&name);
        let ahead = self.ahead.as_ref().map(|folder| folder.join(&name));
        for made in [Some(&compiled), ahead.as_ref()].into_iter().flatten() {
            if made.exists() {
                match load(engine, made) {
                    Ok(component) => {
                        if *made == compiled {
                            touch(made);
                        }
                        return Ok(component);
                    }
                    Err(error) => tracing::warn!(
                        "{} is of no use and will be made again: {error:#}",
                        made.display()
                    ),
                }
            }
        }
        if bytes.len() > SLOW_BYTES {
            tracing::info!(
                "compiling a module of {} MB, which takes a while; later starts find it compiled",
                bytes.len() >> 20
            );
        }
        let artefact = engine.precompile_component(bytes)?;
        self.grown.store(true, Ordering::Relaxed);
        write_whole(&compiled, &artefact)?;
        load(engine, &compiled)
    }

    /// What a reading of the component found, now or earlier. Reading all of a large one takes a while.
    ///
    /// # Errors
    ///
    /// Why it is unfit, which is not kept.
    pub(crate) fn needs(
        &self,
        digest: &str,
        read: impl FnOnce() -> Result<Needs, Unfit>,
    ) -> Result<Needs, Unfit> {
        let file = self.compiled.join(needs_name(self.rules, digest));
        let known = fs::read(&file).ok();
        if let Some(needs) = known.and_then(|known| serde_json::from_slice(&known).ok()) {
            touch(&file);
            return Ok(needs);
        }
        let needs = read()?;
        // Without it, the next start reads again.
        if let Ok(known) = serde_json::to_vec(&needs) {
            let _ = write_whole(&file, &known);
        }
        Ok(needs)
    }

    /// Keeps a component's bytes.
    pub(crate) fn keep(&self, digest: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.kept_file(digest);
        if file.exists() {
            touch(&file);
            return Ok(());
        }
        self.grown.store(true, Ordering::Relaxed);
        write_whole(&file, bytes)
    }

    /// The bytes of a component that was kept.
    pub(crate) fn kept(&self, digest: &str) -> io::Result<Vec<u8>> {
        let bytes = fs::read(self.kept_file(digest))?;
        if *self::digest(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(io::Error::other("it is not what was kept under this name"))
        }
    }

    fn kept_file(&self, digest: &str) -> PathBuf {
        self.components.join(format!("{digest}.wasm"))
    }

    /// Whether there may be something to sweep: something was written since it was asked last.
    pub(crate) fn has_grown(&self) -> bool {
        self.grown.swap(false, Ordering::Relaxed)
    }

    /// Removes what is of no use any more (compiled for another engine, or never finished) and, of
    /// what is not needed, what was used longest ago, until each folder holds no more than `bytes`.
    /// How many bytes were freed.
    ///
    /// A digest is asked about when it is about to go, and while nobody else can come to hold it. So
    /// whoever holds one until it is needed loses nothing.
    pub(crate) fn sweep(&self, is_needed: impl Fn(&str) -> bool, bytes: u64) -> io::Result<u64> {
        let fits = format!("-{:016x}.cwasm", self.compatibility);
        let remove_spare = |digest: &str, path: &Path| {
            let held = lock(&self.held);
            if held.contains_key(digest) || is_needed(digest) {
                return Ok(false);
            }
            remove(path).map(|()| true)
        };
        let components = sweep(&self.components, bytes, &remove_spare, |name| {
            name.strip_suffix(".wasm")
        })?;
        let read = needs_name(self.rules, "");
        let compiled = sweep(&self.compiled, bytes, &remove_spare, |name| {
            let made = name.strip_suffix(&fits).or(name.strip_suffix(&read))?;
            // What follows the digest tells in which way it was compiled.
            made.split('-').next()
        })?;
        Ok(components + compiled)
    }
}

/// What the engine's compiled code fits, and nothing else does.
pub(crate) fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// What a reading of a component fits. The rules are those in `inspect.rs`, and any change to it is one
/// to them.
fn rules(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    (compatibility(engine), include_str!("inspect.rs")).hash(&mut hasher);
    hasher.finish()
}

fn needs_name(rules: u64, digest: &str) -> String {
    format!("{digest}-{rules:016x}.needs")
}

/// What a component is called in compiled form.
pub(crate) fn compiled_name(compatibility: u64, digest: &str) -> String {
    format!("{digest}-{compatibility:016x}.cwasm")
}

/// See [`Artefacts::sweep`]; `digest_of` knows the files that are of use by their names, and
/// `remove_spare` says whether it removed one.
fn sweep(
    folder: &Path,
    bytes: u64,
    remove_spare: &impl Fn(&str, &Path) -> io::Result<bool>,
    digest_of: impl Fn(&str) -> Option<&str>,
) -> io::Result<u64> {
    let (mut held, mut freed) = (0, 0);
    let mut known = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let about = match entry.metadata() {
            Ok(about) if about.is_file() && !name.ends_with(&**UNFINISHED) => about,
            // This process is just writing it.
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        match digest_of(&name) {
            None => {
                let age = about.modified().ok().and_then(|at| at.elapsed().ok());
                if age.is_some_and(|age| age > LEFT) {
                    remove(&entry.path())?;
                    freed += about.len();
                }
            }
            Some(digest) => {
                held += about.len();
                let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                known.push((used, about.len(), digest.to_owned(), entry.path()));
            }
        }
    }
    known.sort();
    for (_, size, digest, path) in known {
        if held <= bytes {
            break;
        }
        if remove_spare(&digest, &path)? {
            freed += size;
            held -= size;
        }
    }
    Ok(freed)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Notes that a file was of use just now. It is only about which goes first, so a failure is none.
fn touch(path: &Path) {
    let touched = fs::File::options().append(true).open(path);
    let _ = touched.and_then(|file| file.set_modified(SystemTime::now()));
}

#[expect(unsafe_code, reason = "loading compiled code is trusting it")]
fn load(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // The file is read and not mapped: whoever cut a mapped file short would end the whole host.
    let artefact = fs::read(path)?;
    // SAFETY: the file is in a folder that only this user can write to, and `write_whole` made it
    // of what this engine's compiler gave; wasmtime itself checks that it was made by the same
    // version with the same settings.
    unsafe { Component::deserialize(engine, artefact) }
}

/// Makes a folder, for this user alone.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Writes a file that is there as a whole or not at all. Of several who write the same one at once,
/// each writes apart, and the last one's stays.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut file = unfinished(name).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// What a file is called until it is whole; should it never be, it is removed.
fn unfinished(name: &OsStr) -> tempfile::Builder<'_, 'static> {
    let mut named = tempfile::Builder::new();
    named.prefix(name).suffix(&**UNFINISHED);
    named
}

/// SHA-256, as hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> Arc<str> {
    use std::fmt::Write as _;
    let text = Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, thread};

    fn set_age(file: &Path, age: Duration) {
        let file = fs::File::options().append(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    fn grow_old(file: &Path) {
        set_age(file, 2 * LEFT);
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_what_is_needed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let artefacts = Artefacts::open(folder.path(), &engine).unwrap();
        for (age, name) in [(4, "oldest"), (3, "needed"), (2, "older"), (1, "new")] {
            let file = artefacts.kept_file(name);
            fs::write(&file, [0; 100]).unwrap();
            set_age(&file, Duration::from_secs(age));
        }
        let other = [
            artefacts.compiled.join("x-0123.cwasm"),
            artefacts.components.join("x.1.part"),
        ];
        fs::write(&other[0], [0; 7]).unwrap();
        fs::write(&other[1], [0; 5]).unwrap();
        let needed = BTreeSet::from(["needed"]);
        let is_needed = |digest: &str| needed.contains(digest);
        let left = |artefacts: &Artefacts| {
            let names = fs::read_dir(&artefacts.components).unwrap();
            let mut names: Vec<_> = names
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        // Another process may still want it.
        assert_eq!(artefacts.sweep(is_needed, 1_000).unwrap(), 0);
        other.iter().for_each(|file| grow_old(file));
        assert_eq!(artefacts.sweep(is_needed, 250).unwrap(), 7 + 5 + 200);
        assert_eq!(left(&artefacts), ["needed.wasm", "new.wasm"]);
        // Somebody is about to make it needed.
        let held = artefacts.hold(&"new".into());
        assert_eq!(artefacts.sweep(is_needed, 0).unwrap(), 0);
        drop(held);
        assert_eq!(artefacts.sweep(is_needed, 0).unwrap(), 100);
        assert_eq!(left(&artefacts), ["needed.wasm"]);
    }

    #[test]
    fn a_component_is_read_once_by_the_same_rules() {
        let folder = tempfile::tempdir().unwrap();
        let mut artefacts = Artefacts::open(folder.path(), &Engine::default()).unwrap();
        let read = |core_instances| {
            move || {
                Ok(Needs {
                    core_instances,
                    debug_sections: vec![7],
                })
            }
        };
        let unfit = || Unfit::Invalid("cut".into());
        let refused = artefacts.needs("a", || Err(unfit()));
        assert_eq!(refused, Err(unfit()));
        for (digest, found, expected) in [("a", 3, 3), ("a", 4, 3), ("b", 5, 5)] {
            assert_eq!(
                artefacts.needs(digest, read(found)),
                read(expected)(),
                "{digest}"
            );
        }
        assert_eq!(artefacts.sweep(|_| true, 0).unwrap(), 0);
        artefacts.rules += 1;
        assert_eq!(artefacts.needs("a", read(6)), read(6)());
        for file in fs::read_dir(&artefacts.compiled).unwrap() {
            grow_old(&file.unwrap().path());
        }
        // What was read by other rules goes.
        assert!(artefacts.sweep(|_| true, 0).unwrap() > 0);
        assert_eq!(fs::read_dir(&artefacts.compiled).unwrap().count(), 1);
        assert_eq!(artefacts.needs("a", read(7)), read(6)());
    }

    #[test]
    fn many_write_the_same_file_and_each_finds_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("same.cwasm");
        let (path, bytes) = (&path, &vec![7; 1 << 20]);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || {
                    for _ in 0..8 {
                        write_whole(path, bytes).unwrap();
                        assert!(fs::read(path).unwrap() == *bytes, "a part of it");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn one_compiles_what_many_want() {
        let folder = tempfile::tempdir().unwrap();
        let artefacts = Artefacts::open(folder.path(), &Engine::default()).unwrap();
        let [one, other] = ["one", "other"].map(Arc::from);
        let turn = artefacts.turn(&one).await;
        drop(artefacts.turn(&other).await);
        let mut second = std::pin::pin!(artefacts.turn(&one));
        let waits = std::future::poll_fn(|context| {
            std::task::Poll::Ready(second.as_mut().poll(context).is_pending())
        });
        assert!(waits.await);
        drop(turn);
        drop(second.await);
    }
}
