//! What lies in the plugin folder: `NAME.wasm` for every tenant, `TENANT/NAME.wasm` for one.

use super::refused::Refused;
use chatter_protocol::TenantId;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
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
    pub(super) fn of(tenant: &TenantId, name: &str) -> Self {
        Self {
            tenant: Some(tenant.clone()),
            name: name.to_owned(),
        }
    }

    pub(super) fn shared(name: &str) -> Self {
        Self {
            tenant: None,
            name: name.to_owned(),
        }
    }

    /// What is kept of it in this folder.
    pub(super) fn below(&self, folder: &Path, ending: &str) -> PathBuf {
        let name = format!("{}{ending}", self.name);
        match &self.tenant {
            Some(tenant) => folder.join(tenant.as_str()).join(name),
            None => folder.join(name),
        }
    }
}

/// A file that is meant to be a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// What tells this content from another, or why it can't be read.
    pub(super) stamp: Result<Stamp, Refused>,
}

/// What changes when a file is written to or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
    /// Device, number, and time of the last change of any kind, which can't be set at will.
    inode: (u64, u64, i64, i64),
}

impl Stamp {
    /// Of what the path leads to.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::new(&fs::metadata(path)?))
    }

    /// Of a file that is open.
    pub(super) fn of_open(file: &fs::File) -> io::Result<Self> {
        Ok(Self::new(&file.metadata()?))
    }

    /// Which file or folder it is of, whatever it holds.
    pub(super) fn place(self) -> Self {
        let (device, number, ..) = self.inode;
        Self {
            size: 0,
            modified: None,
            inode: (device, number, 0, 0),
        }
    }

    fn new(about: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt as _;
            (about.dev(), about.ino(), about.ctime(), about.ctime_nsec())
        };
        #[cfg(not(unix))]
        let inode = (0, 0, 0, 0);
        Self {
            size: about.len(),
            modified: about.modified().ok(),
            inode,
        }
    }
}

/// So many modules a tenant's folder may have.
pub(super) const TENANT_FILES: usize = 64;

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: BTreeMap<Slot, File>,
    /// The folders that modules may come from: the plugin folder and its tenants'.
    pub(super) folders: BTreeSet<PathBuf>,
    /// How many modules there are in the folders that have more than they may.
    pub(super) crowded: BTreeMap<TenantId, usize>,
    /// Tenants whose folder can't be read: nothing is known of their modules.
    pub(super) unreadable: BTreeSet<TenantId>,
}

/// Looks for modules' files. What begins with a dot or ends otherwise than in `.wasm` is none: a
/// file that is being written, an editor's backup. A folder is a tenant's if its name could be one's.
pub(super) fn scan(plugins: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    found.folders.insert(plugins.to_owned());
    for entry in fs::read_dir(plugins)? {
        let path = entry?.path();
        if let Some(name) = module_name(&path) {
            let stamp = stamp(&path, None);
            found
                .files
                .insert(Slot { tenant: None, name }, File { path, stamp });
        } else if let Some(tenant) = tenant(&path).filter(|_| path.is_dir()) {
            if let Err(error) = found.scan_tenant(&path, &tenant) {
                tracing::debug!(folder = %path.display(), "a tenant's modules can't be read: {error}");
                found.unreadable.insert(tenant);
            }
            found.folders.insert(path);
        }
    }
    Ok(found)
}

/// The files in a plugin folder that hosts take for modules, each with why it can't be one, if so.
///
/// # Errors
///
/// If the folder or a tenant's can't be read.
pub fn module_files(plugins: &Path) -> io::Result<BTreeMap<PathBuf, Result<(), Refused>>> {
    let found = scan(plugins)?;
    if let Some(tenant) = found.unreadable.first() {
        let reason = format!("the folder of the tenant {tenant} in it can't be read");
        return Err(io::Error::other(reason));
    }
    let files = found.files.into_values();
    Ok(files
        .map(|file| (file.path, file.stamp.map(drop)))
        .collect())
}

