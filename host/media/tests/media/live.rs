//! Sources that happen now, and what may happen to them.

use crate::{
    common::{LONG, Told, all, ffmpeg, loudness, next, options, until, until_end},
    web::Web,
};
use chatter_media::{Condition, Feed, Options, Part, Patience, Pictures, Source};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{sleep, timeout},
};

const KEY: &str = "s3cret?who=me";

/// Impatient enough for a test.
fn hasty() -> Options {
    Options {
        patience: Patience {
            stall: Duration::from_millis(600),
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_millis(500),
            ..Patience::default()
        },
        ..options()
    }
}

fn is_playing(now: &Condition) -> bool {
    *now == Condition::Playing { silent: false }
}

fn is_waiting(now: &Condition) -> bool {
    matches!(now, Condition::Waiting { .. })
}

/// A listener on a free port, and the port.
async fn listener(options: Options) -> (Feed, u16) {
    let (name, query) = KEY.split_once('?').unwrap();
    let source = format!("rtmp://127.0.0.1:0/live/{name}?listen=1&{query}");
    let source: Source = source.parse().unwrap();
    let feed = source.open(options);
    let mut condition = feed.condition();
    let waiting = timeout(LONG, condition.wait_for(is_waiting)).await.unwrap();
    let words = waiting.unwrap().to_string();
    let port = words
        .split(':')
        .nth(3)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .parse();
    let port = port.unwrap_or_else(|_| panic!("no port in {words}"));
    (feed, port)
}

