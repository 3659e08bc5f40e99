//! Real files through a real ffmpeg, with a listener whose words are known.

use super::*;
use chatter_bus::InProcess;
use chatter_llm::{Kind, ServerConfig, Vision};
use chatter_media::{Options, Patience, Source};
use chatter_protocol::{Schematic, StreamContext, Topic, TopicKind};
use chatter_speech::Word;
use serde_json::json;
use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use tokio::sync::Notify;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

/// Makes a file with ffmpeg.
fn made(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error"])
        .args(arguments.split(' '))
        .arg(&path)
        .status()
        .expect("ffmpeg runs; `apt-get install ffmpeg` brings it");
    assert!(made.success());
    path
}

/// Hears what is written down, as soon as there is the sound for it.
#[derive(Default)]
struct Scripted {
    /// Each with the time up to which there must be sound.
    script: VecDeque<(u64, Heard)>,
    sound_ms: u64,
    is_over: bool,
    came: Notify,
}

impl Scripted {
    fn new(script: Vec<(u64, Heard)>) -> Self {
        Self {
            script: script.into(),
            ..Self::default()
        }
    }
}

impl Listening for Scripted {
    fn hear(&mut self, at_ms: u64, samples: Vec<f32>) {
        self.sound_ms = at_ms + samples.len() as u64 / 16;
        self.came.notify_one();
    }

    fn gap(&mut self, to_ms: u64) {
        self.sound_ms = to_ms;
        self.came.notify_one();
    }

    fn end(&mut self) {
        self.is_over = true;
        self.came.notify_one();
    }

    async fn next(&mut self) -> Option<Heard> {
        loop {
            let is_there = |(at_ms, _): &mut (u64, Heard)| *at_ms <= self.sound_ms || self.is_over;
            if let Some((_, heard)) = self.script.pop_front_if(is_there) {
                return Some(heard);
            }
            if self.is_over {
                return None;
            }
            self.came.notified().await;
        }
    }
}

fn words(from_ms: u64, text: &str) -> Heard {
    let words = text.split(' ').enumerate().map(|(n, text)| Word {
        text: text.into(),
        start_ms: from_ms + n as u64 * 300,
        end_ms: from_ms + n as u64 * 300 + 250,
        probability: 0.9,
    });
    Heard::Words(words.collect())
}

/// All contexts of a play.
async fn contexts(
    source: Source,
    speed: f64,
    listening: Option<impl Listening>,
    senses: Senses,
    from_ms: u64,
) -> Vec<StreamContext> {
    contexts_of(source, speed, listening, listeners().0, senses, from_ms).await
}

/// The same, with where other listeners come from.
async fn contexts_of<L: Listening>(
    source: Source,
    speed: f64,
    listening: Option<L>,
    listeners: Listeners<L>,
    senses: Senses,
    from_ms: u64,
) -> Vec<StreamContext> {
    let options = Options {
        speed,
        from_ms,
        pictures: Some(pictures(&senses)),
        ..Options::new(room())
    };
    contexts_with(source, options, listening, listeners, senses).await
}

fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

/// The same, with how it is played.
async fn contexts_with<L: Listening>(
    source: Source,
    options: Options,
    listening: Option<L>,
    listeners: Listeners<L>,
    senses: Senses,
) -> Vec<StreamContext> {
    let (room, from_ms) = (room(), options.from_ms);
    let bus: SharedBus = Arc::new(InProcess::new());
    let topic = Topic::new(TopicKind::StreamContext, room.clone());
    let mut told = bus.subscribe(std::slice::from_ref(&topic)).await.unwrap();
    let feed = source.open(options);
    let around = Around {
        room,
        bus,
        clock: Clock::system(),
        cancel: CancellationToken::new(),
        behind_ms: Arc::default(),
        people: None,
    };
    let ended = watch(feed, listening, listeners, &senses, from_ms, around).await;
    assert_eq!(ended, Ended::Finished);
    let mut contexts = Vec::new();
    // The bus was this play's alone, and is gone.
    while let Some(chatter_bus::Heard::Message { payload, .. }) = told.next().await {
        assert!(payload.len() <= crate::MAX_CONTEXT_BYTES);
        contexts.push(StreamContext::from_json(&payload).unwrap());
    }
    contexts
}

/// Kind and time, by id.
fn events(contexts: &[StreamContext]) -> Vec<(String, u64)> {
    let mut events = BTreeMap::new();
    for event in contexts.iter().flat_map(|context| &context.events) {
        let event = (event.id.clone(), (event.kind.clone(), event.at_ms));
        let before = events.insert(event.0, event.1.clone());
        assert!(before.is_none_or(|before| before == event.1));
    }
    let mut events: Vec<_> = events.into_values().collect();
    events.sort_by_key(|(_, at_ms)| *at_ms);
    events
}

