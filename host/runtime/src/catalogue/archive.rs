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
    /// Whether all that is known is that its file is there.
    #[serde(skip)]
    pub(super) unread: bool,
}

impl Quarantined {
    pub(super) fn now(digest: Arc<str>, version: String, reason: String) -> Self {
        Self {
            v: V1,
            digest,
            version,
            reason,
            at: Timestamp::now(),
            unread: false,
        }
    }

    /// A version whose file is there and can't be read: it counts all the same.
    fn unread(digest: &str, reason: String) -> Self {
        Self {
            v: V1,
            digest: digest.into(),
            version: "unknown".into(),
            reason,
            at: Timestamp::from_millis(0),
            unread: true,
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

/// Each version and its place.
pub(super) fn all_of(quarantine: &Quarantine) -> impl Iterator<Item = (&Slot, &Quarantined)> {
    let places = quarantine.iter();
    places.flat_map(|(slot, versions)| versions.iter().map(move |version| (slot, version)))
}

/// Oldest first.
pub(super) fn sort(versions: &mut [Quarantined]) {
    versions.sort_by(|a, b| (a.at, &a.digest).cmp(&(b.at, &b.digest)));
}

/// Of too many versions the oldest go, but not the newest that has proved itself, or else the very
/// first: that is where all the others lead back to.
pub(super) fn trim_history(versions: &mut Vec<Version>) {
    if versions.len() > VERSIONS {
        let sure = versions.iter().position(|version| version.proved);
        let sure = sure.unwrap_or(versions.len() - 1);
        if sure >= VERSIONS {
            versions.swap(VERSIONS - 1, sure);
        }
        versions.truncate(VERSIONS);
    }
}

/// Of too many the oldest go; their digests.
pub(super) fn trim_quarantine(versions: &mut Vec<Quarantined>) -> Vec<Arc<str>> {
    let over = versions.len().saturating_sub(QUARANTINED);
    versions.drain(..over).map(|oldest| oldest.digest).collect()
}

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

    /// The latest versions of each module, newest first. A file that can't be read counts as none: then
    /// there is no way back, and what the plugin folder holds serves all the same.
    pub(super) fn histories(&self) -> io::Result<BTreeMap<Slot, Vec<Version>>> {
        let mut all = BTreeMap::new();
        for (tenant, file) in files(&self.history)? {
            let name = file.file_name().and_then(OsStr::to_str);
            let Some(name) = name.and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            match read::<History>(&file) {
                Ok(history) => {
                    let name = name.to_owned();
                    all.insert(Slot { tenant, name }, history.versions);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!("{} is passed over: {error}", file.display()),
            }
        }
        Ok(all)
    }

    pub(super) fn put_history(&self, slot: &Slot, versions: &[Version]) -> io::Result<()> {
        let versions = versions.to_vec();
        write(
            &slot.below(&self.history, ".json"),
            &History { v: V1, versions },
        )
    }

    pub(super) fn forget_history(&self, slot: &Slot) -> io::Result<()> {
        remove(&slot.below(&self.history, ".json"))
    }

    /// All that is quarantined. Whether a version is depends on its file being there, and not on what
    /// is in it.
    pub(super) fn quarantine(&self) -> io::Result<Quarantine> {
        let mut all = Quarantine::new();
        for (tenant, file) in files(&self.quarantine)? {
            let name = file.file_name().and_then(OsStr::to_str);
            let Some((name, digest)) = name
                .and_then(|name| name.strip_suffix(".json"))
                .and_then(|name| name.split_once('.'))
            else {
                continue;
            };
            let version = match read::<Quarantined>(&file) {
                Ok(version) => version,
                // Removed while the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let reason = format!("what was wrong with it can't be read: {error}");
                    Quarantined::unread(digest, reason)
                }
            };
            let name = name.to_owned();
            all.entry(Slot { tenant, name }).or_default().push(version);
        }
        for versions in all.values_mut() {
            sort(versions);
        }
        Ok(all)
    }

    /// Writes a version down as quarantined.
    pub(super) fn put_quarantine(&self, slot: &Slot, version: &Quarantined) -> io::Result<()> {
        write(&self.quarantine_file(slot, &version.digest), version)
    }

    pub(super) fn lift_quarantine(&self, slot: &Slot, digest: &str) -> io::Result<()> {
        remove(&self.quarantine_file(slot, digest))
    }

    /// The file whose removal lifts the quarantine.
    fn quarantine_file(&self, slot: &Slot, digest: &str) -> PathBuf {
        slot.below(&self.quarantine, &format!(".{digest}.json"))
    }

    /// The same as an operator finds it, from the data folder that this one's folders are in.
    pub(super) fn quarantine_name(&self, slot: &Slot, digest: &str) -> PathBuf {
        let file = self.quarantine_file(slot, digest);
        let data = self.quarantine.parent().and_then(Path::parent);
        match data.and_then(|data| file.strip_prefix(data).ok()) {
            Some(name) => name.to_owned(),
            None => file,
        }
    }

    /// The folder of those files.
    pub(super) fn quarantine_folder(&self) -> &Path {
        &self.quarantine
    }
}

/// The files in a folder, and in those of tenants in it with whose they are.
fn files(folder: &Path) -> io::Result<Vec<(Option<TenantId>, PathBuf)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            all.push((None, path));
            continue;
        }
        let tenant = path.file_name().and_then(OsStr::to_str);
        if let Some(Ok(tenant)) = tenant.map(TenantId::new) {
            for entry in fs::read_dir(&path)? {
                all.push((Some(tenant.clone()), entry?.path()));
            }
        }
    }
    Ok(all)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
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
        let mut histories = archive.histories().unwrap();
        assert_eq!(histories.remove(&shared), Some(vec![version("a")]));
        let kept = vec![version("b"), version("a")];
        assert_eq!(histories.remove(&own), Some(kept));
        assert!(histories.is_empty());
        let quarantine = archive.quarantine().unwrap();
        assert_eq!(quarantine.keys().collect::<Vec<_>>(), [&own]);
        assert_eq!(quarantine[&own][0].reason, "it trapped");

        archive.lift_quarantine(&own, "c").unwrap();
        assert!(archive.quarantine().unwrap().is_empty());
        archive.forget_history(&own).unwrap();
        assert!(!archive.histories().unwrap().contains_key(&own));
    }

    #[test]
    fn a_broken_history_is_none_and_a_broken_quarantine_counts() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        let [shared, _] = slots();
        fs::write(shared.below(&archive.history, ".json"), "{").unwrap();
        fs::write(archive.quarantine_file(&shared, "a"), "[]").unwrap();
        fs::write(archive.quarantine.join("note.txt"), "hello").unwrap();
        assert!(archive.histories().unwrap().is_empty());
        let quarantine = archive.quarantine().unwrap();
        let (slot, version) = all_of(&quarantine).next().unwrap();
        assert_eq!((slot, &*version.digest), (&shared, "a"));
        assert!(version.unread && version.reason.contains("can't be read"));
    }

    #[test]
    fn the_way_back_leads_to_what_has_proved_itself_or_else_to_the_first() {
        let history = |text: &str| -> Vec<_> {
            let version = |digest: char| Version {
                digest: digest.to_string().into(),
                version: String::new(),
                proved: digest.is_uppercase(),
            };
            text.chars().map(version).collect()
        };
        for (before, after) in [
            ("dcba", "dcba"),
            ("edcba", "edca"),
            ("edCba", "edCb"),
            ("fedcBa", "fedB"),
            ("fedCbA", "fedC"),
        ] {
            let mut versions = history(before);
            trim_history(&mut versions);
            assert_eq!(versions, history(after), "{before}");
        }
    }

    #[test]
    fn of_many_the_oldest_is_forgotten() {
        let version = |n: usize| Quarantined {
            at: Timestamp::from_millis(i64::try_from(n).unwrap()),
            ..Quarantined::now(format!("{n:03}").into(), String::new(), String::new())
        };
        let mut all: Vec<_> = (0..=QUARANTINED).map(version).collect();
        assert_eq!(trim_quarantine(&mut all), ["000".into()]);
        assert_eq!((all.len(), &*all[0].digest), (QUARANTINED, "001"));
        assert_eq!(trim_quarantine(&mut all), []);
    }
}
