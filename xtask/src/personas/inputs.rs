//! What a component is made of, so that it is made again only when that has changed.

use anyhow::{Context, Result};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

/// Folders that are made by tools, or hold what no component is made of.
const LEFT_OUT: [&str; 6] = [
    "node_modules",
    "dist",
    "target",
    "__pycache__",
    "test",
    "tests",
];

/// A digest of all files below these places, their names included.
pub(super) fn digest(places: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for place in places {
        for file in files(place)? {
            let bytes =
                fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
            file.strip_prefix(place).unwrap_or(&file).hash(&mut hasher);
            bytes.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn files(place: &Path) -> Result<Vec<PathBuf>> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let mut found = Vec::new();
    let entries = fs::read_dir(place).with_context(|| format!("can't read {}", place.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || LEFT_OUT.contains(&&*name) {
            continue;
        }
        found.extend(files(&path)?);
    }
    found.sort();
    Ok(found)
}

/// Builds a component unless the one that is there was made of the same.
pub(super) fn unless_built(
    component: &Path,
    places: &[PathBuf],
    build: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let wanted = digest(places)?;
    let stamp = component.with_extension("inputs");
    if component.is_file() && fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    build()?;
    fs::write(&stamp, wanted).with_context(|| format!("can't write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_component_is_made_of_counts() {
        let folder = std::env::temp_dir().join(format!("xtask-inputs-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("src/persona.js", "a");
        let first = digest(std::slice::from_ref(&folder)).unwrap();
        for name in [
            "node_modules/x/index.js",
            "test/a.test.js",
            ".venv/x",
            "dist/a.wasm",
        ] {
            write(name, "x");
        }
        let same = digest(std::slice::from_ref(&folder)).unwrap();
        write("src/persona.js", "b");
        let changed = digest(std::slice::from_ref(&folder)).unwrap();
        write("src/persona.js", "a");
        fs::rename(folder.join("src/persona.js"), folder.join("src/other.js")).unwrap();
        let renamed = digest(std::slice::from_ref(&folder)).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(first, same);
        assert_ne!(first, changed);
        assert_ne!(first, renamed);
    }
}