impl Found {
    fn scan_tenant(&mut self, folder: &Path, tenant: &TenantId) -> io::Result<()> {
        let within = folder.canonicalize()?;
        // The first by name: the same ones each time.
        let (mut files, mut count) = (BTreeMap::new(), 0);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if let Some(name) = module_name(&path) {
                count += 1;
                files.insert(name, path);
                if files.len() > TENANT_FILES {
                    files.pop_last();
                }
            }
        }
        if count > TENANT_FILES {
            self.crowded.insert(tenant.clone(), count);
        }
        for (name, path) in files {
            let stamp = stamp(&path, Some(&within));
            let tenant = Some(tenant.clone());
            self.files
                .insert(Slot { tenant, name }, File { path, stamp });
        }
        Ok(())
    }
}

/// What the path leads to. Whoever may write into one tenant's folder must not reach other files by
/// a link; the operator's own folder may have links to anywhere.
fn stamp(path: &Path, within: Option<&Path>) -> Result<Stamp, Refused> {
    let unreadable = |error: io::Error| Refused::Unreadable(error.to_string());
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(Refused::NotAFile);
    }
    if let Some(within) = within
        && !path.canonicalize().map_err(unreadable)?.starts_with(within)
    {
        return Err(Refused::Outside);
    }
    Ok(Stamp::new(&about))
}

/// Opens the file that was found, and no other: whoever may write into a tenant's folder may put
/// something else in its place at any moment. None if that happened.
///
/// Never waits: a named pipe that nobody writes to would have it wait for ever.
pub(super) fn open(slot: &Slot, file: &File) -> Result<Option<fs::File>, Refused> {
    let stamp = file.stamp.clone()?;
    let unreadable = |error: io::Error| Refused::Unreadable(error.to_string());
    let mut options = fs::File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    let opened = match options.open(&file.path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let about = opened.metadata().map_err(unreadable)?;
    if !about.is_file() || Stamp::new(&about) != stamp {
        return Ok(None);
    }
    if let (Some(_), Some(folder)) = (&slot.tenant, file.path.parent()) {
        let within = folder.canonicalize().map_err(unreadable)?;
        let place = place(&opened, &file.path).map_err(unreadable)?;
        if !place.starts_with(within) {
            return Err(Refused::Outside);
        }
    }
    Ok(Some(opened))
}

/// Where the file is that was opened, whatever its path leads to by now.
#[cfg(target_os = "linux")]
fn place(opened: &fs::File, _: &Path) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd as _;
    fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd()))
}

/// Where its path leads to: no better can be had everywhere.
#[cfg(not(target_os = "linux"))]
fn place(_: &fs::File, path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// The name of the module that the file is meant to be.
pub(super) fn module_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".wasm")?;
    (!stem.is_empty() && !stem.starts_with(['.', '#'])).then(|| stem.to_owned())
}

