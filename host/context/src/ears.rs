//! Who hears words: whatever opens a listener, and another one when there is none.

use crate::watching::{Listening, Speech, Words};
use chatter_protocol::{
    Clock, RoomId,
    source::{Hearing, HearingBy},
};
use std::{fmt, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

/// Whether there is something to listen with is looked at after so long.
const LOOK: Duration = Duration::from_secs(3);
/// The pause before what failed is tried again: another listener when one has ended, or what could not be opened.
/// Each is twice as long as the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A listener that lived so long was well: the next pause is short again.
const WELL: Duration = Duration::from_secs(120);

/// What words are heard with, as soon as it is there.
pub trait Ears: fmt::Debug + Send + Sync {
    /// What hears them. Asked again while nobody does; dropping the future may lose what it did.
    fn open(&self) -> Opening<'_>;
}

/// What [`Ears`] open.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Speech, Deaf>> + Send + 'a>>;

/// Why nobody hears words, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deaf {
    /// Something is not there, or not as it should be. Looking for it costs next to nothing, and is done every
    /// few seconds.
    Missing(String),
    /// It was tried and failed. Trying again costs as much, so it is done after ever longer pauses.
    Failed(String),
}

impl Deaf {
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Missing(why) | Self::Failed(why) => why,
        }
    }

    /// What operators are told of it.
    pub(crate) fn hearing(&self) -> Hearing {
        deaf(self.why().to_owned())
    }
}

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

/// A listener, with what tells operators of it; or why there is none.
pub(crate) type Begun<L> = Result<(L, Hearing), Deaf>;

/// Begins to listen; with what tells operators so.
pub(crate) async fn begin(ears: Option<&Arc<dyn Ears>>, room: &RoomId) -> Begun<Words> {
    let Some(ears) = ears else {
        return Err(Deaf::Missing(String::new()));
    };
    let speech = ears.open().await?;
    match Words::start(&speech) {
        Ok(words) => {
            tracing::info!(%room, by = speech.name, "words are heard");
            let by = HearingBy::Model;
            let (name, detail) = (speech.name, String::new());
            Ok((words, Hearing { by, name, detail }))
        }
        Err(error) => Err(Deaf::Failed(error.to_string())),
    }
}

/// Nobody hears words; with what helps, if somebody should.
fn deaf(detail: String) -> Hearing {
    Hearing {
        by: HearingBy::Nothing,
        name: String::new(),
        detail,
    }
}

/// What is told of a failure while it is waited for so long.
fn until_next(why: &str, clock: &Clock, pause: Duration) -> String {
    let at = clock.now().plus(pause).to_string();
    // To the second.
    let at = at.split_once('.').map_or(&*at, |(seconds, _)| seconds);
    format!("{why}; it is tried again at {at}Z")
}

/// Waits until words can be heard; `why` they could not be so far. What keeps them from it is told when it
/// changes.
pub(crate) async fn awaited<L, F: Future<Output = Begun<L>>>(
    begin: &impl Fn() -> F,
    mut why: Deaf,
    told: &watch::Sender<Hearing>,
    clock: &Clock,
) -> (L, Hearing) {
    let mut pause = FIRST_PAUSE;
    loop {
        match why {
            Deaf::Missing(detail) => {
                tell(told, |now| now.detail = detail);
                pause = FIRST_PAUSE;
                sleep(LOOK).await;
            }
            Deaf::Failed(detail) => {
                pause = (pause * 2).min(LONGEST_PAUSE);
                let detail = until_next(&detail, clock, pause);
                tell(told, |now| now.detail = detail);
                sleep(pause).await;
            }
        }
        match begin().await {
            Ok(begun) => return begun,
            Err(still) => why = still,
        }
    }
}

/// Keeps a play listening: when its listener ends another one is begun, after a pause; and if it had none, for
/// whatever reason, one as soon as that is possible. Ends with the play.
pub(crate) async fn keep<L: Listening, F: Future<Output = Begun<L>>>(
    begin: impl Fn() -> F,
    mut without: Option<Deaf>,
    told: &watch::Sender<Hearing>,
    clock: &Clock,
    come: mpsc::Sender<L>,
    mut lost: mpsc::Receiver<String>,
) {
    let mut pause = FIRST_PAUSE;
    let mut since = Instant::now();
    loop {
        let begun = match without.take() {
            Some(why) => Err(why),
            None => {
                let Some(why) = lost.recv().await else { return };
                if since.elapsed() >= WELL {
                    pause = FIRST_PAUSE;
                }
                tell(told, |now| *now = deaf(until_next(&why, clock, pause)));
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                begin().await
            }
        };
        let (listener, hearing) = match begun {
            Ok(begun) => begun,
            Err(why) => awaited(&begin, why, told, clock).await,
        };
        since = Instant::now();
        tell(told, |now| *now = hearing);
        if come.send(listener).await.is_err() {
            return;
        }
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
