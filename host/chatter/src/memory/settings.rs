//! The memory as all layers together set it: whether it can be asked, and opening it.

use crate::{
    Failure,
    settings::keys::{self, Key},
};
use chatter_http::BaseUrl;
use chatter_llm::Embeddings;
use chatter_memory::{Api, Archive, Embedded, Guarded, Mem0, Mem0Config};
use std::{path::Path, sync::Arc, time::Duration};

/// The memory, complete. Keys are named by their variables and read where they are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemorySettings {
    /// A file in the data folder.
    Embedded {
        /// How many entries a scope keeps.
        keeps: u32,
        /// Where meaning is found.
        embeddings: Option<EmbeddingSettings>,
    },
    /// A Mem0 server.
    Mem0(Mem0Settings),
}

/// A Mem0 server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mem0Settings {
    /// Which interface it has.
    pub api: Api,
    /// Its address, if it is said.
    pub base_url: Option<BaseUrl>,
    /// The variable that holds the key.
    pub api_key_env: Option<String>,
    /// How long a search may take.
    pub search_wait: Duration,
    /// How long a write may take.
    pub write_wait: Duration,
}

/// A server of embeddings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddingSettings {
    /// Its address.
    pub base_url: BaseUrl,
    /// The model.
    pub model: String,
    /// The variable that holds the key.
    pub api_key_env: Option<String>,
    /// How long a search waits for it.
    pub wait: Duration,
}

/// What becomes of the embedded memory's entries that have no vector, or one of another model.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Vectors {
    /// They get one.
    Made,
    /// They stay as they are: the file may be another process's.
    Left,
}

impl MemorySettings {
    /// Its key, or that of its embeddings.
    pub(crate) fn key(&self) -> Option<Key> {
        match self {
            Self::Embedded { embeddings, .. } => {
                let variable = embeddings.as_ref()?.api_key_env.as_ref();
                Key::of("memory.embedding_base_url", variable)
            }
            Self::Mem0(mem0) => Key::of("memory", mem0.api_key_env.as_ref()),
        }
    }

    /// It goes without that.
    pub(crate) fn forget_key(&mut self) {
        match self {
            Self::Embedded { embeddings, .. } => {
                if let Some(embeddings) = embeddings {
                    embeddings.api_key_env = None;
                }
            }
            Self::Mem0(mem0) => mem0.api_key_env = None,
        }
    }

    /// Whether whom it asks can be asked, as far as one sees without asking.
    ///
    /// # Errors
    ///
    /// If a setting can't be used.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Embedded { embeddings, .. } => match embeddings {
                Some(embeddings) => embeddings.client().map(drop),
                None => Ok(()),
            },
            Self::Mem0(mem0) => mem0.client().map(drop),
        }
    }

    /// The memory itself; `file` is where the embedded one is. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// If a setting can't be used, or the file can't be opened.
    pub(crate) fn open(&self, file: &Path, vectors: Vectors) -> Result<Arc<dyn Archive>, Failure> {
        match self {
            Self::Embedded { keeps, embeddings } => {
                let memory = Embedded::open(file).map_err(|error| Failure::caused(&error))?;
                let memory = memory.keeps(*keeps);
                let Some(embeddings) = embeddings else {
                    return Ok(Arc::new(memory));
                };
                let (server, wait) = (Arc::new(embeddings.client()?), embeddings.wait);
                Ok(Arc::new(match vectors {
                    Vectors::Made => memory.with_embedder(server, wait),
                    Vectors::Left => memory.with_embedder_of_queries(server, wait),
                }))
            }
            Self::Mem0(mem0) => {
                let memory = Guarded::mem0(mem0.client()?).map_err(Failure::failed)?;
                Ok(Arc::new(memory))
            }
        }
    }
}

impl Mem0Settings {
    fn client(&self) -> Result<Mem0, Failure> {
        let key = keys::read(self.api_key_env.as_deref())?;
        let mut config = Mem0Config::new(self.api, self.base_url.clone(), key);
        config.search_wait = self.search_wait;
        config.write_wait = self.write_wait;
        Mem0::new(config).map_err(|error| Failure::usage(format!("memory.{error}")))
    }
}

impl EmbeddingSettings {
    fn client(&self) -> Result<Embeddings, Failure> {
        let key = keys::read(self.api_key_env.as_deref())?;
        Embeddings::new(&self.base_url, &self.model, key)
            .map_err(|error| Failure::usage(format!("memory.embedding_{error}")))
    }
}
