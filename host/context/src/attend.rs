//! Playing a source where several processes could: one does, the others listen to how far it is and
//! go on from there when it is gone.

use crate::{
    About, Called, Ended, Media, PlayError, Playback, Roll, Subtitles,
    names::Names,
    play::{More, play_from},
    reel::Left,
    report::Report,
    watching::Around,
};
use chatter_bus::{Heard, SharedBus};
use chatter_media::Condition;
use chatter_protocol::{
    Author, AuthorKind, Clock, FirehoseEntry, RoomId, StreamContext, Topic, TopicKind,
    context::StreamEvent,
};
use chatter_store::Rota;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

/// The pause before the topic is listened to again.
const PAUSE: Duration = Duration::from_secs(1);

/// So long what plays may take for its last words once it is cancelled.
const LAST: Duration = Duration::from_millis(160);
/// The most people whose names are listened for.
const MAX_PEOPLE: usize = 64;

/// A context is of the same play as the one before it if its position differs so much at most from
/// where that play would be by now, or is the same: a recording stands still while it waits for its server.
const SLACK_MS: u64 = 15_000;

/// A source of which is known in advance what is said.
#[derive(Clone, Debug)]
pub struct Written {
    /// What is said.
    pub subtitles: Subtitles,
    /// What is told of it.
    pub about: About,
    /// Whose names are listened for, beside those of the people who write in the chat.
    pub names: Option<Roll>,
}

/// Plays a file that is known in advance into a room whenever that is this process's duty, until it is
/// cancelled. If another process has played it while this one listened, it goes on where that has
/// stopped; else it begins at the beginning.
///
/// # Errors
///
/// As [`play()`](crate::play()).
pub async fn attend(
    written: Written,
    playback: Playback,
    rota: Rota,
    bus: SharedBus,
    clock: Clock,
    cancel: CancellationToken,
) -> Result<(), PlayError> {
    playback.check()?;
    let Written {
        subtitles,
        about,
        names,
    } = written;
    let (room, speed) = (playback.room.clone(), playback.speed);
    let people = watch::Sender::new(Arc::default());
    let play = |place: Place| {
        let playing = play_from(
            place.left(),
            subtitles.clone(),
            More {
                names: Names::new(names.clone(), Some(people.subscribe())),
                film: None,
            },
            playback.clone(),
            Arc::clone(&bus),
            clock.clone(),
            cancel.child_token(),
        );
        let report = Report {
            source: about.source.clone(),
            hearing: watch::channel(about.hearing.clone()).1,
            room: room.clone(),
            bus: Arc::clone(&bus),
            clock: clock.clone(),
            behind_ms: Arc::default(),
        };
        let (room, cancel) = (&room, &cancel);
        async move {
            let (teller, condition) = watch::channel(Condition::Playing { silent: false });
            let playing = async {
                if let Some(ended) = ended(playing.await, room) {
                    teller.send_replace(ended);
                }
            };
            tokio::join!(playing, report.run(condition, cancel));
        }
    };
    in_turn(&room, speed, &rota, &bus, &cancel, &people, play).await;
    Ok(())
}

/// What operators are told of subtitles that are played no more; none if that was wanted.
pub(crate) fn ended(how: Result<Ended, PlayError>, room: &RoomId) -> Option<Condition> {
    match how {
        Ok(Ended::Finished) => {
            tracing::info!(%room, "the source is at its end");
            Some(Condition::Ended { note: None })
        }
        Ok(Ended::Cancelled) => None,
        Err(error) => {
            tracing::error!(%room, %error, "the source can't be played");
            let why = error.to_string();
            Some(Condition::Failed { why })
        }
    }
}

/// Watches what media give into a room whenever that is this process's duty, until it is cancelled. Goes on
/// from another process as [`attend`] does, but that what happens live is not repeated.
///
/// # Errors
///
/// If the speed is out of bounds.
pub async fn attend_media(
    media: Media,
    playback: Playback,
    rota: Rota,
    bus: SharedBus,
    clock: Clock,
    cancel: CancellationToken,
) -> Result<(), PlayError> {
    playback.check()?;
    let (room, speed) = (playback.room.clone(), playback.speed);
    let people = watch::Sender::new(Arc::default());
    let play = |place: Place| {
        let around = Around {
            room: room.clone(),
            bus: Arc::clone(&bus),
            clock: clock.clone(),
            cancel: cancel.child_token(),
            behind_ms: Arc::default(),
            people: Some(people.subscribe()),
        };
        let (media, playback) = (&media, &playback);
        // All that is known of a source is part of this future. Around it are others, each of which would move it
        // over the stack, and without optimisation that is too much for one.
        Box::pin(async move {
            media.watch(playback, &place, around).await;
        })
    };
    in_turn(&room, speed, &rota, &bus, &cancel, &people, play).await;
    Ok(())
}

