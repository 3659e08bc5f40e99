//! Compiling before anybody calls: when a host is installed, or before tests that start many.

use crate::{
    Error, Pool, Refused, artefacts, debug_info, engine,
    inspect::{Unfit, inspect},
};
use std::{
    io,
    path::{Path, PathBuf},
};
use wasmtime::Engine;

/// Compiles components into a folder that hosts then read; see [`Config::compiled`](crate::Config).
pub struct Compiler {
    engine: Engine,
    folder: PathBuf,
}

/// Why a component could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum Uncompiled {
    /// The file can't be read, or the folder can't be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is no component.
    #[error("not a valid component: {0:#}")]
    Invalid(wasmtime::Error),
    /// No host would take it.
    #[error("{0}")]
    Unfit(Refused),
}

impl From<Unfit> for Uncompiled {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit.into())
    }
}

impl Compiler {
    /// Makes the folder, for this user alone: whoever can write to it runs code in the hosts that
    /// read it.
    ///
    /// # Errors
    ///
    /// If the folder can't be made, or there is no engine for this machine.
    pub fn new(folder: &Path) -> Result<Self, Error> {
        let pool = Pool {
            calls: 1,
            ..Pool::default()
        };
        artefacts::private_folder(folder).map_err(|source| Error::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Self {
            engine: engine::build(&pool).map_err(Error::Engine)?,
            folder: folder.to_owned(),
        })
    }

    /// Compiles a component, unless that was done before. Whether it was done now.
    ///
    /// # Errors
    ///
    /// If the file is no component, can't be read, or what is made of it can't be kept.
    pub fn compile(&self, file: &Path) -> Result<bool, Uncompiled> {
        let bytes = std::fs::read(file)?;
        let needs = inspect(&bytes)?;
        let digest = artefacts::digest(&bytes);
        // Those who read source lines compile what has them themselves.
        let (bytes, name) = debug_info::compiled(&bytes, &digest, &needs.debug_sections, false);
        let name = artefacts::compiled_name(artefacts::compatibility(&self.engine), &name);
        let to = self.folder.join(name);
        if to.exists() {
            return Ok(false);
        }
        let compiled = self
            .engine
            .precompile_component(&bytes)
            .map_err(Uncompiled::Invalid)?;
        artefacts::write_whole(&to, &compiled)?;
        Ok(true)
    }
}