fn kinds(contexts: &[StreamContext]) -> Vec<String> {
    events(contexts).into_iter().map(|(kind, _)| kind).collect()
}

#[tokio::test]
async fn what_is_heard_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(folder.path(), "a.wav", "-f lavfi -i sine=440:duration=12");
    let listener = Scripted::new(vec![
        (1000, Heard::Voice { at_ms: 900 }),
        (3000, words(1000, "Chat, what should we")),
        (3500, words(2200, "call her?")),
        (4000, Heard::Quiet { at_ms: 2800 }),
        (4000, Heard::Until { at_ms: 4000 }),
        (11_900, Heard::Until { at_ms: 11_900 }),
        (12_500, words(11_500, "Oh no!")),
    ]);
    let senses = Senses::default();
    let told = contexts(Source::file(file), 8.0, Some(listener), senses, 0).await;
    assert_eq!(
        events(&told),
        [
            ("stream_start".into(), 0),
            ("chat_question".into(), 2750),
            ("silence".into(), 2800),
            ("stream_end".into(), told.last().unwrap().position_ms),
            ("fail".into(), 12_050),
        ]
    );
    let playing = told[1].playing.as_ref().unwrap();
    assert_eq!((playing.at_ms, playing.speed), (told[1].position_ms, 8.0));
    let last = told.last().unwrap();
    assert_eq!(last.playing, None, "it is over");
    let said: Vec<_> = last
        .transcript
        .iter()
        .map(|it| (&*it.text, it.start_ms))
        .collect();
    assert_eq!(said[said.len() - 1], ("Oh no!", 11_500));
    assert!(
        said.iter()
            .map(|(text, _)| *text)
            .collect::<String>()
            .starts_with("Chat, what")
    );
    assert!(
        last.transcript
            .iter()
            .all(|it| it.word_ms.len() == it.text.split(' ').count())
    );
    assert!(
        told.windows(2)
            .all(|two| two[0].position_ms <= two[1].position_ms)
    );
}

#[tokio::test]
async fn a_recording_that_stands_still_is_told_to_at_once_and_so_that_it_goes_on() {
    use std::{fs, os::unix::fs::PermissionsExt};
    const SCRIPT: &str = "#!/bin/sh\nmkdir \"$0.stood\" 2>/dev/null || exec ffmpeg \"$@\"\n\
                          ffmpeg \"$@\" | head -c 64000\nexec sleep 60\n";
    let folder = tempfile::tempdir().unwrap();
    let file = made(folder.path(), "a.wav", "-f lavfi -i sine=440:duration=6");
    // The first time it gives two seconds of what it reads, and then stands.
    let stalls = folder.path().join("ffmpeg");
    fs::write(&stalls, SCRIPT).unwrap();
    fs::set_permissions(&stalls, fs::Permissions::from_mode(0o755)).unwrap();
    let options = Options {
        ffmpeg: stalls,
        speed: 8.0,
        patience: Patience {
            stall: Duration::from_millis(500),
            give_up: Duration::from_secs(2),
            pause: Duration::from_millis(500),
            ..Patience::default()
        },
        ..Options::new(room())
    };
    let (from, nobody) = (listeners().0, None::<Scripted>);
    let told = contexts_with(Source::file(file), options, nobody, from, Senses::default()).await;
    let mut plays: Vec<bool> = told.iter().map(|told| told.playing.is_some()).collect();
    plays.dedup();
    assert!(plays.starts_with(&[true, false, true, false]), "{plays:?}");
    let stood = told.iter().find(|told| told.playing.is_none()).unwrap();
    assert_eq!(stood.position_ms, 2000);
    assert_eq!(kinds(std::slice::from_ref(stood)), ["stream_start"]);
}

