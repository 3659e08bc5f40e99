//! What goes wrong with what a room watches: what its operator is told, and that the room goes on.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod support;

use chatter_redis_server::RedisServer;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use support::{DEADLINE, Home, Process, ROOM, Server, viewer::Viewer};

const TOKEN: &str = "the-token-of-an-operator-who-looks";

/// Rooms with nobody in them: each watches something.
fn home(rooms: &[(&str, &str)]) -> Home {
    let home = Home::empty();
    home.write("configs/moderation/default.toml", "name = \"default\"\n");
    home.write("plugins/README.md", "none\n");
    for (name, source) in rooms {
        home.write(
            &format!("configs/rooms/{name}.toml"),
            format!("id = \"main/{name}\"\ntitle = \"A room\"\n[source]\n{source}\n"),
        );
    }
    home
}

fn serve(home: &Home, data: &str, more: &[&str]) -> Server {
    let words = ["serve", "--data", data, "--plugins", "plugins"];
    let others = ["--listen", "127.0.0.1:0", "--log", "warn,chatter=info"];
    let mut command = home.chatter(&[&words[..], &others, more].concat());
    command.env("CHATTER_OPERATOR_TOKEN", TOKEN);
    Server::listening(Process::start(command))
}

/// Makes a file with ffmpeg.
fn made(home: &Home, name: &str, words: &str) {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error"])
        .args(words.split(' '))
        .arg(home.path("configs/rooms").join(name))
        .status()
        .expect("ffmpeg runs; `apt-get install ffmpeg` brings it");
    assert!(made.success());
}

/// What the operator is told of a room's source.
fn source(server: &Server, room: &str) -> Value {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        stream,
        "GET /v1/rooms/{room} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let status: Value = serde_json::from_str(body).expect("a room's status");
    status["source"].clone()
}

/// Asks until it is told.
async fn told(server: &Server, room: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let source = source(server, room);
        if fits(&source) {
            return source;
        }
        assert!(
            began.elapsed() < DEADLINE,
            "no {what} in {source:#}\n{}",
            server.process.stderr()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn is(condition: &str, detail: &str) -> impl Fn(&Value) -> bool {
    move |source| {
        source["condition"] == condition
            && source["detail"]
                .as_str()
                .unwrap_or_default()
                .contains(detail)
    }
}

/// People are heard, whatever the source does.
async fn goes_on(viewer: &mut Viewer, text: &str) {
    assert!(viewer.say(text, text).await, "the connection has ended");
    let answer = viewer
        .until("an answer", |frame| frame["nonce"] == text)
        .await;
    assert_eq!(answer["type"], "ack", "{answer}");
}

/// The programs that a process has started.
fn children(parent: u32) -> Vec<Pid> {
    let of = |status: &str, name: &str| -> Option<i32> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    };
    let processes = fs::read_dir("/proc").expect("the system tells its processes");
    let children = processes.filter_map(|entry| {
        let status = fs::read_to_string(entry.ok()?.path().join("status")).ok()?;
        (of(&status, "PPid:")? == i32::try_from(parent).ok()?).then_some(())?;
        Pid::from_raw(of(&status, "Pid:")?)
    });
    children.collect()
}

/// A minute of a picture and a tone; the picture goes black now and then.
const SHOW: &str = "-f lavfi -i testsrc=size=64x36:rate=25:duration=60,drawbox=enable='gte(mod(t,6),4)':color=black:t=fill \
                    -f lavfi -i sine=440:duration=60 -c:v mpeg2video -c:a mp2 -f mpegts";

/// How long that is.
const SHOW_SECONDS: usize = 60;

/// A server with one endless stream, at the pace of a clock that goes on while nobody looks.
struct Live {
    port: u16,
    stalled: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

impl Live {
    /// Of [`SHOW`], over and over.
    fn show() -> Self {
        let folder = home(&[]);
        fs::create_dir_all(folder.path("configs/rooms")).unwrap();
        made(&folder, "show.ts", SHOW);
        let bytes: Arc<[u8]> = fs::read(folder.path("configs/rooms/show.ts"))
            .unwrap()
            .into();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let live = Self {
            port: listener.local_addr().unwrap().port(),
            stalled: Arc::default(),
            gone: Arc::default(),
        };
        let (stalled, gone) = (Arc::clone(&live.stalled), Arc::clone(&live.gone));
        // Both end with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (bytes, stalled) = (Arc::clone(&bytes), Arc::clone(&stalled));
                let gone = Arc::clone(&gone);
                thread::spawn(move || send(stream.unwrap(), &bytes, &stalled, &gone));
            }
        });
        live
    }

    fn uri(&self) -> String {
        format!("uri = \"http://127.0.0.1:{}/live.ts\"", self.port)
    }
}

