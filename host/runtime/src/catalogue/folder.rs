//! What lies in the plugin folder: `NAME.wasm` for every tenant, `TENANT/NAME.wasm` for one.

use chatter_protocol::TenantId;
use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// A place for a module: its name, and the tenant whose it is; none if it is everybody's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) name: String,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tenant {
            Some(tenant) => write!(f, "{tenant}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl Slot {
    /// Where its file is.
    pub(super) fn file(&self, plugins: &Path) -> PathBuf {
        let folder = match &self.tenant {
            Some(tenant) => plugins.join(tenant.as_str()),
            None => plugins.to_owned(),
        };
        folder.join(format!("{}.wasm", self.name))
    }
}

/// The modules' files. What begins with a dot or ends otherwise than in `.wasm` is none: a file that
/// is being written, an editor's backup. A folder is a tenant's if its name could be one's.
pub(super) fn scan(plugins: &Path) -> io::Result<BTreeMap<Slot, PathBuf>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(plugins)? {
        let path = entry?.path();
        if let Some(name) = module_name(&path) {
            files.insert(Slot { tenant: None, name }, path);
        } else if let Some(tenant) = tenant(&path).filter(|_| path.is_dir()) {
            // A tenant's folder that can't be read is that tenant's trouble alone.
            let inside = fs::read_dir(&path).inspect_err(|error| {
                tracing::error!(folder = %path.display(), "a tenant's modules can't be read: {error}");
            });
            for path in inside
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
            {
                if let Some(name) = module_name(&path) {
                    let tenant = Some(tenant.clone());
                    files.insert(Slot { tenant, name }, path);
                }
            }
        }
    }
    Ok(files)
}

fn module_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".wasm")?;
    (!stem.is_empty() && !stem.starts_with('.')).then(|| stem.to_owned())
}

fn tenant(path: &Path) -> Option<TenantId> {
    TenantId::new(path.file_name()?.to_str()?).ok()
}
