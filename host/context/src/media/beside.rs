//! Subtitles that are played in the place of words that nobody hears, and the film that they belong to.

use super::Media;
use crate::{
    Playback, Subtitles,
    attend::ended,
    ears::{Deaf, awaited, begin},
    looking::Film,
    names::Names,
    play::{More, play_from},
    reel::Left,
    watching::{Around, Words},
};
use chatter_media::Condition;
use chatter_protocol::{
    RoomId,
    source::{Hearing, HearingBy},
};
use std::{future::pending, sync::Arc};
use tokio::sync::watch as channel;

/// The same words, written down.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The file's name.
    pub name: String,
    /// What it says.
    pub subtitles: Subtitles,
}

impl Media {
    /// Plays the subtitles until words can be heard, and looks at the film meanwhile; with whoever hears them. None if
    /// it was cancelled before.
    pub(super) async fn read(
        &self,
        beside: &Beside,
        why: Deaf,
        playback: &Playback,
        left: Left,
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
        let feed = self.source.open(self.options(playback, left.at_ms, around));
        let (show_as, shown) = channel::channel(hearing.borrow().clone());
        let showing = show(hearing, feed.condition(), show_as, &playback.room);
        let more = More {
            names: Names::new(self.senses.names.clone(), around.people.clone()),
            film: Some(Film::new(
                playback.room.clone(),
                feed,
                self.senses.sight.clone(),
            )),
        };
        let playing = async {
            let played = play_from(
                left,
                beside.subtitles.clone(),
                more,
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
        let report = self.report(shown, around).run(condition, &cancel);
        let showing = cancel.run_until_cancelled(showing);
        let (begun, (), (), _) = tokio::join!(waiting, playing, report, showing);
        begun
    }
}

/// What operators are told of subtitles in a film's place: who hears, and why the film is not looked at, if it can't
/// be. Never returns.
async fn show(
    mut hearing: channel::Receiver<Hearing>,
    mut film: channel::Receiver<Condition>,
    shown: channel::Sender<Hearing>,
    room: &RoomId,
) {
    let mut trouble = None;
    loop {
        let mut now = hearing.borrow_and_update().clone();
        if let Condition::Failed { why } = &*film.borrow_and_update()
            && trouble.is_none()
        {
            tracing::warn!(%room, %why, "the file can't be opened; its subtitles are played on");
            trouble = Some(format!("what it shows is not looked at: {why}"));
        }
        if let Some(trouble) = &trouble {
            let details = [&now.detail, trouble];
            let details = details.into_iter().filter(|it| !it.is_empty());
            now.detail = details.map(String::as_str).collect::<Vec<_>>().join("; ");
        }
        shown.send_replace(now);
        tokio::select! {
            Ok(()) = hearing.changed() => {}
            Ok(()) = film.changed() => {}
            else => return pending().await,
        }
    }
}
