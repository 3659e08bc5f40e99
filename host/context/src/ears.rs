//! Who hears words: whatever opens a listener, and another one when there is none.

use crate::watching::{Listening, Speech, Words};
use chatter_protocol::{
    RoomId,
    source::{Hearing, HearingBy},
};
use std::{fmt, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

/// Whether there is something to listen with is looked at after so long.
const LOOK: Duration = Duration::from_secs(3);
/// The pause before another listener is started when one has ended; each is twice as long as the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A listener that lived so long was well: the next pause is short again.
const WELL: Duration = Duration::from_secs(120);

/// What words are heard with, as soon as it is there.
pub trait Ears: fmt::Debug + Send + Sync {
    /// What hears them, or why nobody does and what helps. Asked every few seconds while nobody does; dropping
    /// the future may lose what it did.
    fn open(&self) -> Opening<'_>;
}

/// What [`Ears`] open.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Speech, String>> + Send + 'a>>;

/// Where a play gets its listeners from, and whom it tells that one has ended.
pub(crate) struct Listeners<L> {
    pub(crate) begun: mpsc::Receiver<L>,
    /// Why it ended.
    pub(crate) lost: mpsc::Sender<String>,
}

/// One at a time is open, and one at a time is lost.
pub(crate) fn listeners<L>() -> (Listeners<L>, mpsc::Sender<L>, mpsc::Receiver<String>) {
    let (begin, begun) = mpsc::channel(1);
    let (lost, ended) = mpsc::channel(1);
    (Listeners { begun, lost }, begin, ended)
}

/// A listener, with what tells operators of it; or with what tells why there is none.
pub(crate) type Begun<L> = Result<(L, Hearing), Hearing>;

/// Begins to listen; with what tells operators so.
pub(crate) async fn begin(ears: Option<&Arc<dyn Ears>>, room: &RoomId) -> Begun<Words> {
    let Some(ears) = ears else {
        return Err(deaf(String::new()));
    };
    let speech = ears.open().await.map_err(deaf)?;
    match Words::start(&speech) {
        Ok(words) => {
            tracing::info!(%room, by = speech.name, "words are heard");
            let by = HearingBy::Model;
            let (name, detail) = (speech.name, String::new());
            Ok((words, Hearing { by, name, detail }))
        }
        Err(error) => Err(deaf(error.to_string())),
    }
}

/// Nobody hears words; with what helps, if somebody should.
pub(crate) fn deaf(detail: String) -> Hearing {
    Hearing {
        by: HearingBy::Nothing,
        name: String::new(),
        detail,
    }
}

/// Waits until words can be heard. What keeps them from it is told when it changes.
pub(crate) async fn awaited<L, F: Future<Output = Begun<L>>>(
    begin: &impl Fn() -> F,
    told: &watch::Sender<Hearing>,
) -> (L, Hearing) {
    loop {
        match begin().await {
            Ok(begun) => return begun,
            Err(why) => tell(told, |now| now.detail = why.detail),
        }
        sleep(LOOK).await;
    }
}

/// Keeps a play listening: when its listener ends another one is begun, after a pause; and if it had none, one as
/// soon as that is possible. Ends with the play.
pub(crate) async fn keep<L: Listening, F: Future<Output = Begun<L>>>(
    begin: impl Fn() -> F,
    mut listens: bool,
    told: &watch::Sender<Hearing>,
    come: mpsc::Sender<L>,
    mut lost: mpsc::Receiver<String>,
) {
    let mut pause = FIRST_PAUSE;
    let mut since = Instant::now();
    loop {
        if listens {
            let Some(why) = lost.recv().await else { return };
            if since.elapsed() >= WELL {
                pause = FIRST_PAUSE;
            }
            let again = format!(
                "{why}; another listener is started in {} s",
                pause.as_secs()
            );
            tell(told, |now| *now = deaf(again));
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let (listener, hearing) = awaited(&begin, told).await;
        since = Instant::now();
        tell(told, |now| *now = hearing);
        if come.send(listener).await.is_err() {
            return;
        }
        listens = true;
    }
}

fn tell(told: &watch::Sender<Hearing>, change: impl FnOnce(&mut Hearing)) {
    told.send_if_modified(|now| {
        let before = now.clone();
        change(now);
        *now != before
    });
}

#[cfg(test)]
mod tests;
