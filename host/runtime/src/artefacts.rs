//! What is kept of components in the data folder: the bytes of those that served, for replays and for
//! the way back to an earlier version, and their compiled form, so that a start costs milliseconds.
//!
//! Compiled code is trusted when it is loaded, so its folder must be one that only chatter writes.
//! Neither folder grows for ever: see [`Artefacts::sweep`].

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};
use wasmtime::{Engine, component::Component};

/// From this size on, compiling takes long enough to be said.
const SLOW_BYTES: usize = 4 << 20;

/// Two folders: `components/DIGEST.wasm` and `compiled/DIGEST-COMPATIBILITY.cwasm`.
#[derive(Clone)]
pub(crate) struct Artefacts {
    components: PathBuf,
    compiled: PathBuf,
    /// What the engine's compiled code fits; see [`Engine::precompile_compatibility_hash`].
    compatibility: u64,
    /// Where components may lie that were compiled ahead; only read.
    ahead: Option<PathBuf>,
}

impl Artefacts {
    /// Makes the folders, for this user alone.
    pub(crate) fn open(data: &Path, engine: &Engine) -> io::Result<Self> {
        let artefacts = Self {
            components: data.join("components"),
            compiled: data.join("compiled"),
            compatibility: compatibility(engine),
            ahead: None,
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
        write_whole(&compiled, &artefact)?;
        load(engine, &compiled)
    }

    /// Keeps a component's bytes.
    pub(crate) fn keep(&self, digest: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.kept_file(digest);
        if file.exists() {
            touch(&file);
            return Ok(());
        }
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

    /// Removes what is of no use any more (compiled for another engine, or never finished) and, of
    /// what no digest in `needed` names, what was used longest ago, until each folder holds no more
    /// than `bytes`. How many bytes were freed.
    pub(crate) fn sweep(&self, needed: &BTreeSet<Arc<str>>, bytes: u64) -> io::Result<u64> {
        let fits = format!("-{:016x}.cwasm", self.compatibility);
        let freed = sweep(&self.components, needed, bytes, |name| {
            name.strip_suffix(".wasm")
        })?;
        let compiled = sweep(&self.compiled, needed, bytes, |name| {
            name.strip_suffix(&fits)
        })?;
        Ok(freed + compiled)
    }
}

/// What the engine's compiled code fits, and nothing else does.
pub(crate) fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// What a component is called in compiled form.
pub(crate) fn compiled_name(compatibility: u64, digest: &str) -> String {
    format!("{digest}-{compatibility:016x}.cwasm")
}

/// See [`Artefacts::sweep`]; `digest_of` knows the files that are of use by their names.
fn sweep(
    folder: &Path,
    needed: &BTreeSet<Arc<str>>,
    bytes: u64,
    digest_of: impl Fn(&str) -> Option<&str>,
) -> io::Result<u64> {
    let unfinished = format!(".{}.part", std::process::id());
    let (mut held, mut freed) = (0, 0);
    let mut spare = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, about) = (entry.file_name(), entry.metadata()?);
        let name = name.to_string_lossy();
        // This process is just writing it.
        if name.ends_with(&unfinished) || !about.is_file() {
            continue;
        }
        match digest_of(&name) {
            None => freed += remove(&entry.path(), about.len())?,
            Some(digest) => {
                held += about.len();
                if !needed.contains(digest) {
                    let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    spare.push((used, about.len(), entry.path()));
                }
            }
        }
    }
    spare.sort();
    for (_, size, path) in spare {
        if held <= bytes {
            break;
        }
        freed += remove(&path, size)?;
        held -= size;
    }
    Ok(freed)
}

fn remove(path: &Path, size: u64) -> io::Result<u64> {
    fs::remove_file(path)?;
    Ok(size)
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

/// Writes a file that is there as a whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
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
    use std::time::Duration;

    #[test]
    fn what_was_used_longest_ago_goes_first_and_what_is_needed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let artefacts = Artefacts::open(folder.path(), &engine).unwrap();
        for (age, name) in [(4, "oldest"), (3, "needed"), (2, "older"), (1, "new")] {
            let file = artefacts.kept_file(name);
            fs::write(&file, [0; 100]).unwrap();
            let used = SystemTime::now() - Duration::from_secs(age);
            let file = fs::File::options().append(true).open(file).unwrap();
            file.set_modified(used).unwrap();
        }
        fs::write(artefacts.compiled.join("x-0123.cwasm"), [0; 7]).unwrap();
        fs::write(artefacts.components.join("x.1.part"), [0; 5]).unwrap();
        let needed = BTreeSet::from(["needed".into()]);
        let left = |artefacts: &Artefacts| {
            let names = fs::read_dir(&artefacts.components).unwrap();
            let mut names: Vec<_> = names
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(artefacts.sweep(&needed, 250).unwrap(), 7 + 5 + 200);
        assert_eq!(left(&artefacts), ["needed.wasm", "new.wasm"]);
        assert_eq!(artefacts.sweep(&needed, 0).unwrap(), 100);
        assert_eq!(left(&artefacts), ["needed.wasm"]);
    }
}