/// Sends the stream until whoever asked for it, or the stream, is gone.
fn send(mut to: TcpStream, bytes: &[u8], stalled: &AtomicBool, gone: &AtomicBool) {
    const TICKS: usize = 20;
    let mut asked = [0; 4096];
    let _ = to.read(&mut asked);
    if gone.load(Ordering::Relaxed) {
        let _ = to.write_all(b"HTTP/1.0 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        return;
    }
    let head = b"HTTP/1.0 200 OK\r\ncontent-type: video/mp2t\r\n\r\n";
    if to.write_all(head).is_err() {
        return;
    }
    // A transport stream is one of packets of 188 bytes.
    let step = (bytes.len() / 188).div_ceil(SHOW_SECONDS * TICKS) * 188;
    for piece in bytes.chunks(step).cycle() {
        if gone.load(Ordering::Relaxed) {
            return;
        }
        if !stalled.load(Ordering::Relaxed) && to.write_all(piece).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(1000 / TICKS as u64));
    }
}

#[tokio::test]
async fn what_is_wrong_with_files_is_told_and_an_ffmpeg_that_is_killed_comes_back() {
    let home = home(&[
        ("lobby", "uri = \"tone.wav\"\nloop = true"),
        ("silent", "uri = \"../rooms/silent.mkv\""),
        ("text", "uri = \"text.mp3\""),
    ]);
    made(&home, "tone.wav", "-f lavfi -i sine=440:duration=30");
    let film = "-f lavfi -i testsrc=size=64x36:rate=10:duration=60 -c:v mpeg4";
    made(&home, "silent.mkv", film);
    home.write("configs/rooms/text.mp3", "no media at all\n".repeat(100));
    let server = serve(&home, "data", &[]);
    let mut ana = Viewer::enter(&server, "name=Ana").await;

    told(
        &server,
        "main/text",
        "refusal",
        is("failed", "no media that ffmpeg reads"),
    )
    .await;
    let silent = is("playing", "there is no sound in it");
    let silent = told(&server, "main/silent", "a film", silent).await;
    assert_eq!(silent["source"], "configs/rooms/silent.mkv");
    let hearing = &silent["hearing"];
    assert_eq!(hearing["by"], "nothing");
    assert!(
        hearing["detail"]
            .as_str()
            .unwrap()
            .contains("chatter models pull tiny"),
        "{hearing}"
    );
    told(&server, ROOM, "a tone", is("playing", "")).await;
    goes_on(&mut ana, "one fails and others play").await;

    // As often as it is started, so that it stays away for long enough to be seen.
    let began = Instant::now();
    let killed = is("waiting", "ffmpeg was killed");
    while !killed(&source(&server, ROOM)) {
        assert!(began.elapsed() < DEADLINE, "{}", source(&server, ROOM));
        for child in children(server.process.id()) {
            // One may have ended by itself.
            let _ = kill_process(child, Signal::KILL);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    goes_on(&mut ana, "nobody hears the source").await;
    for room in [ROOM, "main/silent"] {
        told(&server, room, "new start", is("playing", "")).await;
    }
}

#[tokio::test]
async fn what_has_failed_is_tried_again_when_its_operator_asks_for_it() {
    let home = home(&[("lobby", "uri = \"tone.wav\"")]);
    made(&home, "tone.wav", "-f lavfi -i sine=440:duration=120");
    let mended = home.path("mended");
    let script = format!(
        "#!/bin/sh\n[ -e '{}' ] && exec ffmpeg \"$@\"\necho '[error] x: Unknown decoder' >&2\nexit 1\n",
        mended.display()
    );
    home.write("ffmpeg.sh", script);
    let program = home.path("ffmpeg.sh");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let server = serve(&home, "data", &["--ffmpeg", program.to_str().unwrap()]);
    told(&server, ROOM, "refusal", is("failed", "can't decode it")).await;
    fs::write(mended, "").unwrap();
    server.process.signal(Signal::HUP);
    told(&server, ROOM, "a tone", is("playing", "")).await;
    let log = server.process.stderr();
    assert!(!log.contains("at its end"), "{log}");
}

#[tokio::test]
async fn a_room_whose_language_model_is_another_one_watches_on() {
    let home = home(&[("lobby", "uri = \"tone.wav\"")]);
    made(&home, "tone.wav", "-f lavfi -i sine=440:duration=120");
    let server = serve(&home, "data", &["--speech-model", "off"]);
    let before = told(&server, ROOM, "a tone", is("playing", "")).await;
    let file = "configs/rooms/lobby.toml";
    let text = fs::read_to_string(home.path(file)).unwrap();
    let text = format!("llm = [\"offline\"]\n{text}");
    home.write(file, &text);
    server.process.stderr_with("main/lobby: llm");
    // What is told of this one comes after all that the other has changed.
    home.write(file, text.replace("A room", "Another room"));
    server.process.stderr_with("main/lobby: title");
    let now = source(&server, ROOM);
    let later = told(&server, ROOM, "a later word", |source| {
        source["at"] != now["at"]
    })
    .await;
    assert_eq!(later["since"], before["since"], "{later}");
}

#[tokio::test]
async fn a_source_that_makes_way_for_another_is_not_at_its_end() {
    let home = home(&[("lobby", "uri = \"tone.wav\"")]);
    made(&home, "tone.wav", "-f lavfi -i sine=440:duration=120");
    made(&home, "other.wav", "-f lavfi -i sine=880:duration=120");
    let server = serve(&home, "data", &["--speech-model", "off"]);
    let before = told(&server, ROOM, "a tone", is("playing", "")).await;
    let file = "configs/rooms/lobby.toml";
    let text = fs::read_to_string(home.path(file)).unwrap();
    home.write(file, text.replace("tone.wav", "other.wav"));
    told(&server, ROOM, "another tone", |source| {
        source["since"] != before["since"] && is("playing", "")(source)
    })
    .await;
    let log = server.process.stderr();
    assert!(!log.contains("at its end"), "{log}");
}

#[tokio::test]
async fn a_model_that_is_pulled_while_the_subtitles_are_played_takes_over() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/models");
    let home = home(&[
        ("lobby", "uri = \"tone.wav\""),
        ("alone", "uri = \"alone.wav\""),
    ]);
    made(&home, "tone.wav", "-f lavfi -i sine=440:duration=120");
    made(&home, "alone.wav", "-f lavfi -i sine=440:duration=120");
    home.write("configs/rooms/tone.vtt", support::subtitles());
    let server = serve(&home, "data", &["--speech-threads", "1"]);
    let by = |by: &'static str| move |source: &Value| source["hearing"]["by"] == by;
    let read = told(&server, ROOM, "subtitles", by("subtitles")).await;
    let hearing = &read["hearing"];
    assert_eq!(hearing["name"], "tone.vtt");
    assert!(
        hearing["detail"]
            .as_str()
            .unwrap()
            .contains("chatter models pull tiny"),
        "{hearing}"
    );
    told(&server, "main/alone", "nobody", by("nothing")).await;

    // Of the right length only, as after a bad disk.
    let folder = home.path("data/models");
    fs::create_dir_all(&folder).unwrap();
    let names = ["ggml-silero-v6.2.0.bin", "ggml-tiny.bin"];
    let bytes = names.map(|name| {
        let path = models.join(name);
        fs::metadata(&path)
            .unwrap_or_else(|_| {
                panic!(
                    "there is no {}: `cargo xtask models` gets it",
                    path.display()
                )
            })
            .len()
    });
    for (name, bytes) in names.iter().zip(bytes) {
        fs::File::create(folder.join(name))
            .unwrap()
            .set_len(bytes)
            .unwrap();
    }
    let wrong = |source: &Value| {
        let why = source["hearing"]["detail"].as_str();
        why.is_some_and(|why| why.starts_with("the model tiny is not what it should be"))
    };
    told(&server, ROOM, "wrong bytes", wrong).await;

    for name in names {
        let whole = folder.join("whole");
        std::os::unix::fs::symlink(models.canonicalize().unwrap().join(name), &whole).unwrap();
        fs::rename(whole, folder.join(name)).unwrap();
    }
    for room in [ROOM, "main/alone"] {
        let heard = told(&server, room, "a model", by("model")).await;
        assert_eq!(heard["hearing"]["name"], "whisper tiny, any language");
        assert_eq!(heard["hearing"]["detail"], Value::Null);
    }
    told(&server, ROOM, "a tone", is("playing", "")).await;
}

#[tokio::test]
async fn nobody_who_is_not_to_listen_is_missed() {
    let home = home(&[("lobby", "uri = \"tone.wav\"")]);
    made(&home, "tone.wav", "-f lavfi -i sine=440:duration=30");
    let server = serve(&home, "data", &["--speech-model", "off"]);
    let playing = told(&server, ROOM, "a tone", is("playing", "")).await;
    assert_eq!(playing["hearing"], serde_json::json!({ "by": "nothing" }));
}

#[tokio::test]
async fn a_live_source_that_stalls_and_one_that_is_gone_come_back() {
    let live = Live::show();
    let home = home(&[("lobby", &live.uri())]);
    let server = serve(&home, "data", &[]);
    let mut ana = Viewer::enter(&server, "name=Ana&stream=true").await;
    told(&server, ROOM, "a stream", is("playing", "")).await;
    for (what, broken, expected) in [
        ("stall", &live.stalled, "stalled"),
        ("refusal", &live.gone, "waiting"),
    ] {
        broken.store(true, Ordering::Relaxed);
        told(&server, ROOM, what, is(expected, "")).await;
        goes_on(&mut ana, what).await;
        broken.store(false, Ordering::Relaxed);
        told(&server, ROOM, "return", is("playing", "")).await;
    }
}

#[tokio::test]
async fn a_live_source_goes_on_when_whoever_watched_it_is_killed() {
    let live = Live::show();
    let home = home(&[("lobby", &live.uri())]);
    let redis = RedisServer::start();
    let url = redis.url();
    let start = |data: &str, role: &str| serve(&home, data, &["--bus", &url, "--role", role]);
    let gateway = start("gateway", "gateway");
    let mut watchers = vec![start("first", "context"), start("second", "context")];
    let mut ana = Viewer::enter(&gateway, "name=Ana&stream=true").await;

    let mut seen = Seen::default();
    seen.until_blackouts(&mut ana, 1).await;
    let holder = redis.cli(&["HGET", "chatter:duties:{main/lobby}", "context.holder"]);
    let id: u32 = holder.split('/').nth(1).expect("a holder").parse().unwrap();
    let holder = watchers.iter().position(|it| it.process.id() == id);
    let mut dead = watchers.remove(holder.expect("one of the two"));
    let before_ms = seen.position_ms;
    let killed = Instant::now();
    dead.process.kill();

    seen.until_blackouts(&mut ana, 3).await;
    let passed_ms = u64::try_from(killed.elapsed().as_millis()).unwrap();
    let went_ms = seen.position_ms - before_ms;
    // Nothing is ahead of time; behind is what was on its way.
    assert!(
        went_ms <= passed_ms + 5_000 && went_ms + 10_000 >= passed_ms,
        "{went_ms} ms in {passed_ms} ms"
    );
    told(&gateway, ROOM, "the other", is("playing", "")).await;
    goes_on(&mut ana, "on it goes").await;
}

/// What was seen of a stream.
#[derive(Default)]
struct Seen {
    position_ms: u64,
    /// What and when, by id.
    events: BTreeMap<String, (String, u64)>,
}

impl Seen {
    /// Looks on until it has gone black so often: time does not go back, and an id is that of one event alone.
    async fn until_blackouts(&mut self, viewer: &mut Viewer, count: usize) {
        while self
            .events
            .values()
            .filter(|(kind, _)| kind == "blackout")
            .count()
            < count
        {
            let frame = viewer
                .until("what happens on the stream", |frame| {
                    frame["type"] == "stream"
                })
                .await;
            let position_ms = frame["position_ms"].as_u64().unwrap();
            assert!(position_ms >= self.position_ms, "{frame}");
            self.position_ms = position_ms;
            for event in frame["events"].as_array().unwrap() {
                let text = |key: &str| event[key].as_str().unwrap().to_owned();
                let now = (text("kind"), event["at_ms"].as_u64().unwrap());
                let before = self.events.insert(text("id"), now.clone());
                assert!(before.is_none_or(|before| before == now), "{event}");
            }
        }
    }
}
