//! What is fetched from elsewhere while it happens, and what may happen to it.

use crate::{
    common::{
        LONG, Told, all, ffmpeg, ffmpeg_to, hasty, is_playing, is_waiting, listen, loudness,
        signal, until, until_end,
    },
    web::Web,
};
use chatter_media::{Condition, Feed, Options, Source};
use rustix::process::Signal;
use std::{fs, path::Path, time::Duration};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::{sleep, timeout},
};

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
async fn a_recording_that_is_not_whole_where_it_lies_ends_where_it_breaks_off() {
    let folder = TempDir::new().unwrap();
    let web = Web::of(folder.path()).await;
    // Each is complained of in another way.
    for (name, how) in [
        ("tone.mkv", "-c:a aac"),
        ("tone.m4a", "-c:a aac -movflags faststart"),
        ("tone.flac", ""),
    ] {
        let at = folder.path().join(name);
        let tone = "-f lavfi -i sine=f=440:d=20 -ar 16000";
        ffmpeg(folder.path(), &format!("{tone} {how} {name}"));
        let all_of_it = fs::read(&at).unwrap();
        fs::write(&at, &all_of_it[..all_of_it.len() / 2]).unwrap();
        let source: Source = web.url(&format!("/{name}")).parse().unwrap();
        let mut options = hasty();
        options.speed = 1000.0;
        options.patience.longest_pause = options.patience.pause;
        let (told, end) = all(&source, options.clone()).await;
        assert!((6_000..14_000).contains(&told.end_ms), "{}", told.end_ms);
        let breaks_off = format!(
            "ended: it breaks off after {} s of 20 s",
            told.end_ms / 1000
        );
        assert_eq!(end.to_string(), breaks_off, "{name}");

        options.looped = true;
        let mut feed = source.open(options);
        let mut twice = Told::default();
        listen(&mut feed, &mut twice, 2 * told.end_ms).await;
        let again = &twice.samples()[told.samples().len() + 16_000..][..16_000];
        assert!(loudness(again, 440.0) > 0.05, "{name}");
    }
}

/// A tone whose times jump by 20 s after two.
const JUMPS: &str = "-f lavfi -i sine=f=440:d=25 -af aselect=lt(t\\,2)+gt(t\\,22) -c:a pcm_s16le";

