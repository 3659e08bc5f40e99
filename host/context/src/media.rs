//! Media: what ffmpeg reads, a microphone, a browser.

use crate::{
    About, Ended, Playback,
    report::Report,
    watching::{Around, Senses, Words, pictures, watch},
};
use chatter_media::{Options, Source};
use std::{path::PathBuf, sync::Arc};

/// A source of sound and pictures, and how it is understood.
#[derive(Clone, Debug)]
pub struct Media {
    /// What it is.
    pub source: Source,
    /// The program that reads it.
    pub ffmpeg: PathBuf,
    /// What it is understood with.
    pub senses: Senses,
    /// What operators are told of it.
    pub about: About,
}

impl Media {
    /// Watches it from a position on, and tells operators of it, its end too, until it is cancelled.
    pub(crate) async fn watch(&self, playback: &Playback, from_ms: u64, around: Around) {
        let options = Options {
            bus: Some(Arc::clone(&around.bus)),
            ffmpeg: self.ffmpeg.clone(),
            speed: playback.speed,
            looped: playback.looped,
            from_ms,
            pictures: Some(pictures(&self.senses)),
            ..Options::new(playback.room.clone())
        };
        let room = &playback.room;
        let speech = self.senses.speech.as_ref();
        let words = speech.and_then(|speech| Words::start(speech, room));
        let feed = self.source.open(options);
        let report = Report {
            about: self.about.clone(),
            room: room.clone(),
            bus: Arc::clone(&around.bus),
            clock: around.clock.clone(),
            behind_ms: Arc::clone(&around.behind_ms),
        };
        let (condition, cancel) = (feed.condition(), around.cancel.clone());
        let watching = async {
            if watch(feed, words, &self.senses, from_ms, around).await == Ended::Finished {
                tracing::info!(%room, "the source is at its end");
            }
        };
        tokio::join!(watching, report.run(condition, &cancel));
    }
}