/// Plays, from a position on, whenever that is this process's duty.
async fn in_turn<F: Future<Output = ()>>(
    room: &RoomId,
    speed: f64,
    rota: &Rota,
    bus: &SharedBus,
    cancel: &CancellationToken,
    people: &watch::Sender<Arc<[Called]>>,
    play: impl Fn(Place) -> F,
) {
    let place = Place::new(speed);
    let listening = listen(room, bus, &place, people);
    let playing = rota.attend(room, |_| {
        let from_ms = place.now();
        if from_ms > 0 {
            tracing::info!(%room, from_ms, "the source is taken over");
        }
        play(place.clone())
    });
    let both = async { tokio::join!(listening, playing) };
    tokio::select! {
        _ = both => {}
        // What plays tells at last that it does no more.
        () = async { cancel.cancelled().await; sleep(LAST).await } => {}
    }
}

/// Hears how far the source is, and who speaks in the chat. Never returns.
async fn listen(
    room: &RoomId,
    bus: &SharedBus,
    place: &Place,
    people: &watch::Sender<Arc<[Called]>>,
) {
    let topics = [TopicKind::StreamContext, TopicKind::ChatFirehose]
        .map(|kind| Topic::new(kind, room.clone()));
    loop {
        if let Ok(mut heard) = bus.subscribe(&topics).await {
            while let Some(heard) = heard.next().await {
                let Heard::Message { topic, payload } = heard else {
                    continue;
                };
                if topic.kind == TopicKind::ChatFirehose {
                    if let Ok(entry) = serde_json::from_slice::<FirehoseEntry>(&payload) {
                        spoke(people, &entry.message.author);
                    }
                } else if let Ok(context) = serde_json::from_slice::<StreamContext>(&payload) {
                    place.hear(context, Instant::now());
                }
            }
        }
        sleep(PAUSE).await;
    }
}

/// Somebody wrote in the chat: the names of those who did so last are listened for.
fn spoke(people: &watch::Sender<Arc<[Called]>>, author: &Author) {
    if !matches!(author.kind, AuthorKind::Viewer | AuthorKind::Moderator) {
        return;
    }
    people.send_if_modified(|people| {
        let is_known = people.iter().any(|called| called.name == author.name);
        if !is_known {
            let before = &people[people.len().saturating_sub(MAX_PEOPLE - 1)..];
            let all = before.iter().cloned();
            *people = all.chain([Called::new(&*author.name)]).collect();
        }
        !is_known
    });
}

/// How far the source is, whoever plays it.
#[derive(Clone, Debug)]
pub(crate) struct Place(Arc<Mutex<Follow>>);

impl Place {
    /// At its beginning.
    pub(crate) fn new(speed: f64) -> Self {
        Self(Arc::new(Mutex::new(Follow::new(speed))))
    }

    /// It is played from its beginning, whatever was heard so far.
    pub(crate) fn begin_anew(&self) {
        let mut follow = self.follow();
        *follow = Follow::new(follow.speed);
    }

    /// In milliseconds; 0 if nobody has played it yet.
    pub(crate) fn now(&self) -> u64 {
        self.follow().position(Instant::now())
    }

    /// What is to be gone on from now.
    pub(crate) fn left(&self) -> Left {
        let follow = self.follow();
        Left {
            at_ms: follow.position(Instant::now()),
            told_ms: follow.play.as_ref().map_or(0, |mark| mark.position_ms),
            events: follow.events.clone(),
        }
    }

    fn hear(&self, context: StreamContext, at: Instant) {
        let mut follow = self.follow();
        if follow.hear(context.position_ms, at) {
            follow.events = context.events;
        }
    }

    fn follow(&self) -> std::sync::MutexGuard<'_, Follow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far a source is, as the contexts tell. Somebody may post others in between, so one that does
/// not fit what was heard before counts only when the next one fits it.
#[derive(Debug)]
struct Follow {
    speed: f64,
    play: Option<Mark>,
    other: Option<Mark>,
    /// Of the latest context of the play.
    events: Vec<StreamEvent>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    position_ms: u64,
    at: Instant,
}

impl Follow {
    fn new(speed: f64) -> Self {
        Self {
            speed,
            play: None,
            other: None,
            events: Vec::new(),
        }
    }

    /// Whether it counts.
    fn hear(&mut self, position_ms: u64, at: Instant) -> bool {
        let mark = Mark { position_ms, at };
        let fits = |before: &Mark| {
            let stands = before.position_ms == position_ms;
            stands || self.expected(before, at).abs_diff(position_ms) <= SLACK_MS
        };
        let counts = self.play.as_ref().is_none_or(fits) || self.other.as_ref().is_some_and(fits);
        if counts {
            self.play = Some(mark);
            self.other = None;
        } else {
            self.other = Some(mark);
        }
        counts
    }

