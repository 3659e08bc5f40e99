//! Media: what ffmpeg reads, a microphone, a browser.

use crate::{
    Ended, Playback, Subtitles,
    attend::{Place, ended},
    ears::{Begun, Deaf, awaited, begin, keep, listeners},
    names::Names,
    play::play_from,
    report::Report,
    watching::{Around, Senses, Words, pictures, watch},
};
use chatter_media::{Condition, Options, Source};
use chatter_protocol::source::{Hearing, HearingBy};
use std::{path::PathBuf, sync::Arc};
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
}

/// The same words, written down.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The file's name.
    pub name: String,
    /// What it says.
    pub subtitles: Subtitles,
}

impl Media {
    /// Watches it from where it is, and tells operators of it, its end too, until it is cancelled.
    pub(crate) async fn watch(&self, playback: &Playback, place: &Place, around: Around) {
        let room = &playback.room;
        let ears = self.senses.ears.as_ref();
        let begun = around.cancel.run_until_cancelled(begin(ears, room)).await;
        let begun = match (begun, &self.beside) {
            (None, _) => return,
            (Some(Err(why)), Some(beside)) => {
                tracing::warn!(%room, why = why.why(), "words can't be heard; the subtitles in {} are played instead", beside.name);
                match self.read(beside, why, playback, place.now(), &around).await {
                    Some(begun) => Ok(begun),
                    None => return,
                }
            }
            (Some(begun), _) => begun,
        };
        if let Err(why) = &begun {
            tracing::warn!(%room, why = why.why(), "words can't be heard; only what sound and pictures tell without them is");
        }
        self.hear(begun, playback, place.now(), around).await;
    }

    /// Plays the subtitles until words can be heard; with whoever hears them. None if it was cancelled before.
    async fn read(
        &self,
        beside: &Beside,
        why: Deaf,
        playback: &Playback,
        from_ms: u64,
        around: &Around,
    ) -> Option<(Words, Hearing)> {
        let (told, hearing) = channel::channel(Hearing {
            by: HearingBy::Subtitles,
            name: beside.name.clone(),
            detail: why.why().to_owned(),
        });
        let (teller, condition) = channel::channel(Condition::Playing { silent: false });
        let cancel = around.cancel.child_token();
        let ears = self.senses.ears.as_ref();
        let playing = async {
            let played = play_from(
                from_ms,
                beside.subtitles.clone(),
                Names::new(self.senses.names.clone(), around.people.clone()),
                playback.clone(),
                Arc::clone(&around.bus),
                around.clock.clone(),
                cancel.clone(),
            );
            if let Some(ended) = ended(played.await, &playback.room) {
                teller.send_replace(ended);
            }
        };
        let waiting = async {
            // Without ears nobody is waited for.
            ears?;
            let open = || begin(ears, &playback.room);
            let begun = awaited(&open, why, &told, &around.clock);
            let begun = cancel.run_until_cancelled(begun).await;
            // What is over need not be heard.
            let over = matches!(&*teller.borrow(), Condition::Ended { .. });
            if begun.is_some() && !over {
                cancel.cancel();
                return begun;
            }
            None
        };
        let report = self.report(hearing, around).run(condition, &cancel);
        let (begun, (), ()) = tokio::join!(waiting, playing, report);
        begun
    }

    /// Listens, if somebody does, and looks.
    async fn hear(&self, begun: Begun<Words>, playback: &Playback, from_ms: u64, around: Around) {
        let options = Options {
            bus: Some(Arc::clone(&around.bus)),
            ffmpeg: self.ffmpeg.clone(),
            speed: playback.speed,
            looped: playback.looped,
            from_ms,
            pictures: Some(pictures(&self.senses)),
            ..Options::new(playback.room.clone())
        };
        let (words, hearing, without) = match begun {
            Ok((words, hearing)) => (Some(words), hearing, None),
            Err(why) => (None, why.hearing(), Some(why)),
        };
        let room = &playback.room;
        let ears = self.senses.ears.as_ref();
        let clock = around.clock.clone();
        let feed = self.source.open(options);
        let (told, hearing) = channel::channel(hearing);
        let report = self.report(hearing, &around);
        let (condition, cancel) = (feed.condition(), around.cancel.clone());
        let (listeners, come, lost) = listeners();
        let watching = watch(feed, words, listeners, &self.senses, from_ms, around);
        let listening = async {
            let open = || begin(ears, room);
            if ears.is_some() {
                keep(open, without, &told, &clock, come, lost).await;
            }
            std::future::pending().await
        };
        let watching = async {
            let how = tokio::select! {
                how = watching => how,
                () = listening => return,
            };
            if how == Ended::Finished {
                tracing::info!(%room, "the source is at its end");
            }
        };
        tokio::join!(watching, report.run(condition, &cancel));
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
