//! Where the registries are: those that npm and pip are configured to use on this machine.

use chatter_http::Remote;
use serde::Deserialize;
use std::{process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};
use url::Url;

/// What a registry says of a package is no longer than this.
const MOST: usize = 64 << 20;
/// How long npm or pip may think about their configuration.
const ASKED: Duration = Duration::from_secs(30);

/// Prints the index that pip would download from, by pip's own reading of its files and variables. Where
/// pip is not installed, it is the one that Python keeps for new environments.
const PIP_INDEX: &str = "\
try:
    import pip
except ImportError:
    import ensurepip, glob, os, sys
    places = [os.path.join(os.path.dirname(ensurepip.__file__), '_bundled'), '/usr/share/python-wheels']
    sys.path[:0] = [wheel for place in places for wheel in glob.glob(os.path.join(place, 'pip-*.whl'))]
from pip._internal.commands import create_command
print(create_command('download').parse_args([])[0].index_url)";

/// Where an archive of a package in npm's registry is.
pub(crate) async fn npm(package: &str, version: &str) -> Result<String, String> {
    let registry = ask("npm", &["config", "get", "registry"], "npm").await?;
    let url = format!(
        "{}/{}/{version}",
        registry.trim_end_matches('/'),
        package.replace('/', "%2f")
    );
    let found: NpmVersion = read(&remote(&url)?, "application/json").await?;
    Ok(found.dist.tarball)
}

/// Where a source archive in the Python package index is.
pub(crate) async fn pypi(project: &str, archive: &str) -> Result<String, String> {
    let index = match ask("python3", &["-c", PIP_INDEX], "pip").await {
        Ok(index) => index,
        Err(why) => ask("python", &["-c", PIP_INDEX], "pip")
            .await
            .map_err(|_| why)?,
    };
    let url = format!("{}/{project}/", index.trim_end_matches('/'));
    // [PEP 691](https://peps.python.org/pep-0691/)
    let page = remote(&url)?;
    let found: PyPiProject = read(&page, "application/vnd.pypi.simple.v1+json").await?;
    let file = found
        .files
        .into_iter()
        .find(|file| file.filename == archive);
    let file = file.ok_or_else(|| format!("{} has no {archive}", page.shown()))?;
    // Mirrors may give it relative to the page.
    let joined = Url::parse(&url).and_then(|url| url.join(&file.url));
    joined
        .map(String::from)
        .map_err(|_| format!("{} gives no URL of {archive}", page.shown()))
}

#[derive(Deserialize)]
struct NpmVersion {
    dist: NpmDist,
}

#[derive(Deserialize)]
struct NpmDist {
    tarball: String,
}

#[derive(Deserialize)]
struct PyPiProject {
    files: Vec<PyPiFile>,
}

#[derive(Deserialize)]
struct PyPiFile {
    filename: String,
    url: String,
}

/// What a program says of its configuration.
async fn ask(program: &str, words: &[&str], whose: &str) -> Result<String, String> {
    let mut command = Command::new(program);
    command
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(ASKED, command.output())
        .await
        .map_err(|_| {
            format!("{program} does not say within {ASKED:?} where {whose}'s registry is")
        })?
        .map_err(|error| {
            format!("{program} is needed to know where {whose}'s registry is: {error}")
        })?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && said.starts_with("http") {
        Ok(said)
    } else {
        Err(format!(
            "{program} does not say where {whose}'s registry is"
        ))
    }
}

fn remote(url: &str) -> Result<Remote, String> {
    Remote::new(url).map_err(|error| error.to_string())
}

async fn read<T: for<'de> Deserialize<'de>>(remote: &Remote, accept: &str) -> Result<T, String> {
    let coming = remote
        .get(accept, None)
        .await
        .map_err(|error| error.to_string())?;
    let bytes = coming
        .whole(MOST)
        .await
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes)
        .map_err(|_| format!("{} does not answer as a registry does", remote.shown()))
}