    /// Where it is now.
    fn position(&self, now: Instant) -> u64 {
        self.play
            .as_ref()
            .map_or(0, |mark| self.expected(mark, now))
    }

    fn expected(&self, mark: &Mark, at: Instant) -> u64 {
        let since_ms = at.saturating_duration_since(mark.at).as_secs_f64() * 1000.0;
        mark.position_ms
            .saturating_add((since_ms * self.speed) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_bus::{InProcess, Subscription};
    use chatter_protocol::Timestamp;

    /// The next context that holds an event of this kind, and that one's id.
    async fn told(contexts: &mut Subscription, kind: &str) -> (StreamContext, String) {
        loop {
            let Some(Heard::Message { payload, .. }) = contexts.next().await else {
                panic!("the bus is gone");
            };
            let context: StreamContext = serde_json::from_slice(&payload).unwrap();
            if let Some(event) = context.events.iter().find(|event| event.kind == kind) {
                let id = event.id.clone();
                return (context, id);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_over_tells_of_what_was_told_under_the_ids_it_had() {
        let text = "WEBVTT\n\n00:00.000 --> 00:02.000\nChat, what is her name?\n\n\
                    00:22.000 --> 00:23.000\nOh no!\n\n00:58.000 --> 00:59.000\nHm.\n";
        let subtitles = Subtitles::understand(text.as_bytes(), "talk.vtt".as_ref()).unwrap();
        let room = RoomId::new("main/lobby").unwrap();
        let bus: SharedBus = Arc::new(InProcess::new());
        let topic = [Topic::new(TopicKind::StreamContext, room.clone())];
        let mut contexts = bus.subscribe(&topic).await.unwrap();
        let (place, people) = (Place::new(1.0), watch::Sender::new(Arc::default()));
        let began = Instant::now();
        let clock = Clock::from_fn(move || Timestamp::from_millis(0).plus(began.elapsed()));
        let play = |left: Left, cancel: &CancellationToken| {
            play_from(
                left,
                subtitles.clone(),
                More::default(),
                Playback::new(room.clone()),
                Arc::clone(&bus),
                clock.clone(),
                cancel.clone(),
            )
        };
        let both = async {
            let first = CancellationToken::new();
            let watching = async {
                let asked = told(&mut contexts, "chat_question").await;
                let failed = told(&mut contexts, "fail").await;
                first.cancel();
                (asked.1, failed.1)
            };
            let (ended, (asked, failed)) = tokio::join!(play(Left::default(), &first), watching);
            assert_eq!(ended, Ok(Ended::Cancelled));

            // Nobody plays it while the silence is told of.
            sleep(Duration::from_secs(12)).await;
            let second = CancellationToken::new();
            let watching = async {
                let (context, again) = told(&mut contexts, "fail").await;
                second.cancel();
                (context, again)
            };
            let (_, (context, again)) = tokio::join!(play(place.left(), &second), watching);
            assert_eq!(again, failed);
            let question = context.chat_question.as_ref();
            assert_eq!(question.map(|it| &*it.id), Some(&*asked));
            let mut kinds: Vec<_> = context.events.iter().map(|it| &*it.kind).collect();
            kinds.sort_unstable();
            let expected = [
                "chat_question",
                "fail",
                "silence",
                "silence",
                "stream_start",
            ];
            assert_eq!(kinds, expected);
            assert!(context.position_ms >= 33_000, "{}", context.position_ms);
        };
        tokio::select! {
            () = listen(&room, &bus, &place, &people) => {}
            () = both => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_play_is_followed_and_what_others_post_is_not() {
        let began = Instant::now();
        // When which position is heard, and where the source is taken to be then.
        for (case, heard) in [
            ("nothing", &[][..]),
            (
                "one play",
                &[(0, 0, 0), (2, 20_000, 20_000), (4, 40_200, 40_200)],
            ),
            (
                "something posted in between",
                &[
                    (0, 0, 0),
                    (1, 900_000, 10_000),
                    (2, 20_000, 20_000),
                    (3, 5, 30_000),
                ],
            ),
            (
                "another play",
                &[(0, 500_000, 500_000), (1, 0, 510_000), (2, 10_000, 10_000)],
            ),
            (
                "one that stands still, and goes on",
                &[
                    (0, 50_000, 50_000),
                    (10, 50_000, 50_000),
                    (20, 50_000, 50_000),
                    (21, 60_000, 60_000),
                ],
            ),
        ] {
            let mut follow = Follow::new(10.0);
            assert_eq!(follow.position(began), 0, "{case}");
            for &(second, position_ms, expected) in heard {
                let at = began + Duration::from_secs(second);
                follow.hear(position_ms, at);
                assert_eq!(follow.position(at), expected, "{case}, at {second} s");
            }
        }
    }
}