#[tokio::test]
async fn another_listener_goes_on_where_one_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(folder.path(), "a.wav", "-f lavfi -i sine=440:duration=12");
    let why = || "no memory".to_owned();
    let first = Scripted::new(vec![
        (2000, words(1000, "One two.")),
        (2500, Heard::Stopped { why: why() }),
    ]);
    let second = Scripted::new(vec![
        (8000, words(7000, "Three four.")),
        (11_900, Heard::Until { at_ms: 11_900 }),
    ]);
    let (from, come, mut lost) = listeners();
    let keep = async {
        assert_eq!(lost.recv().await, Some(why()));
        come.send(second).await.ok().unwrap();
        // Nobody misses one that ends with the source.
        assert_eq!(lost.recv().await, None);
    };
    let source = Source::file(file);
    let play = contexts_of(source, 4.0, Some(first), from, Senses::default(), 0);
    let (told, ()) = tokio::join!(play, keep);
    let said = &told.last().unwrap().transcript;
    let said: Vec<_> = said.iter().map(|it| (&*it.text, it.start_ms)).collect();
    assert_eq!(said, [("One two.", 1000), ("Three four.", 7000)]);
}

#[tokio::test]
async fn without_a_listener_sound_and_pictures_tell_what_they_can() {
    let folder = tempfile::tempdir().unwrap();
    // A tone for 4 s, then silence; a test picture, another one from 6 s, black from 9 s.
    let file = made(
        folder.path(),
        "a.mkv",
        "-f lavfi -i sine=440:duration=4,apad=whole_dur=16 \
         -f lavfi -i testsrc=size=160x90:rate=10:duration=6 \
         -f lavfi -i smptebars=size=160x90:rate=10:duration=3 \
         -f lavfi -i color=black:size=160x90:rate=10:duration=7 \
         -filter_complex [1][2][3]concat=n=3 -c:v mpeg4 -q:v 4 -c:a pcm_s16le",
    );
    let told = contexts(
        Source::file(file),
        4.0,
        None::<Scripted>,
        Senses::default(),
        0,
    )
    .await;
    let events = events(&told);
    let of = |kind: &str| -> Vec<u64> {
        let found = events.iter().filter(|(it, _)| it == kind);
        found.map(|(_, at_ms)| *at_ms).collect()
    };
    let near = |times: Vec<u64>, expected: u64| {
        assert!(
            times.len() == 1 && times[0].abs_diff(expected) <= 300,
            "{expected}: {events:?}"
        );
    };
    near(of("silence"), 4000);
    near(of("scene_change"), 6000);
    near(of("blackout"), 9000);
    assert_eq!(events.len(), 5, "{events:?}");
}

#[tokio::test]
async fn what_a_model_sees_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(
        folder.path(),
        "a.mkv",
        "-f lavfi -i testsrc=size=640x360:rate=10:duration=6 -c:v mpeg4 -q:v 4",
    );
    let server = MockServer::start().await;
    let content = r#"{"caption":"A cup is raised.","on_screen_text":"YOU WIN","screen":"win"}"#;
    let answer = json!({ "choices": [{ "message": { "content": content } }] });
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let vision = Vision::new(ServerConfig {
        base_url: server.uri().as_str().into(),
        ..ServerConfig::new(Kind::OpenAi, "eyes")
    })
    .unwrap();
    let senses = Senses {
        sight: Some(Sight {
            seer: Arc::new(vision),
            every: Duration::from_secs(10),
            deadline: Duration::from_secs(8),
        }),
        ..Senses::default()
    };
    let told = contexts(Source::file(file), 2.0, None::<Scripted>, senses, 0).await;
    let scene = told
        .iter()
        .find_map(|context| context.scene.as_ref())
        .unwrap();
    assert_eq!(
        (&*scene.caption, &*scene.on_screen_text),
        ("A cup is raised.", "YOU WIN")
    );
    assert_eq!(kinds(&told), ["stream_start", "victory", "stream_end"]);
    // One picture, however many there were: the next one was not due.
    let asked = server.received_requests().await.unwrap();
    assert_eq!(asked.len(), 1);
    let body: serde_json::Value = asked[0].body_json().unwrap();
    let picture = body["messages"][1]["content"][1]["image_url"]["url"]
        .as_str()
        .unwrap();
    assert!(picture.starts_with("data:image/png;base64,iVBOR"));
}

#[tokio::test]
async fn a_play_that_is_taken_over_begins_nothing_and_a_file_that_is_none_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(folder.path(), "a.wav", "-f lavfi -i sine=440:duration=4");
    let told = contexts(
        Source::file(file),
        8.0,
        None::<Scripted>,
        Senses::default(),
        2000,
    )
    .await;
    assert_eq!(kinds(&told), ["stream_end"]);
    assert!(told[0].position_ms >= 2000);

    let text = folder.path().join("a.mp4");
    std::fs::write(&text, "no media at all").unwrap();
    let told = contexts(
        Source::file(text),
        8.0,
        None::<Scripted>,
        Senses::default(),
        0,
    )
    .await;
    assert_eq!(told, []);
}
