//! What streamers push, and what may happen to it on the way.

use crate::common::{
    LONG, Told, hasty, is_playing, is_waiting, listen, loudness, next, signal, until,
};
use chatter_media::{Condition, Feed, Options, Pictures, Source};
use rustix::process::Signal;
use std::process::Stdio;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

const KEY: &str = "s3cret?who=me";

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
async fn who_connects_and_says_nothing_keeps_no_stream_out() {
    let mut options = hasty();
    options.patience.stall = LONG;
    let (mut feed, port) = listener(options).await;
    let mut told = Told::default();
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    let _pusher = push(port, KEY, TONE);
    until(&mut feed, &mut told, is_playing).await;
    assert_eq!(feed.restarts(), 0, "no ffmpeg was started for the silent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_waits_while_who_came_first_has_not_said_the_key() {
    let mut options = hasty();
    options.patience.stall = LONG;
    let (mut feed, port) = listener(options).await;
    let mut told = Told::default();
    let mut first = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // It begins as a stream does, and says nothing more.
    first.write_all(&[3; 1537]).await.unwrap();
    until(&mut feed, &mut told, |now| *now == Condition::Starting).await;
    let mut pusher = push(port, KEY, TONE);
    until(&mut feed, &mut told, is_playing).await;
    // Now that it plays, nobody else does.
    let mut other = push(port, KEY, TONE);
    timeout(LONG, other.wait()).await.unwrap().unwrap();
    assert_eq!(pusher.try_wait().unwrap(), None);
    assert_eq!(feed.restarts(), 1);
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
        now.to_string()
            .contains("is taken by another room or another program")
    })
    .await;
    drop(taken);
    until(&mut feed, &mut told, |now| {
        now.to_string().contains("nobody pushes to")
    })
    .await;
    drop(feed);
}
