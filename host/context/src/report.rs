//! How a source does, told to operators on `stream.source`: on a change, and every [`BEAT`] for those who came
//! later.

use chatter_bus::{SharedBus, publish_json};
use chatter_media::Condition;
use chatter_protocol::{
    Clock, RoomId, SourceCondition, SourceStatus, Timestamp, Topic, TopicKind, V1, source::Hearing,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// It is told again after so long.
const BEAT: Duration = Duration::from_secs(5);
/// Changes are told no closer than this: a source that comes and goes would be told of without end.
const APART: Duration = Duration::from_millis(250);
/// So long the bus may take.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(2);
/// So long it may take for what is told at last.
const LAST_TIMEOUT: Duration = Duration::from_millis(150);
/// The most characters of what is told of a source.
const MAX_CHARS: usize = 500;

/// What is told of a source beside how it does.
#[derive(Clone, Debug)]
pub struct About {
    /// What it is, for people and without what may be secret.
    pub source: String,
    /// Who hears what is said.
    pub hearing: Hearing,
}

/// Tells how one play of a source does.
pub(crate) struct Report {
    /// What is watched, for people.
    pub(crate) source: String,
    /// Who hears what is said.
    pub(crate) hearing: watch::Receiver<Hearing>,
    pub(crate) room: RoomId,
    pub(crate) bus: SharedBus,
    pub(crate) clock: Clock,
    /// How far the hearing is behind, in milliseconds.
    pub(crate) behind_ms: Arc<AtomicU64>,
}

impl Report {
    /// Tells until it is cancelled, and then that the source is watched no more.
    pub(crate) async fn run(
        self,
        mut condition: watch::Receiver<Condition>,
        cancel: &CancellationToken,
    ) {
        let mut since = self.clock.now();
        let mut hearing = self.hearing.clone();
        cancel
            .run_until_cancelled(async {
                loop {
                    hearing.mark_unchanged();
                    let now = condition.borrow_and_update().clone();
                    self.tell(&now, since, false, PUBLISH_TIMEOUT).await;
                    sleep(APART).await;
                    tokio::select! {
                        changed = condition.changed() => match changed {
                            Ok(()) => since = self.clock.now(),
                            // It stays as it is.
                            Err(_) => sleep(BEAT).await,
                        },
                        Ok(()) = hearing.changed() => {}
                        () = sleep(BEAT) => {}
                    }
                }
            })
            .await;
        let last = condition.borrow().clone();
        self.tell(&last, since, true, LAST_TIMEOUT).await;
    }

    async fn tell(&self, condition: &Condition, since: Timestamp, left: bool, patience: Duration) {
        let (condition, detail) = in_words(condition);
        let hearing = self.hearing.borrow().clone();
        let cut = |text: &str| text.chars().take(MAX_CHARS).collect::<String>();
        let status = SourceStatus {
            v: V1,
            room_id: self.room.clone(),
            source: cut(&self.source),
            condition,
            detail: cut(&detail),
            since,
            hearing: Hearing {
                by: hearing.by,
                name: cut(&hearing.name),
                detail: cut(&hearing.detail),
            },
            behind_ms: self.behind_ms.load(Ordering::Relaxed),
            left,
            at: self.clock.now(),
        };
        let topic = Topic::new(TopicKind::StreamSource, self.room.clone());
        // It is told again soon.
        match timeout(patience, publish_json(&*self.bus, &topic, &status)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(room = %self.room, %error, "a source's status was not told");
            }
            Err(_) => tracing::debug!(room = %self.room, "a source's status was not told in time"),
        }
    }
}

fn in_words(condition: &Condition) -> (SourceCondition, String) {
    match condition {
        Condition::Starting => (SourceCondition::Starting, String::new()),
        Condition::Playing { silent: false } => (SourceCondition::Playing, String::new()),
        Condition::Playing { silent: true } => {
            (SourceCondition::Playing, "there is no sound in it".into())
        }
        Condition::Stalled => (SourceCondition::Stalled, String::new()),
        Condition::Waiting { why } => (SourceCondition::Waiting, why.clone()),
        Condition::Ended { note } => (SourceCondition::Ended, note.clone().unwrap_or_default()),
        Condition::Failed { why } => (SourceCondition::Failed, why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_bus::{Heard, InProcess};
    use chatter_protocol::source::HearingBy;

    #[tokio::test(start_paused = true)]
    async fn a_change_is_told_and_the_end_and_that_it_goes_on() {
        let room = RoomId::new("main/lobby").unwrap();
        let bus: SharedBus = Arc::new(InProcess::new());
        let topic = Topic::new(TopicKind::StreamSource, room.clone());
        let mut told = bus.subscribe(&[topic]).await.unwrap();
        let (teller, condition) = watch::channel(Condition::Starting);
        let model = |detail: &str| Hearing {
            by: HearingBy::Model,
            name: "whisper tiny".into(),
            detail: detail.into(),
        };
        let (ears, hears) = watch::channel(model(""));
        let report = Report {
            source: "talk.mp3".into(),
            hearing: hears,
            room,
            bus,
            clock: Clock::system(),
            behind_ms: Arc::new(AtomicU64::new(1700)),
        };
        let cancel = CancellationToken::new();
        let end = cancel.clone();
        let telling = tokio::spawn(async move { report.run(condition, &end).await });
        let mut next = async || match told.next().await {
            Some(Heard::Message { payload, .. }) => {
                let status: SourceStatus = serde_json::from_slice(&payload).unwrap();
                (
                    status.condition,
                    status.detail,
                    status.hearing.detail,
                    status.behind_ms,
                    status.left,
                )
            }
            other => panic!("{other:?}"),
        };
        let said = |condition, detail: &str, hearing: &str, left| {
            (condition, detail.to_owned(), hearing.to_owned(), 1700, left)
        };
        let starting = |hearing| said(SourceCondition::Starting, "", hearing, false);
        assert_eq!(next().await, starting(""));
        ears.send_replace(model("no memory"));
        assert_eq!(next().await, starting("no memory"));
        drop(ears);
        let why = "the server refuses".to_owned();
        teller.send_replace(Condition::Waiting { why });
        let waiting = |left| {
            let condition = SourceCondition::Waiting;
            said(condition, "the server refuses", "no memory", left)
        };
        assert_eq!(next().await, waiting(false));
        assert_eq!(next().await, waiting(false), "nothing changes");
        cancel.cancel();
        assert_eq!(next().await, waiting(true));
        telling.await.unwrap();
    }
}
