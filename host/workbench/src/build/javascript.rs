//! JavaScript: the project's own script `build` does it, which npm runs.

use super::{Error, Progress, tool::Tool};
use crate::Project;
use std::path::{Path, PathBuf};

static NPM: Tool = Tool {
    name: "npm",
    install: "install Node.js 20 or later, from https://nodejs.org",
};

/// Installs what the project rests on, if that changed, and builds.
pub(super) async fn build(project: &Project, progress: &dyn Progress) -> Result<PathBuf, Error> {
    let root = &project.root;
    if !is_installed(root) {
        let locked = root.join("package-lock.json").is_file();
        let install = if locked { "ci" } else { "install" };
        NPM.run("npm", root)
            .args([install, "--no-audit", "--no-fund"])
            .done(progress)
            .await?;
    }
    NPM.run("npm", root)
        .args(["run", "--silent", "build"])
        .done(progress)
        .await?;
    let component = project.component();
    if component.is_file() {
        Ok(component)
    } else {
        Err(Error::NoComponent(format!(
            "{}: its script `build` wrote no {}",
            root.join(project.language.manifest()).display(),
            component.display()
        )))
    }
}

/// Whether `node_modules` is there and no older than what it was made from. npm leaves a copy of the
/// lock file in it.
fn is_installed(root: &Path) -> bool {
    let changed = |path: &str| {
        root.join(path)
            .metadata()
            .and_then(|file| file.modified())
            .ok()
    };
    let Some(installed) = changed("node_modules/.package-lock.json") else {
        return false;
    };
    ["package.json", "package-lock.json"]
        .into_iter()
        .filter_map(changed)
        .all(|wanted| wanted <= installed)
}

#[cfg(test)]
mod tests {
    use super::is_installed;
    use std::{
        fs::{self, File},
        time::{Duration, SystemTime},
    };

    #[test]
    fn what_a_project_rests_on_is_installed_once_and_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |name: &str, age: u64| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            File::create(path).unwrap().set_modified(time).unwrap();
        };
        write("package.json", 50);
        assert!(!is_installed(root), "nothing is there yet");
        write("node_modules/.package-lock.json", 40);
        assert!(is_installed(root));
        write("package-lock.json", 30);
        assert!(!is_installed(root), "the lock file is newer");
    }
}
