//! Media: what ffmpeg reads, a microphone, a browser.

mod again;
mod beside;
#[cfg(test)]
mod tests;

pub use again::Again;
pub use beside::Beside;

use crate::{
    Ended, Playback,
    attend::Place,
    ears::{Begun, begin, keep, listeners},
    report::Report,
    watching::{Around, Senses, Words, pictures, watch},
};
use again::{Mark, changed, mark, pass_over};
use chatter_media::{Condition, Options, Source};
use chatter_protocol::source::Hearing;
use std::{future::pending, path::PathBuf, sync::Arc};
use tokio::sync::watch as channel;

/// A source of sound and pictures, and how it is understood.
#[derive(Clone, Debug)]
pub struct Media {
    /// What it is.
    pub source: Source,
    /// What it is, for people and without what may be secret.
    pub shown: String,
    /// The program that reads it.
    pub ffmpeg: PathBuf,
    /// What it is understood with.
    pub senses: Senses,
    /// What is played for as long as words can't be heard from the beginning.
    pub beside: Option<Beside>,
    /// Told when it is to be tried again if it has failed.
    pub again: Again,
}

impl Media {
    /// Watches it from where it is, and tells operators of it, its end too, until it is cancelled. What has failed
    /// is watched from its beginning once there is a reason to try it again.
    pub(crate) async fn watch(&self, playback: &Playback, place: &Place, around: Around) {
        loop {
            self.watch_once(playback, place, around.clone()).await;
            if around.cancel.is_cancelled() {
                return;
            }
            place.begin_anew();
        }
    }

    /// Returns when it is cancelled, or has failed and is to be tried again.
    async fn watch_once(&self, playback: &Playback, place: &Place, around: Around) {
        let room = &playback.room;
        let ears = self.senses.ears.as_ref();
        let begun = around.cancel.run_until_cancelled(begin(ears, room)).await;
        let begun = match (begun, &self.beside) {
            (None, _) => return,
            (Some(Err(why)), Some(beside)) => {
                if ears.is_some() {
                    tracing::warn!(%room, why = why.why(), "words can't be heard; the subtitles in {} are played instead", beside.name);
                } else {
                    tracing::info!(%room, "no words are to be heard; the subtitles in {} are played", beside.name);
                }
                match self
                    .read(beside, why, playback, place.left(), &around)
                    .await
                {
                    Some(begun) => Ok(begun),
                    None => return,
                }
            }
            (Some(begun), _) => begun,
        };
        if let (Err(why), Some(_)) = (&begun, ears) {
            tracing::warn!(%room, why = why.why(), "words can't be heard; only what sound and pictures tell without them is");
        }
        self.hear(begun, playback, place.now(), around).await;
    }

    /// Listens, if somebody does, and looks. Returns when it is cancelled, or has failed and is to be tried again.
    async fn hear(&self, begun: Begun<Words>, playback: &Playback, from_ms: u64, around: Around) {
        let options = self.options(playback, from_ms, &around);
        let (words, hearing, without) = match begun {
            Ok((words, hearing)) => (Some(words), hearing, None),
            Err(why) => (None, why.hearing(), Some(why)),
        };
        let room = &playback.room;
        let ears = self.senses.ears.as_ref();
        let clock = around.clock.clone();
        // Before it is opened: what changes from then on may be what it lacks.
        let before = mark(self.source.path()).await;
        let mut again = self.again.clone();
        again.mark_unchanged();
        let feed = self.source.open(options);
        let (told, hearing) = channel::channel(hearing);
        let report = self.report(hearing, &around);
        let (condition, cancel) = (feed.condition(), around.cancel.clone());
        let (feeling, outcome) = (feed.condition(), feed.condition());
        let (listeners, come, lost) = listeners();
        let watching = watch(feed, words, listeners, &self.senses, from_ms, around);
        let listening = async {
            let open = || begin(ears, room);
            if ears.is_some() {
                keep(open, without, &told, &clock, come, lost).await;
            }
            pending().await
        };
        let watching = async {
            let how = tokio::select! {
                // What it is now, before what came of it.
                biased;
                () = pass_over(feeling, &mut again) => return,
                how = watching => how,
                () = listening => return,
            };
            let has_failed = matches!(&*outcome.borrow(), Condition::Failed { .. });
            match how {
                Ended::Finished if has_failed => return self.may_do_better(before, again).await,
                Ended::Finished => tracing::info!(%room, "the source is at its end"),
                Ended::Cancelled => {}
            }
            pending().await
        };
        tokio::select! {
            () = watching => tracing::info!(%room, "the source is tried again"),
            () = report.run(condition, &cancel) => {}
        }
    }

    /// Waits until it is asked for again, which may have happened already, or its file is another one than before.
    async fn may_do_better(&self, before: Option<Mark>, mut again: Again) {
        let asked = async {
            if again.changed().await.is_err() {
                pending().await
            }
        };
        tokio::select! {
            () = asked => {}
            () = changed(self.source.path(), before) => {}
        }
    }

    fn options(&self, playback: &Playback, from_ms: u64, around: &Around) -> Options {
        Options {
            bus: Some(Arc::clone(&around.bus)),
            ffmpeg: self.ffmpeg.clone(),
            speed: playback.speed,
            looped: playback.looped,
            from_ms,
            pictures: Some(pictures(&self.senses)),
            ..Options::new(playback.room.clone())
        }
    }

    fn report(&self, hearing: channel::Receiver<Hearing>, around: &Around) -> Report {
        Report {
            source: self.shown.clone(),
            hearing,
            room: around.room.clone(),
            bus: Arc::clone(&around.bus),
            clock: around.clock.clone(),
            behind_ms: Arc::clone(&around.behind_ms),
        }
    }
}
