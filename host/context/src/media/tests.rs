use super::*;
use crate::{Sight, Subtitles};
use async_trait::async_trait;
use chatter_bus::{Heard, InProcess, SharedBus};
use chatter_llm::{SeeError, Seen, Seer};
use chatter_protocol::{
    Clock, RoomId, SourceCondition, SourceStatus, StreamContext, Topic, TopicKind,
    source::HearingBy,
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, time::Duration};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

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
            "what it shows is not looked at: it is no MP4, or breaks off before its index (moov)"
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
