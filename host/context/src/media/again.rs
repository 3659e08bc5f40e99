//! When what has failed is tried again: once that is asked for, or once its file is another one.

use chatter_media::Condition;
use std::{future::pending, os::unix::fs::MetadataExt as _, path::Path, time::Duration};
use tokio::{sync::watch as channel, time::sleep};

/// How often it is looked whether a file that could not be played is another one by now.
const LOOK: Duration = Duration::from_secs(2);

/// Where it is told that what has failed is to be tried again; what plays goes on.
pub type Again = channel::Receiver<()>;

/// What is asked for while it plays counts as heard: it says nothing of what fails later. Never returns.
pub(super) async fn pass_over(mut condition: channel::Receiver<Condition>, again: &mut Again) {
    loop {
        let played = matches!(&*condition.borrow_and_update(), Condition::Playing { .. });
        if condition.changed().await.is_err() {
            return pending().await;
        }
        if played {
            again.mark_unchanged();
        }
    }
}

/// For a file what changes whenever it is written or replaced.
pub(super) type Mark = [i64; 5];

/// None if there is no file.
#[expect(clippy::cast_possible_wrap, reason = "only compared")]
pub(super) async fn mark(path: Option<&Path>) -> Option<Mark> {
    let about = tokio::fs::metadata(path?).await.ok()?;
    Some([
        about.mtime(),
        about.mtime_nsec(),
        about.ctime_nsec(),
        about.size() as i64,
        about.ino() as i64,
    ])
}

/// Waits until a file is another one than before, and at rest. Never returns if it is none.
pub(super) async fn changed(path: Option<&Path>, before: Option<Mark>) {
    if path.is_none() {
        return pending().await;
    }
    let mut last = before;
    loop {
        sleep(LOOK).await;
        let now = mark(path).await;
        if now == last && now != before {
            return;
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tokio::time::{Instant, timeout};

    #[tokio::test(start_paused = true)]
    async fn a_file_is_another_one_when_it_is_at_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.mp3");
        let before = mark(Some(&path)).await;
        assert_eq!(before, None);
        let writing = async {
            // It grows between any two looks, whichever of those at the same moment come first.
            for length in 1..=8 {
                sleep(LOOK / 2).await;
                fs::write(&path, "x".repeat(length)).unwrap();
            }
            Instant::now()
        };
        let changing = async {
            changed(Some(&path), before).await;
            Instant::now()
        };
        let (written, changed_at) = tokio::join!(writing, changing);
        assert!(changed_at >= written + LOOK);
        let before = mark(Some(&path)).await;
        let same = timeout(LOOK * 10, changed(Some(&path), before)).await;
        assert!(same.is_err());
        fs::remove_file(&path).unwrap();
        changed(Some(&path), before).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_for_before_it_fails_counts_unless_it_plays_meanwhile() {
        let playing = Condition::Playing { silent: false };
        let failed = Condition::Failed {
            why: "it is gone".into(),
        };
        // At which of these it is asked for.
        let cases = [
            (vec![Condition::Starting, failed.clone()], 0, true),
            (vec![Condition::Starting, failed.clone()], 1, true),
            (vec![playing.clone(), failed.clone()], 0, false),
            (
                vec![playing.clone(), Condition::Stalled, failed.clone()],
                1,
                true,
            ),
            (vec![Condition::Stalled, playing, failed], 0, false),
        ];
        for (conditions, at, expected) in cases {
            let (ask, mut again) = channel::channel(());
            let (tell, told) = channel::channel(Condition::Starting);
            {
                let passing = pass_over(told, &mut again);
                tokio::pin!(passing);
                for (place, condition) in conditions.iter().enumerate() {
                    tell.send_replace(condition.clone());
                    assert!(timeout(LOOK, &mut passing).await.is_err());
                    if place == at {
                        ask.send_replace(());
                    }
                }
            }
            let counts = again.has_changed().unwrap();
            assert_eq!(counts, expected, "at {at} of {conditions:?}");
        }
    }
}
