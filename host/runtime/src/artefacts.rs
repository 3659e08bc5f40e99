//! What is kept of components in the data folder: their bytes, for replays, and their compiled form,
//! so that a start costs milliseconds.
//!
//! Compiled code is trusted when it is loaded, so its folder must be one that only chatter writes.

use sha2::{Digest, Sha256};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::{Path, PathBuf},
};
use wasmtime::{Engine, component::Component};

/// Two folders: `components/DIGEST.wasm` and `compiled/DIGEST-COMPATIBILITY.cwasm`.
#[derive(Clone)]
pub(crate) struct Artefacts {
    components: PathBuf,
    compiled: PathBuf,
}

impl Artefacts {
    /// Makes the folders, for this user alone.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let artefacts = Self {
            components: data.join("components"),
            compiled: data.join("compiled"),
        };
        for folder in [&artefacts.components, &artefacts.compiled] {
            fs::create_dir_all(folder)?;
            #[cfg(unix)]
            fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        }
        Ok(artefacts)
    }

    /// The component, compiled now or earlier, and its digest. Its bytes are kept.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        bytes: &[u8],
    ) -> wasmtime::Result<(Component, String)> {
        let digest = hex(&Sha256::digest(bytes));
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compiled = self
            .compiled
            .join(format!("{digest}-{:016x}.cwasm", hasher.finish()));
        if compiled.exists() {
            match load(engine, &compiled) {
                Ok(component) => return Ok((component, digest)),
                Err(error) => tracing::warn!(
                    "{} is of no use and will be made again: {error:#}",
                    compiled.display()
                ),
            }
        }
        let artefact = engine.precompile_component(bytes)?;
        write_whole(&compiled, &artefact)?;
        write_whole(&self.components.join(format!("{digest}.wasm")), bytes)?;
        Ok((load(engine, &compiled)?, digest))
    }
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

/// Writes a file that is there as a whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