fn tenant(path: &Path) -> Option<TenantId> {
    TenantId::new(path.file_name()?.to_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_told_from_what_else_lies_about() {
        let cases = [
            ("nova.wasm", Some("nova")),
            ("Nova.wasm", Some("Nova")),
            ("nova.wasm.part", None),
            ("nova.wasm~", None),
            (".nova.wasm", None),
            (".nova.wasm.swp", None),
            ("#nova.wasm", None),
            (".wasm", None),
            ("nova.wat", None),
            ("nova", None),
        ];
        for (file, name) in cases {
            let path = Path::new("plugins").join(file);
            assert_eq!(module_name(&path).as_deref(), name, "{file}");
        }
    }

    #[test]
    fn a_tenants_folder_has_so_many_modules_and_no_more() {
        let plugins = tempfile::tempdir().unwrap();
        let acme = plugins.path().join("acme");
        fs::create_dir(&acme).unwrap();
        for n in 0..TENANT_FILES + 3 {
            fs::write(acme.join(format!("m{n:03}.wasm")), "").unwrap();
            fs::write(acme.join(format!("m{n:03}.txt")), "").unwrap();
            fs::write(plugins.path().join(format!("m{n:03}.wasm")), "").unwrap();
        }
        let found = scan(plugins.path()).unwrap();
        let [own, shared]: [Vec<_>; 2] = [true, false].map(|own| {
            let slots = found.files.keys();
            slots.filter(|slot| slot.tenant.is_some() == own).collect()
        });
        assert_eq!(own.len(), TENANT_FILES);
        assert_eq!(own[TENANT_FILES - 1].name, "m063");
        assert_eq!(shared.len(), TENANT_FILES + 3);
        let crowded: Vec<_> = found.crowded.values().collect();
        assert_eq!(crowded, [&(TENANT_FILES + 3)]);
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_anywhere_from_the_operators_folder_and_nowhere_from_a_tenants() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let plugins = home.path().join("plugins");
        fs::create_dir_all(plugins.join("acme/deep")).unwrap();
        fs::create_dir_all(plugins.join("globex")).unwrap();
        fs::create_dir_all(plugins.join("folder.wasm")).unwrap();
        fs::create_dir_all(plugins.join(".git")).unwrap();
        fs::write(home.path().join("real.wasm"), "x").unwrap();
        fs::write(plugins.join("globex/secret.wasm"), "x").unwrap();
        fs::write(plugins.join("acme/deep/real.wasm"), "x").unwrap();
        fs::write(plugins.join(".git/real.wasm"), "x").unwrap();
        symlink("../real.wasm", plugins.join("linked.wasm")).unwrap();
        symlink("nowhere", plugins.join("dangling.wasm")).unwrap();
        symlink("deep/real.wasm", plugins.join("acme/inside.wasm")).unwrap();
        symlink("../globex/secret.wasm", plugins.join("acme/outside.wasm")).unwrap();
        symlink("globex", plugins.join("alias")).unwrap();
        let found = scan(&plugins).unwrap();
        let told: Vec<_> = found
            .files
            .iter()
            .map(|(slot, file)| {
                let end = match &file.stamp {
                    Ok(_) => "whole",
                    Err(Refused::NotAFile) => "no file",
                    Err(Refused::Outside) => "outside",
                    Err(_) => "unreadable",
                };
                format!("{slot}: {end}")
            })
            .collect();
        assert_eq!(
            told,
            [
                "dangling: unreadable",
                "folder: no file",
                "linked: whole",
                "acme/inside: whole",
                "acme/outside: outside",
                "alias/secret: whole",
                "globex/secret: whole",
            ]
        );
        assert_eq!(found.folders.len(), 4, "{:?}", found.folders);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_put_in_the_place_of_a_file_that_was_found_is_not_opened() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let plugins = home.path().join("plugins");
        let [acme, globex] = ["acme", "globex"].map(|tenant| plugins.join(tenant));
        for folder in [&acme, &globex] {
            fs::create_dir_all(folder.join("deep")).unwrap();
            fs::write(folder.join("deep/real.wasm"), "x").unwrap();
        }
        let nova = acme.join("nova.wasm");
        symlink("deep/real.wasm", &nova).unwrap();
        let slot = Slot::of(&TenantId::new("acme").unwrap(), "nova");
        let found = || scan(&plugins).unwrap().files.remove(&slot).unwrap();
        let file = found();
        assert!(matches!(open(&slot, &file), Ok(Some(_))));

        // The folder that the link goes through becomes another tenant's, also if that was so when
        // the file was looked at and just not when its path was.
        fs::rename(acme.join("deep"), acme.join("was")).unwrap();
        symlink("../globex/deep", acme.join("deep")).unwrap();
        assert!(matches!(open(&slot, &file), Ok(None)));
        let looked_at = File {
            stamp: Ok(Stamp::of(&nova).unwrap()),
            ..file.clone()
        };
        assert!(matches!(open(&slot, &looked_at), Err(Refused::Outside)));
        // Everybody's modules may come from anywhere.
        assert!(matches!(
            open(&Slot::shared("nova"), &looked_at),
            Ok(Some(_))
        ));

        // What nobody writes to is not waited for.
        fs::remove_file(&nova).unwrap();
        mknodat(CWD, &nova, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(matches!(open(&slot, &file), Ok(None)));
        fs::remove_file(&nova).unwrap();
        assert!(matches!(open(&slot, &file), Ok(None)));
    }
}
