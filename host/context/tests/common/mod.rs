//! A play under a clock that the test moves, and what was told in it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of this; a panic here fails it"
)]

use chatter_bus::{Bus, Heard, InProcess};
use chatter_context::{Ended, Playback, Subtitles, play};
use chatter_protocol::{
    Clock, RoomId, Schematic, StreamContext, Timestamp, Topic, TopicKind, context::StreamEvent,
};
use std::{collections::BTreeMap, fmt::Write, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// When a context came, in milliseconds since the start, its bytes, and what it says.
pub(crate) struct Told {
    pub(crate) wall_ms: u64,
    pub(crate) bytes: usize,
    pub(crate) context: StreamContext,
}

pub(crate) fn load(text: &str) -> Subtitles {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.vtt");
    std::fs::write(&path, text).unwrap();
    Subtitles::load(&path).unwrap()
}

/// Cues of the form `start end text`, in seconds.
pub(crate) fn vtt(cues: &[(f64, f64, &str)]) -> Subtitles {
    let mut text = String::from("WEBVTT\n\n");
    for (start, end, said) in cues {
        let time =
            |seconds: &f64| format!("{:02}:{:06.3}", (seconds / 60.0).floor(), seconds % 60.0);
        writeln!(text, "{} --> {}\n{said}\n", time(start), time(end)).unwrap();
    }
    load(&text)
}

pub(crate) fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

/// Plays until the end, or for so many seconds of wall time.
pub(crate) async fn told(
    subtitles: Subtitles,
    speed: f64,
    looped: bool,
    wall: Duration,
) -> (Vec<Told>, Ended) {
    let bus = InProcess::new();
    let topic = Topic::new(TopicKind::StreamContext, room());
    let mut heard = bus.subscribe(std::slice::from_ref(&topic)).await.unwrap();
    let cancel = CancellationToken::new();
    let began = Instant::now();
    let clock = Clock::from_fn(move || {
        Timestamp::from_millis(1_769_860_800_000)
            .plus(Instant::now().saturating_duration_since(began))
    });
    let playback = Playback {
        speed,
        looped,
        ..Playback::new(room())
    };
    let playing = tokio::spawn(play(
        subtitles,
        playback,
        Arc::new(bus),
        clock,
        cancel.clone(),
    ));
    let mut told = Vec::new();
    let listen = async {
        while let Some(Heard::Message { payload, .. }) = heard.next().await {
            let wall_ms = u64::try_from(began.elapsed().as_millis()).unwrap();
            told.push(Told {
                wall_ms,
                bytes: payload.len(),
                context: StreamContext::from_json(&payload).unwrap(),
            });
            if told
                .last()
                .unwrap()
                .context
                .events
                .iter()
                .any(|event| event.kind == "stream_end")
            {
                break;
            }
        }
    };
    let _ = timeout(wall, listen).await;
    cancel.cancel();
    (told, playing.await.unwrap().unwrap())
}

pub(crate) fn events(told: &[Told]) -> BTreeMap<String, StreamEvent> {
    told.iter()
        .flat_map(|told| told.context.events.iter().cloned())
        .map(|event| (event.id.clone(), event))
        .collect()
}

pub(crate) fn count(told: &[Told], kind: &str) -> usize {
    events(told)
        .values()
        .filter(|event| event.kind == kind)
        .count()
}

pub(crate) const LONG: Duration = Duration::from_secs(100_000);
