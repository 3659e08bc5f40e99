//! What outlives a run of the modules: which versions served last, and which were taken back.
//!
//! Files in the data folder, one for each place in the plugin folder: `history/NAME.json` and
//! `history/TENANT/NAME.json` name the latest versions, newest first; each version that was taken
//! back has a file `quarantine/NAME.DIGEST.json` or `quarantine/TENANT/NAME.DIGEST.json`. Whoever
//! removes that file lifts its quarantine.

use super::folder::Slot;
use crate::artefacts::{private_folder, write_whole};
use chatter_protocol::{TenantId, Timestamp, V1};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How many versions of a module are remembered, and so kept, to return to.
pub(super) const VERSIONS: usize = 4;

/// How many quarantined versions of a module are remembered; then the oldest is forgotten.
const QUARANTINED: usize = 64;

/// A version that served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) digest: Arc<str>,
    pub(super) version: String,
    /// Whether it has done well for as long as it was on trial.
    pub(super) proved: bool,
}

/// A version that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Quarantined {
    v: V1,
    pub(super) digest: Arc<str>,
    pub(super) version: String,
    /// What was wrong with it.
    pub(super) reason: String,
    at: Timestamp,
}

impl Quarantined {
    pub(super) fn now(digest: Arc<str>, version: String, reason: String) -> Self {
        Self {
            v: V1,
            digest,
            version,
            reason,
            at: Timestamp::now(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct History {
    v: V1,
    versions: Vec<Version>,
}

/// All that is quarantined, oldest first.
pub(super) type Quarantine = BTreeMap<Slot, Vec<Quarantined>>;

/// Where it is kept.
pub(crate) struct Archive {
    history: PathBuf,
    quarantine: PathBuf,
}

impl Archive {
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let archive = Self {
            history: data.join("history"),
            quarantine: data.join("quarantine"),
        };
        for folder in [&archive.history, &archive.quarantine] {
            private_folder(folder)?;
        }
        Ok(archive)
    }

    /// The latest versions of a module, newest first. A file that can't be read counts as none: then
    /// there is no way back, and what the plugin folder holds serves all the same.
    pub(super) fn history(&self, slot: &Slot) -> Vec<Version> {
        let file = slot.below(&self.history, ".json");
        match read::<History>(&file) {
            Ok(history) => history.versions,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!("{} is passed over: {error}", file.display());
                Vec::new()
            }
        }
    }

    pub(super) fn put_history(&self, slot: &Slot, versions: &[Version]) -> io::Result<()> {
        let versions = versions.to_vec();
        write(
            &slot.below(&self.history, ".json"),
            &History { v: V1, versions },
        )
    }

    pub(super) fn forget_history(&self, slot: &Slot) -> io::Result<()> {
        match fs::remove_file(slot.below(&self.history, ".json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// All that is quarantined.
    pub(super) fn quarantine(&self) -> io::Result<Quarantine> {
        let mut all = Quarantine::new();
        for entry in fs::read_dir(&self.quarantine)? {
            let path = entry?.path();
            if path.is_dir() {
                let Some(tenant) = path.file_name().and_then(OsStr::to_str) else {
                    continue;
                };
                if let Ok(tenant) = TenantId::new(tenant) {
                    for entry in fs::read_dir(&path)? {
                        take_in(&mut all, Some(tenant.clone()), &entry?.path());
                    }
                }
            } else {
                take_in(&mut all, None, &path);
            }
        }
        for versions in all.values_mut() {
            versions.sort_by(|a, b| (a.at, &a.digest).cmp(&(b.at, &b.digest)));
        }
        Ok(all)
    }

    /// Writes a version down as quarantined.
    pub(super) fn put_quarantine(&self, slot: &Slot, version: &Quarantined) -> io::Result<()> {
        write(&self.quarantine_file(slot, &version.digest), version)
    }

    /// Of too many the oldest are forgotten.
    pub(super) fn trim_quarantine(&self, slot: &Slot, versions: &mut Vec<Quarantined>) {
        while versions.len() > QUARANTINED {
            let oldest = versions.remove(0);
            let _ = fs::remove_file(self.quarantine_file(slot, &oldest.digest));
        }
    }

    /// The file whose removal lifts the quarantine.
    pub(super) fn quarantine_file(&self, slot: &Slot, digest: &str) -> PathBuf {
        slot.below(&self.quarantine, &format!(".{digest}.json"))
    }

    /// The folder of those files.
    pub(super) fn quarantine_folder(&self) -> &Path {
        &self.quarantine
    }
}

fn take_in(all: &mut Quarantine, tenant: Option<TenantId>, path: &Path) {
    let name = path.file_name().and_then(OsStr::to_str);
    let Some((name, _)) = name
        .and_then(|name| name.strip_suffix(".json"))
        .and_then(|name| name.split_once('.'))
    else {
        return;
    };
    match read::<Quarantined>(path) {
        Ok(version) => {
            let name = name.to_owned();
            all.entry(Slot { tenant, name }).or_default().push(version);
        }
        // Removed while the folder was read.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!("{} is passed over: {error}", path.display()),
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

fn write(file: &Path, value: &impl Serialize) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        private_folder(folder)?;
    }
    write_whole(file, &serde_json::to_vec_pretty(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots() -> [Slot; 2] {
        let tenant = TenantId::new("acme").unwrap();
        [Slot::shared("nova"), Slot::of(&tenant, "nova")]
    }

    #[test]
    fn what_was_written_is_read_and_places_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        let [shared, own] = slots();
        let version = |digest: &str| Version {
            digest: digest.into(),
            version: "0.1.0".into(),
            proved: true,
        };
        archive.put_history(&shared, &[version("a")]).unwrap();
        archive
            .put_history(&own, &[version("b"), version("a")])
            .unwrap();
        let bad = Quarantined::now("c".into(), "0.2.0".into(), "it trapped".into());
        archive.put_quarantine(&own, &bad).unwrap();

        let archive = Archive::open(folder.path()).unwrap();
        assert_eq!(archive.history(&shared), [version("a")]);
        assert_eq!(archive.history(&own), [version("b"), version("a")]);
        let quarantine = archive.quarantine().unwrap();
        assert_eq!(quarantine.keys().collect::<Vec<_>>(), [&own]);
        assert_eq!(quarantine[&own][0].reason, "it trapped");

        fs::remove_file(archive.quarantine_file(&own, "c")).unwrap();
        assert!(archive.quarantine().unwrap().is_empty());
        archive.forget_history(&own).unwrap();
        assert!(archive.history(&own).is_empty());
    }

    #[test]
    fn what_is_broken_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        let [shared, _] = slots();
        fs::write(shared.below(&archive.history, ".json"), "{").unwrap();
        fs::write(archive.quarantine_file(&shared, "a"), "[]").unwrap();
        fs::write(archive.quarantine.join("note.txt"), "hello").unwrap();
        assert!(archive.history(&shared).is_empty());
        assert!(archive.quarantine().unwrap().is_empty());
    }

    #[test]
    fn of_many_the_oldest_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        let [shared, _] = slots();
        for n in 0..=QUARANTINED {
            let mut bad = Quarantined::now(format!("{n:03}").into(), String::new(), String::new());
            bad.at = Timestamp::from_millis(i64::try_from(n).unwrap());
            archive.put_quarantine(&shared, &bad).unwrap();
        }
        let mut all = archive.quarantine().unwrap().remove(&shared).unwrap();
        archive.trim_quarantine(&shared, &mut all);
        assert_eq!(&*all[0].digest, "001");
        let left = archive.quarantine().unwrap().remove(&shared).unwrap();
        assert_eq!(left, all);
    }
}