#[tokio::test(flavor = "multi_thread")]
async fn a_recordings_hole_lasts_as_long_as_it_says() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), &format!("{JUMPS} tone.mkv"));
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/tone.mkv").parse().unwrap();
    let mut feed = source.open(Options {
        speed: 1000.0,
        ..hasty()
    });
    let told = until_end(&mut feed).await;
    assert!(told.end_ms.abs_diff(25_000) < 100, "{}", told.end_ms);
    let samples = told.samples();
    for (from_s, heard) in [(0, true), (10, false), (23, true)] {
        let loudness = loudness(&samples[from_s * 16_000..][..16_000], 440.0);
        assert_eq!(loudness > 0.05, heard, "{from_s} s: {loudness}");
    }
    assert_eq!(feed.restarts(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_streams_time_that_jumps_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let out = fs::File::create(folder.path().join("tone.flv")).unwrap();
    ffmpeg_to(out, folder.path(), &format!("{JUMPS} -f flv pipe:1"));
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/live/tone.flv").parse().unwrap();
    let mut feed = source.open(hasty());
    let mut told = Told::default();
    listen(&mut feed, &mut told, 4_500).await;
    let samples = told.samples();
    for half in samples[8_000..].chunks_exact(8_000) {
        assert!(loudness(half, 440.0) > 0.05, "{:?}", told.gaps);
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
            web.url("/answers/401/s3cret.mp3"),
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

/// An encoder that streams a tone to `live.m3u8`, until it is dropped.
fn stream(folder: &Path, hertz: u32) -> Child {
    let words = format!(
        "-re -f lavfi -i sine=f={hertz} -c:a aac -f hls -hls_time 1 -hls_list_size 4 -hls_flags delete_segments \
         live.m3u8"
    );
    Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin"])
        .args(words.split_whitespace())
        .current_dir(folder)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// A live playlist that is listened to for two seconds by now.
async fn heard(folder: &Path) -> (Child, Web, Feed, Told) {
    let encoder = stream(folder, 440);
    while !folder.join("live.m3u8").exists() {
        sleep(Duration::from_millis(50)).await;
    }
    let web = Web::of(folder).await;
    let source: Source = web.url("/live.m3u8").parse().unwrap();
    let mut feed = source.open(hasty());
    let mut told = Told::default();
    listen(&mut feed, &mut told, 2_000).await;
    (encoder, web, feed, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_playlist_whose_server_goes_and_comes_back() {
    let folder = TempDir::new().unwrap();
    let (mut encoder, web, mut feed, mut told) = heard(folder.path()).await;
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
async fn a_live_playlist_that_was_ended_is_listened_to_when_it_is_streamed_again() {
    let folder = TempDir::new().unwrap();
    let (mut encoder, _web, mut feed, mut told) = heard(folder.path()).await;
    // It says in the playlist that no more will come.
    signal(&encoder, Signal::INT);
    timeout(LONG, encoder.wait()).await.unwrap().unwrap();
    until(&mut feed, &mut told, |now| {
        now.to_string() == "waiting: the stream is over; it is looked for again"
    })
    .await;
    let heard = told.sound.len();
    let _encoder = stream(folder.path(), 880);
    until(&mut feed, &mut told, is_playing).await;
    // The clock of a live stream goes on before its first sound is there.
    let sound = async {
        while told.sound.len() < heard + 10 {
            let until_ms = told.end_ms + 100;
            listen(&mut feed, &mut told, until_ms).await;
        }
    };
    timeout(LONG, sound).await.unwrap();
    let again = told.sound[heard..].iter().flat_map(|(_, samples)| samples);
    let again: Vec<f32> = again.copied().collect();
    assert!(loudness(&again, 880.0) > 0.05);
    assert!(loudness(&again, 440.0) < 0.01, "nothing is heard twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_live_playlist_that_nobody_writes_to_any_more_little_is_heard_again() {
    let folder = TempDir::new().unwrap();
    let words =
        "-f lavfi -i sine=d=3.9 -c:a aac -f hls -hls_time 1 -hls_flags omit_endlist live.m3u8";
    ffmpeg(folder.path(), words);
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/live.m3u8").parse().unwrap();
    let mut options = hasty();
    options.patience.give_up = Duration::from_millis(400);
    let mut feed = source.open(options);
    let mut told = Told::default();
    let mut heard = [0, 0];
    for heard in &mut heard {
        let before = told.samples().len();
        until(&mut feed, &mut told, is_playing).await;
        until(&mut feed, &mut told, is_waiting).await;
        *heard = told.samples().len() - before;
    }
    let [first, again] = heard;
    assert!(
        first > 0 && again * 2 < first,
        "{first} and {again} samples"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_flv_that_is_still_being_written_is_live_though_it_says_that_it_has_no_length() {
    let folder = TempDir::new().unwrap();
    // As servers send it, nobody goes back to its head: that says 0 s.
    let out = fs::File::create(folder.path().join("tone.flv")).unwrap();
    let words = "-f lavfi -i sine=f=440:d=3 -c:a aac -f flv pipe:1";
    ffmpeg_to(out, folder.path(), words);
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/live/tone.flv").parse().unwrap();
    let mut feed = source.open(hasty());
    let mut told = Told::default();
    for _ in 0..2 {
        until(&mut feed, &mut told, is_playing).await;
        until(&mut feed, &mut told, is_waiting).await;
    }
    assert!(!told.gaps.is_empty(), "the clock goes on meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_srt_stream_is_not_there_plays_and_is_gone() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("srt://{}", free.local_addr().unwrap());
    drop(free);
    let mut feed = url.parse::<Source>().unwrap().open(hasty());
    let mut told = Told::default();
    until(&mut feed, &mut told, |now| {
        now.to_string()
            .contains("nobody answers at that address, or who")
    })
    .await;
    let words = format!("-re -f lavfi -i sine=d=4 -c:a aac -f mpegts {url}?mode=listener");
    let mut sender = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin"])
        .args(words.split_whitespace())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until(&mut feed, &mut told, is_playing).await;
    until(&mut feed, &mut told, is_waiting).await;
    let words = feed.condition().borrow().to_string();
    assert_eq!(words, "waiting: the source is gone");
    timeout(LONG, sender.wait()).await.unwrap().unwrap();
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
