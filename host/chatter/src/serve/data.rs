//! The folder of everything that outlives a run.

use crate::Failure;
use chatter_gateway::OperatorToken;
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The folder. Whoever opens the store in it holds it for this process alone.
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// Makes the folder if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let made = fs::create_dir_all(folder).and_then(|()| folder.canonicalize());
        made.map(Self).map_err(|error| {
            let folder = folder.display();
            Failure::failed(format!(
                "the data folder {folder} can't be used: {error}; choose another with --data"
            ))
        })
    }

    /// The folder of an embedded memory that is there. Nothing is made: a folder that was mistyped is not to be taken
    /// for one in which nothing is remembered.
    pub(crate) fn with_memory(folder: &Path) -> Result<Self, Failure> {
        let memory = Self(folder.to_owned()).memory();
        if let Ok(false) = memory.try_exists() {
            let folder = folder.display();
            return Err(Failure::failed(format!(
                "there is no memory.db in {folder}; name the folder that serve uses with --data"
            )));
        }
        Self::open(folder)
    }

    pub(super) fn store(&self) -> PathBuf {
        self.0.join("chatter.db")
    }

    pub(crate) fn memory(&self) -> PathBuf {
        self.0.join("memory.db")
    }

    /// What language models cost today.
    pub(super) fn llm_budgets(&self) -> PathBuf {
        self.0.join("llm-budgets.json")
    }

    /// Components and what they were compiled to.
    pub(super) fn modules(&self) -> PathBuf {
        self.0.join("modules")
    }

    /// Proves the operator. What the environment says counts; without it there is one in this folder,
    /// made when it is asked for the first time.
    pub(super) fn operator_token(&self, said: Option<&str>) -> Result<OperatorToken, Failure> {
        match said {
            Some(token) => {
                check_said(token).map_err(Failure::usage)?;
                Ok(OperatorToken::new(token.trim()))
            }
            None => operator_token(&self.token_file()),
        }
    }

    /// Where the operator finds it.
    pub(super) fn token_file(&self) -> PathBuf {
        self.0.join(TOKEN)
    }
}

const TOKEN: &str = "operator-token";

/// The environment variable that may hold it, so that all gateways have the same.
pub(super) const TOKEN_VARIABLE: &str = "CHATTER_OPERATOR_TOKEN";

/// What the environment says of it.
pub(super) fn said_token() -> Option<String> {
    std::env::var(TOKEN_VARIABLE)
        .ok()
        .filter(|token| !token.trim().is_empty())
}

/// Whether what the environment says can be the operator's token.
pub(super) fn check_said(token: &str) -> Result<(), String> {
    if token.trim().len() < TOKEN_BYTES {
        return Err(format!(
            "the operator's token in {TOKEN_VARIABLE} is shorter than {TOKEN_BYTES} characters"
        ));
    }
    Ok(())
}

/// Random bytes in a fresh token: as many as a hash of the length that is kept of it.
const TOKEN_BYTES: usize = 32;

fn operator_token(file: &Path) -> Result<OperatorToken, Failure> {
    let cannot = |error: io::Error| {
        Failure::failed(format!(
            "the operator's token {} can't be used: {error}",
            file.display()
        ))
    };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => make_token(file).map_err(cannot)?,
        Err(error) => return Err(cannot(error)),
    };
    let token = text.trim();
    if token.len() < TOKEN_BYTES {
        return Err(Failure::failed(format!(
            "the operator's token in {} is shorter than {TOKEN_BYTES} characters: remove the file, and a good one is made",
            file.display()
        )));
    }
    Ok(OperatorToken::new(token))
}

/// Makes a token in a file that only this user can read. It gets its name when it is whole, so that
/// a kill in between leaves none.
fn make_token(file: &Path) -> io::Result<String> {
    use std::os::unix::fs::OpenOptionsExt;
    let token = rand::random::<[u8; TOKEN_BYTES]>()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let unfinished = file.with_extension("part");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    writeln!(made, "{token}")?;
    made.sync_all()?;
    fs::rename(&unfinished, file)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_token_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(&folder.path().join("new")).unwrap();
        data.operator_token(None).unwrap();
        let file = data.token_file();
        let token = fs::read_to_string(&file).unwrap();
        assert_eq!(token.trim().len(), 2 * TOKEN_BYTES);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        data.operator_token(None).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), token);
    }

    #[test]
    fn a_folder_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let Failure::Failed(reason) = DataFolder::open(&file.join("data")).err().unwrap() else {
            panic!()
        };
        assert!(
            reason.contains("--data") && reason.contains("file/data"),
            "{reason}"
        );
    }

    #[test]
    fn a_weak_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(TOKEN), "hunter2\n").unwrap();
        assert!(
            DataFolder::open(folder.path())
                .unwrap()
                .operator_token(None)
                .is_err()
        );
    }

    #[test]
    fn what_the_environment_says_counts() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let said = "0123456789abcdef0123456789abcdef";
        data.operator_token(Some(said)).unwrap();
        assert!(!data.token_file().exists(), "no other is made");
        let Err(Failure::Usage(why)) = data.operator_token(Some("hunter2")) else {
            panic!("too short")
        };
        assert!(!why[0].contains("hunter2"), "{why:?}");
    }
}