/// Somebody who pushes a tone, with or without a picture; until it is dropped.
fn push(port: u16, key: &str, what: &str) -> Child {
    Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re"])
        .args(what.split_whitespace())
        .args(["-f", "flv", &format!("rtmp://127.0.0.1:{port}/live/{key}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

const TONE: &str = "-f lavfi -i sine=f=440 -c:a aac";

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Takes in what is told for so long.
async fn listen(feed: &mut Feed, told: &mut Told, until_ms: u64) {
    while told.end_ms < until_ms {
        match next(feed).await {
            Part::Ended => panic!("it ended: {feed:?}"),
            part => told.add(part),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_pushed_ends_and_is_pushed_again() {
    let (mut feed, port) = listener(hasty()).await;
    let mut told = Told::default();
    let pusher = push(port, KEY, TONE);
    until(&mut feed, &mut told, is_playing).await;
    listen(&mut feed, &mut told, 1_000).await;
    assert!(loudness(&told.samples()[8_000..], 440.0) > 0.05);
    drop(pusher);
    until(&mut feed, &mut told, is_waiting).await;
    assert!(!format!("{feed:?}").contains("s3cret"), "{feed:?}");
    let _pusher = push(port, KEY, &TONE.replace("440", "880"));
    until(&mut feed, &mut told, is_playing).await;
    let enough = told.sound.len() + 20;
    while told.sound.len() < enough {
        told.add(next(&mut feed).await);
    }
    let samples = told.samples();
    assert!(loudness(&samples[samples.len() - 12_000..], 880.0) > 0.05);
    assert!(!told.gaps.is_empty(), "the clock went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_key_is_not_heard() {
    let (mut feed, port) = listener(hasty()).await;
    let mut told = Told::default();
    let _wrong = push(port, "s3cret", TONE);
    let is_refused = |now: &Condition| now.to_string().contains("another key, and was refused");
    until(&mut feed, &mut told, is_refused).await;
    assert!(told.sound.is_empty());
    // Nor is who speaks something else.
    let mut noise = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    noise.write_all(&[7; 5_000]).await.unwrap();
    drop(noise);
    until(&mut feed, &mut told, |now| {
        now.to_string().contains("(") && !is_refused(now)
    })
    .await;
    let _right = push(port, KEY, TONE);
    until(&mut feed, &mut told, is_playing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_stalls_is_a_gap_until_it_comes_back() {
    let (mut feed, port) = listener(hasty()).await;
    let mut told = Told::default();
    let pusher = push(port, KEY, TONE);
    until(&mut feed, &mut told, is_playing).await;
    signal(&pusher, Signal::STOP);
    until(&mut feed, &mut told, |now| *now == Condition::Stalled).await;
    // The time that passed is told while nothing comes.
    while told.gaps.is_empty() {
        told.add(next(&mut feed).await);
    }
    signal(&pusher, Signal::CONT);
    until(&mut feed, &mut told, is_playing).await;
    let until_ms = told.end_ms + 500;
    listen(&mut feed, &mut told, until_ms).await;
    assert_eq!(feed.restarts(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_silent_for_too_long_is_opened_anew() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    // It takes connections, and says nothing.
    let source: Source = format!("rtmp://127.0.0.1:{port}/live/s3cret")
        .parse()
        .unwrap();
    let mut options = hasty();
    options.patience.start = Duration::from_millis(500);
    let mut feed = source.open(options);
    let mut told = Told::default();
    for _ in 0..2 {
        let (_stream, _) = timeout(LONG, server.accept()).await.unwrap().unwrap();
        until(&mut feed, &mut told, |now| {
            now.to_string() == "waiting: nothing comes from it"
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fell_silent_makes_room_for_another() {
    let (mut feed, port) = listener(hasty()).await;
    let mut told = Told::default();
    let silent = push(port, KEY, TONE);
    until(&mut feed, &mut told, is_playing).await;
    signal(&silent, Signal::STOP);
    until(&mut feed, &mut told, |now| *now == Condition::Stalled).await;
    let _other = push(port, KEY, TONE);
    while feed.restarts() == 0 {
        told.add(next(&mut feed).await);
    }
    until(&mut feed, &mut told, is_playing).await;
    signal(&silent, Signal::CONT);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_without_sound_or_picture_is_played_all_the_same() {
    let film = "-f lavfi -i testsrc=s=64x64:r=10 -c:v flv -g 5";
    for (what, silent) in [(film, true), (TONE, false)] {
        let (mut feed, port) = listener(Options {
            pictures: Some(Pictures {
                per_second: 5.0,
                ..Pictures::default()
            }),
            ..hasty()
        })
        .await;
        let mut told = Told::default();
        let mut pusher = push(port, KEY, what);
        until(&mut feed, &mut told, |now| {
            *now == Condition::Playing { silent }
        })
        .await;
        while told.sound.len() < 20 {
            told.add(next(&mut feed).await);
        }
        assert_eq!(told.pictures.is_empty(), !silent, "{what}");
        assert_eq!(
            pusher.try_wait().unwrap(),
            None,
            "it was not turned away: {what}"
        );
    }
}

/// An ffmpeg that writes down its process id first, one a line.
fn noted(folder: &Path) -> (PathBuf, PathBuf) {
    let (program, pids) = (folder.join("ffmpeg.sh"), folder.join("pids"));
    let script = format!(
        "#!/bin/sh\necho $$ >> '{}'\nexec ffmpeg \"$@\"\n",
        pids.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (program, pids)
}

fn latest(pids: &Path) -> Pid {
    let pids = fs::read_to_string(pids).unwrap();
    Pid::from_raw(pids.lines().last().unwrap().parse().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ffmpeg_that_is_killed_is_started_again_where_it_was() {
    let folder = TempDir::new().unwrap();
    // Its pitch tells its place.
    ffmpeg(
        folder.path(),
        "-f lavfi -i aevalsrc=0.5*sin(2*PI*(200*t+10*t*t)):d=40:s=16000 rising.wav",
    );
    let (program, pids) = noted(folder.path());
    let source = Source::file(folder.path().join("rising.wav"));
    let mut feed = source.open(Options {
        ffmpeg: program,
        speed: 20.0,
        ..hasty()
    });
    let mut told = Told::default();
    listen(&mut feed, &mut told, 4_000).await;
    kill_process(latest(&pids), Signal::KILL).unwrap();
    until(&mut feed, &mut told, |now| {
        now.to_string().contains("ffmpeg was killed")
    })
    .await;
    loop {
        match next(&mut feed).await {
            Part::Ended => break,
            part => told.add(part),
        }
    }
    assert_eq!(
        (told.end_ms, told.gaps.len(), feed.restarts()),
        (40_000, 0, 1)
    );
    let samples = told.samples();
    for second in [3, 10, 30, 39] {
        let heard = &samples[second * 16_000..second * 16_000 + 800];
        let hertz = 200.0 + 20.0 * (second as f32 + 0.025);
        assert!(loudness(heard, hertz) > 0.3, "second {second}");
    }
}

/// An ffmpeg that reads these instead of what it is told to, one after the other, and only then that.
fn led_astray(folder: &Path, instead: &[&str]) -> PathBuf {
    let program = folder.join("ffmpeg.sh");
    let cases: String = (1..)
        .zip(instead)
        .map(|(n, words)| {
            format!(
                "{n}) exec ffmpeg -hide_banner -nostdin -loglevel level+info {words} \
                 -map 0:a:0 -f s16le pipe:1;;\n"
            )
        })
        .collect();
    let script = format!(
        "#!/bin/sh\ncd '{}'\necho >> starts\ncase $(($(wc -l < starts))) in\n{cases}\
         *) exec ffmpeg \"$@\";;\nesac\n",
        folder.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_holds_nothing_yet_is_waited_for_and_then_heard() {
    let folder = TempDir::new().unwrap();
    let words = "1\n00:00:00,000 --> 00:00:01,000\nhello\n";
    fs::write(folder.path().join("words.srt"), words).unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc=s=64x64:r=10:d=1 film.mkv",
    );
    ffmpeg(folder.path(), "-f lavfi -i sine=f=440:d=2 tone.wav");
    let cases: [(&[&str], &str); 2] = [
        (&["-i words.srt"], "neither sound nor a moving picture"),
        // Pictures alone, and then it is gone.
        (&["-i film.mkv", "-i nothing.mkv"], "no such file"),
    ];
    for (instead, why) in cases {
        let _ = fs::remove_file(folder.path().join("starts"));
        let web = Web::of(folder.path()).await;
        let source: Source = web.url("/tone.wav").parse().unwrap();
        let mut feed = source.open(Options {
            ffmpeg: led_astray(folder.path(), instead),
            speed: 1000.0,
            ..hasty()
        });
        let mut told = Told::default();
        until(&mut feed, &mut told, |now| {
            is_waiting(now) && now.to_string().contains(why)
        })
        .await;
        told = until_end(&mut feed).await;
        assert!(loudness(&told.samples(), 440.0) > 0.05, "{why}");
    }
}

/// What only seems to be ffmpeg: says of a source that it has sound, pictures and a minute, and then does this.
/// Each start adds a line to `starts`.
fn pretended(folder: &Path, does: &str) -> PathBuf {
    let program = folder.join("ffmpeg.sh");
    let script = format!(
        "#!/bin/sh\ncd '{}'\necho >> starts\ncat >&2 <<'END'\n\
         [info] Input #0, wav, from 'x':\n\
         [info]   Duration: 00:01:00.00, start: 0\n\
         [info]   Stream #0:0: Audio: pcm_s16le\n\
         [info] Output #0, s16le, to 'pipe:1':\n\
         END\n{does}\n",
        folder.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_shorter_than_was_estimated_ends_where_it_ends() {
    let folder = TempDir::new().unwrap();
    // Ten seconds, and opened again nothing more.
    let does = "[ $(wc -l < starts) -gt 1 ] || head -c 320000 /dev/zero";
    let source: Source = "http://127.0.0.1:9/song.mp3".parse().unwrap();
    let (told, condition) = all(
        &source,
        Options {
            ffmpeg: pretended(folder.path(), does),
            speed: 1000.0,
            ..hasty()
        },
    )
    .await;
    assert_eq!(condition, Condition::Ended { note: None });
    assert_eq!(told.end_ms, 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_only_shows_something_for_a_while_is_not_stuck() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("film.mkv"), "a film").unwrap();
    let does = "head -c 960000 /dev/zero\n\
                for n in 1 2 3 4 5 6 7 8 9 10 11 12\n\
                do printf 'P6\\n16 16\\n255\\n' >&0; head -c 768 /dev/zero >&0; sleep 0.25; done\n\
                head -c 960000 /dev/zero";
    let mut options = hasty();
    options.patience.give_up = Duration::from_millis(1500);
    let mut feed = Source::file(folder.path().join("film.mkv")).open(Options {
        ffmpeg: pretended(folder.path(), does),
        speed: 1000.0,
        pictures: Some(Pictures::default()),
        ..options
    });
    let told = until_end(&mut feed).await;
    assert_eq!((told.end_ms, feed.restarts()), (60_000, 0), "{feed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_ends_with_its_feed_and_is_told_no_secrets() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i sine=d=40 tone.wav");
    let (program, pids) = noted(folder.path());
    let mut feed = Source::file(folder.path().join("tone.wav")).open(Options {
        ffmpeg: program,
        ..options()
    });
    next(&mut feed).await;
    let pid = latest(&pids);
    let environment = format!("/proc/{}/environ", pid.as_raw_nonzero());
    if let Ok(environment) = fs::read_to_string(environment) {
        let names = environment
            .split('\0')
            .filter_map(|pair| pair.split('=').next());
        let cargo = names.filter(|name| name.starts_with("CARGO")).count();
        assert_eq!(cargo, 0, "{environment}");
    }
    drop(feed);
    let gone = async {
        // A zombie would still be there.
        while test_kill_process(pid).is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_web_server_has_is_a_recording_if_it_has_a_length() {
    let folder = TempDir::new().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i sine=d=20 -ar 16000 -b:a 64k tone.mp3",
    );
    ffmpeg(folder.path(), "-f lavfi -i sine=d=20 -ar 16000 tone.wav");
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/tone.wav").parse().unwrap();
    let (told, _) = all(
        &source,
        Options {
            speed: 1000.0,
            from_ms: 15_000,
            ..hasty()
        },
    )
    .await;
    assert_eq!((told.sound[0].0, told.end_ms), (15_000, 20_000));
    for path in ["/tone.mp3?token=s3cret", "/half/tone.wav"] {
        let source: Source = web.url(path).parse().unwrap();
        let (told, end) = all(
            &source,
            Options {
                speed: 1000.0,
                ..hasty()
            },
        )
        .await;
        assert_eq!(end, Condition::Ended { note: None }, "{path}");
        assert!(
            told.end_ms.abs_diff(20_000) < 100,
            "{path}: {}",
            told.end_ms
        );
        assert_eq!(told.gaps, [], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_yet_is_waited_for_and_told_in_words() {
    let folder = TempDir::new().unwrap();
    let playlist = |entry: &str| {
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{entry}\n#EXT-X-ENDLIST\n")
    };
    fs::write(
        folder.path().join("local.m3u8"),
        playlist("file:///etc/hostname.ts"),
    )
    .unwrap();
    let web = Web::of(folder.path()).await;
    let refused = "127.0.0.1:9";
    let table = [
        (
            web.url("/nothing.mp3?token=s3cret"),
            "404 Not Found: there is nothing",
        ),
        (
            web.url("/closed/s3cret.mp3"),
            "401 Unauthorized: a user and a password",
        ),
        (web.url("/local.m3u8"), "must not reach"),
        (
            format!("http://me:s3cret@{refused}/x"),
            "nobody listens at that address",
        ),
        (
            format!("rtsp://me:s3cret@{refused}/x"),
            "nobody listens at that address",
        ),
        (
            format!("rtmp://{refused}/live/s3cret"),
            "nobody listens at that address",
        ),
    ];
    for (url, expected) in table {
        let source: Source = url.parse().unwrap();
        let mut feed = source.open(hasty());
        let mut told = Told::default();
        until(&mut feed, &mut told, is_waiting).await;
        let words = feed.condition().borrow().to_string();
        assert!(words.contains(expected), "{source}: {words}");
        assert!(!words.contains("s3cret"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_playlist_whose_server_goes_and_comes_back() {
    let folder = TempDir::new().unwrap();
    let mut encoder = Command::new("ffmpeg")
        .args(
            "-hide_banner -loglevel error -nostdin -re -f lavfi -i sine=f=440 -c:a aac".split(' '),
        )
        .args("-f hls -hls_time 1 -hls_list_size 4 -hls_flags delete_segments live.m3u8".split(' '))
        .current_dir(folder.path())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    while !folder.path().join("live.m3u8").exists() {
        sleep(Duration::from_millis(50)).await;
    }
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/live.m3u8").parse().unwrap();
    let mut feed = source.open(hasty());
    let mut told = Told::default();
    listen(&mut feed, &mut told, 2_000).await;
    assert!(loudness(&told.samples()[16_000..], 440.0) > 0.05);
    let address = web.address;
    drop(web);
    until(&mut feed, &mut told, |now| {
        is_waiting(now) || *now == Condition::Stalled
    })
    .await;
    let _web = Web::at(folder.path(), address).await;
    until(&mut feed, &mut told, is_playing).await;
    let until_ms = told.end_ms + 500;
    listen(&mut feed, &mut told, until_ms).await;
    encoder.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_waited_for() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let source: Source = format!("rtmp://127.0.0.1:{port}/live/k?listen=1")
        .parse()
        .unwrap();
    let mut feed = source.open(hasty());
    let mut told = Told::default();
    until(&mut feed, &mut told, |now| {
        now.to_string().contains("is taken by another program")
    })
    .await;
    drop(taken);
    until(&mut feed, &mut told, |now| {
        now.to_string().contains("nobody pushes to")
    })
    .await;
    drop(feed);
}
