//! Media: what ffmpeg reads, a microphone, a browser.

use crate::{
    Ended, Playback,
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
}

impl Media {
    /// Watches it from a position on, until its end or until it is cancelled.
    pub(crate) async fn watch(&self, playback: &Playback, from_ms: u64, around: Around) -> Ended {
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
        watch(feed, words, &self.senses, from_ms, around).await
    }
}
