//! What language models cost today, kept over restarts.

use chatter_llm::{Router, Spent};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often it is written down, if it has changed. After a kill so much of it is forgotten.
const EVERY: Duration = Duration::from_secs(10);

/// Goes on from what was used up before, and writes down what is, until its end.
pub(super) fn keep(
    model: Arc<Router>,
    file: PathBuf,
    end: CancellationToken,
) -> impl Future<Output = ()> + Send {
    match read(&file) {
        Ok(Some(spent)) => model.resume(&spent),
        Ok(None) => {}
        Err(error) => tracing::warn!(
            "{}: {error}; today's budgets of the language models start anew",
            file.display()
        ),
    }
    write_down(move || model.spent(), file, end)
}

/// Writes down what was used up, whenever there is news of it, until the end. What can't be written is tried again with
/// the next, unless there is newer by then.
async fn write_down(news: impl Fn() -> Option<Spent>, file: PathBuf, end: CancellationToken) {
    let mut unwritten = None;
    let mut told = false;
    loop {
        let is_over = end
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_none();
        unwritten = news().or(unwritten);
        if let Some(spent) = unwritten.clone() {
            let file = file.clone();
            let written = tokio::task::spawn_blocking(move || write(&file, &spent)).await;
            match written.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok(()) => {
                    unwritten = None;
                    told = false;
                }
                Err(error) if !told => {
                    told = true;
                    tracing::warn!(
                        "what language models cost today can't be kept for a restart: {error}"
                    );
                }
                Err(_) => {}
            }
        }
        if is_over {
            return;
        }
    }
}

fn read(file: &Path) -> io::Result<Option<Spent>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// It gets its name when it is whole, so that a kill in between leaves the one before.
fn write(file: &Path, spent: &Spent) -> io::Result<()> {
    let unfinished = file.with_extension("part");
    fs::write(&unfinished, serde_json::to_vec(spent)?)?;
    fs::rename(&unfinished, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_written_is_written_when_it_can_be() {
        // With the next time, and at the end.
        for ends in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let later = folder.path().join("later");
            let file = later.join("llm-budgets.json");
            let spent = Spent {
                day: 20_000,
                by: Vec::new(),
            };
            let news = Mutex::new(Some(spent.clone()));
            let end = CancellationToken::new();
            let news = move || news.lock().unwrap().take();
            let keeping = tokio::spawn(write_down(news, file.clone(), end.clone()));
            tokio::time::sleep(EVERY * 3 / 2).await;
            fs::create_dir(&later).unwrap();
            if !ends {
                tokio::time::sleep(EVERY).await;
                assert_eq!(read(&file).unwrap(), Some(spent.clone()));
            }
            end.cancel();
            keeping.await.unwrap();
            assert_eq!(read(&file).unwrap(), Some(spent));
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_is_broken_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("llm-budgets.json");
        assert_eq!(read(&file).unwrap(), None);
        let spent = Spent {
            day: 20_000,
            by: Vec::new(),
        };
        write(&file, &spent).unwrap();
        assert_eq!(read(&file).unwrap(), Some(spent));
        fs::write(&file, "{").unwrap();
        assert!(read(&file).is_err());
    }
}
