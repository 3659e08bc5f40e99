//! Media: what ffmpeg reads, a microphone, a browser.

use crate::{
    Ended, Playback, Subtitles,
    attend::{Place, ended},
    ears::{Begun, Deaf, awaited, begin, keep, listeners},
    looking::Film,
    names::Names,
    play::{More, play_from},
    reel::Left,
    report::Report,
    watching::{Around, Senses, Words, pictures, watch},
};
use chatter_media::{Condition, Options, Source};
use chatter_protocol::{
    RoomId,
    source::{Hearing, HearingBy},
};
use std::{
    future::pending,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch as channel, time::sleep};

/// How often it is looked whether a file that could not be played is another one by now.
const LOOK: Duration = Duration::from_secs(2);

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

/// Where it is told that what has failed is to be tried again; what plays goes on.
pub type Again = channel::Receiver<()>;

/// The same words, written down.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The file's name.
    pub name: String,
    /// What it says.
    pub subtitles: Subtitles,
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

    /// Plays the subtitles until words can be heard, and looks at the film meanwhile; with whoever hears them. None if
    /// it was cancelled before.
    async fn read(
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
            film: Some(Film::new(feed, self.senses.sight.clone())),
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
            std::future::pending().await
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

/// What is asked for while it plays counts as heard: it says nothing of what fails later. Never returns.
async fn pass_over(mut condition: channel::Receiver<Condition>, again: &mut Again) {
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
type Mark = [i64; 5];

/// None if there is no file.
#[expect(clippy::cast_possible_wrap, reason = "only compared")]
async fn mark(path: Option<&Path>) -> Option<Mark> {
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
async fn changed(path: Option<&Path>, before: Option<Mark>) {
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
    use crate::Sight;
    use async_trait::async_trait;
    use chatter_bus::{Heard, InProcess, SharedBus};
    use chatter_llm::{SeeError, Seen, Seer};
    use chatter_protocol::{Clock, SourceCondition, SourceStatus, StreamContext, Topic, TopicKind};
    use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};
    use tokio::time::{Instant, timeout};
    use tokio_util::sync::CancellationToken;

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

    /// What is told of a room, until it is as it should be.
    async fn until<T: serde::de::DeserializeOwned>(
        told: &mut chatter_bus::Subscription,
        is: impl Fn(&T) -> bool,
    ) -> T {
        loop {
            let Some(Heard::Message { payload, .. }) = told.next().await else {
                panic!("the bus is gone");
            };
            let told: T = serde_json::from_slice(&payload).unwrap();
            if is(&told) {
                return told;
            }
        }
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

    /// What a file is watched with, and where it is asked to be tried again.
    fn media(path: &Path, ffmpeg: PathBuf) -> (Media, channel::Sender<()>) {
        let (ask, again) = channel::channel(());
        let media = Media {
            source: Source::file(path),
            shown: "talk.wav".into(),
            ffmpeg,
            senses: Senses::default(),
            beside: None,
            again,
        };
        (media, ask)
    }

    fn around(room: &RoomId, bus: &SharedBus, cancel: &CancellationToken) -> Around {
        Around {
            room: room.clone(),
            bus: Arc::clone(bus),
            clock: Clock::system(),
            cancel: cancel.clone(),
            behind_ms: Arc::default(),
            people: None,
        }
    }

    fn once(room: &RoomId) -> Playback {
        Playback {
            room: room.clone(),
            speed: 1.0,
            looped: false,
        }
    }

    /// Sees the same in whatever it is shown.
    struct Eyes;

    #[async_trait]
    impl Seer for Eyes {
        async fn look(&self, _: &[u8], _: Duration) -> Result<Seen, SeeError> {
            Ok(Seen {
                caption: "A boat.".into(),
                ..Seen::default()
            })
        }

        fn describe(&self) -> String {
            "scripted".into()
        }
    }

    /// Subtitles that are played, without anybody who listens.
    fn beside() -> Beside {
        let text = "WEBVTT\n\n00:00.500 --> 00:01.000\nChat, left or right?\n\n\
                    00:58.000 --> 01:00.000\nGoodbye.\n";
        let name = "film.vtt".to_owned();
        let subtitles = Subtitles::understand(text.as_bytes(), name.as_ref()).unwrap();
        Beside { name, subtitles }
    }

    #[tokio::test]
    async fn a_film_whose_subtitles_are_played_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mkv");
        let made = Command::new("ffmpeg")
            .args(
                "-nostdin -v error -f lavfi -i testsrc=size=160x90:rate=10:duration=6 \
                 -f lavfi -i smptebars=size=160x90:rate=10:duration=50 \
                 -filter_complex concat=n=2 -c:v mpeg4 -q:v 4"
                    .split_whitespace(),
            )
            .arg(&path)
            .status()
            .expect("ffmpeg runs; `apt-get install ffmpeg` brings it");
        assert!(made.success());
        let room = RoomId::new("main/lobby").unwrap();
        let bus: SharedBus = Arc::new(InProcess::new());
        let topic = [Topic::new(TopicKind::StreamContext, room.clone())];
        let mut contexts = bus.subscribe(&topic).await.unwrap();
        let (mut media, _ask) = media(&path, "ffmpeg".into());
        media.beside = Some(beside());
        media.senses.sight = Some(Sight {
            seer: Arc::new(Eyes),
            every: Duration::from_secs(10),
            deadline: Duration::from_secs(8),
        });
        let (cancel, place) = (CancellationToken::new(), Place::new(2.0));
        let playback = Playback {
            speed: 2.0,
            ..once(&room)
        };
        let watching = media.watch(&playback, &place, around(&room, &bus, &cancel));
        let telling = async {
            let happens = |kind: &'static str| {
                move |told: &StreamContext| told.events.iter().any(|it| it.kind == kind)
            };
            until(&mut contexts, happens("chat_question")).await;
            let is_seen = |told: &StreamContext| told.scene.is_some();
            let scene = until(&mut contexts, is_seen).await.scene.unwrap();
            assert_eq!(scene.caption, "A boat.");
            let told = until(&mut contexts, happens("scene_change")).await;
            let change = told.events.iter().find(|it| it.kind == "scene_change");
            // A busy machine takes its time to open the film.
            let at_ms = change.unwrap().at_ms;
            assert!((5_700..30_000).contains(&at_ms), "{at_ms}");
            cancel.cancel();
        };
        let both = async { tokio::join!(watching, telling) };
        timeout(Duration::from_secs(60), both)
            .await
            .expect("it is looked at");
    }

    #[tokio::test]
    async fn a_film_that_can_not_be_opened_is_told_beside_its_subtitles() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        fs::write(&path, "no media at all\n".repeat(99)).unwrap();
        let room = RoomId::new("main/lobby").unwrap();
        let bus: SharedBus = Arc::new(InProcess::new());
        let topic = [Topic::new(TopicKind::StreamSource, room.clone())];
        let mut status = bus.subscribe(&topic).await.unwrap();
        let (mut media, _ask) = media(&path, "ffmpeg".into());
        media.beside = Some(beside());
        let (cancel, playback, place) = (CancellationToken::new(), once(&room), Place::new(1.0));
        let watching = media.watch(&playback, &place, around(&room, &bus, &cancel));
        let telling = async {
            let is_told = |told: &SourceStatus| !told.hearing.detail.is_empty();
            let told = until(&mut status, is_told).await;
            assert_eq!(
                told.hearing.detail,
                "what it shows is not looked at: the file breaks off: its index (moov) is missing"
            );
            assert_eq!(told.condition, SourceCondition::Playing);
            assert_eq!(told.hearing.by, HearingBy::Subtitles);
            cancel.cancel();
        };
        let both = async { tokio::join!(watching, telling) };
        timeout(Duration::from_secs(60), both)
            .await
            .expect("it is told");
    }

    #[tokio::test]
    async fn what_is_asked_for_while_it_is_opened_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, program) = (folder.path().join("talk.wav"), folder.path().join("ffmpeg"));
        fs::write(&path, "no media at all\n".repeat(99)).unwrap();
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho >> starts\n\
             while [ ! -e go ]; do sleep 0.02; done\n\
             echo '[fatal] Invalid data found when processing input' >&2\nexit 1\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let room = RoomId::new("main/lobby").unwrap();
        let bus: SharedBus = Arc::new(InProcess::new());
        let (media, ask) = media(&path, program);
        let (cancel, playback, place) = (CancellationToken::new(), once(&room), Place::new(1.0));
        let watching = media.watch(&playback, &place, around(&room, &bus, &cancel));
        let started = async |times: u64| {
            let starts = || fs::metadata(folder.path().join("starts")).map_or(0, |it| it.len());
            while starts() < times {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let asking = async {
            started(1).await;
            ask.send_replace(());
            fs::write(folder.path().join("go"), "").unwrap();
            started(2).await;
            cancel.cancel();
        };
        let both = async { tokio::join!(watching, asking) };
        timeout(Duration::from_secs(60), both)
            .await
            .expect("it is tried again");
    }

    #[tokio::test]
    async fn a_file_that_could_not_be_played_is_played_once_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.wav");
        fs::write(&path, "no media at all\n".repeat(99)).unwrap();
        let room = RoomId::new("main/lobby").unwrap();
        let bus: SharedBus = Arc::new(InProcess::new());
        let topic = |kind| [Topic::new(kind, room.clone())];
        let mut status = bus
            .subscribe(&topic(TopicKind::StreamSource))
            .await
            .unwrap();
        let mut contexts = bus
            .subscribe(&topic(TopicKind::StreamContext))
            .await
            .unwrap();
        let (media, ask) = media(&path, "ffmpeg".into());
        let (cancel, playback, place) = (CancellationToken::new(), once(&room), Place::new(1.0));
        let watching = media.watch(&playback, &place, around(&room, &bus, &cancel));
        let telling = async {
            let failed = |told: &SourceStatus| told.condition == SourceCondition::Failed;
            let why = until(&mut status, failed).await.detail;
            assert!(why.contains("no media"), "{why}");
            let made = Command::new("ffmpeg")
                .args("-nostdin -v error -y -f lavfi -i sine=d=20".split(' '))
                .arg(&path)
                .status()
                .expect("ffmpeg runs; `apt-get install ffmpeg` brings it");
            assert!(made.success());
            // It would be noticed by itself, too.
            ask.send_replace(());
            let playing = |told: &SourceStatus| told.condition == SourceCondition::Playing;
            assert!(!until(&mut status, playing).await.left);
            let context: StreamContext = until(&mut contexts, |_| true).await;
            assert_eq!(context.events[0].kind, "stream_start");
            cancel.cancel();
            assert!(
                until(&mut status, |told: &SourceStatus| told.left)
                    .await
                    .left
            );
        };
        let both = async { tokio::join!(watching, telling) };
        timeout(Duration::from_secs(60), both)
            .await
            .expect("it ends");
    }
}
