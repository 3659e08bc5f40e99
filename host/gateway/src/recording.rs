//! What a room's viewers may hear, as far as the gateway knows it: bytes that somebody else opens.

use crate::names;
use std::{
    fmt,
    fs::{File, Metadata},
    io,
    sync::Arc,
    time::UNIX_EPOCH,
};

/// A recording that a room's viewers may have. Only its bytes and their media type are ever told.
#[derive(Clone)]
pub struct Recording {
    name: Arc<str>,
    open: Arc<dyn Fn() -> io::Result<Opened> + Send + Sync>,
}

/// A recording that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Its bytes, from the first on.
    pub file: File,
    /// Which kind they are of, such as `audio/mpeg`.
    pub media_type: &'static str,
}

impl Recording {
    /// A recording that is opened by this function, each time on a thread that may wait. Two of the same
    /// name are the same; no viewer learns it.
    pub fn new(
        name: impl Into<Arc<str>>,
        open: impl Fn() -> io::Result<Opened> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            open: Arc::new(open),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Opens it, and looks how much it is.
    pub(crate) async fn found(&self) -> io::Result<Found> {
        let open = Arc::clone(&self.open);
        let opening = tokio::task::spawn_blocking(move || {
            let Opened { file, media_type } = open()?;
            let metadata = file.metadata()?;
            Ok(Found {
                file,
                media_type,
                length: metadata.len(),
                tag: tag(&metadata),
            })
        });
        opening.await.unwrap_or_else(|error| Err(error.into()))
    }
}

impl PartialEq for Recording {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

/// A recording that is there.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) file: File,
    pub(crate) media_type: &'static str,
    /// In bytes.
    pub(crate) length: u64,
    /// Another one when the file is another one, or was written to.
    pub(crate) tag: String,
}

fn tag(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    let nanos = since.map_or(0, |since| since.as_nanos());
    let which = format!("{} {nanos} {}", metadata.len(), place(metadata));
    names::sha256(&which)[..32].to_owned()
}

/// Which file it is of all on the machine, where that is known.
#[cfg(unix)]
fn place(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn place(_: &Metadata) -> u64 {
    0
}
