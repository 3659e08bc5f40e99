//! Sound that comes over the bus.

use crate::common::{Told, all, next, options, until};
use chatter_bus::{Bus, InProcess, SharedBus};
use chatter_media::{Condition, Options, Patience, Source};
use chatter_protocol::{RoomId, SoundPiece, Topic, TopicKind};
use std::{sync::Arc, time::Duration};

fn source() -> Source {
    "browser:".parse().unwrap()
}

fn hasty(bus: &Arc<InProcess>) -> Options {
    let bus: SharedBus = bus.clone();
    Options {
        bus: Some(bus),
        patience: Patience {
            stall: Duration::from_millis(600),
            ..Patience::default()
        },
        ..options()
    }
}

/// 64 ms of a number.
async fn say(bus: &InProcess, sharer: u128, sample: i16) {
    let topic = Topic::new(TopicKind::StreamSound, RoomId::new("main/lobby").unwrap());
    let pcm = sample.to_le_bytes().repeat(1024);
    let piece = SoundPiece {
        sharer: uuid(sharer),
        pcm: &pcm,
    };
    bus.publish(&topic, piece.encode().into()).await.unwrap();
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn is_waiting(now: &Condition) -> bool {
    now.to_string() == "waiting: nobody shares sound at /share/main/lobby"
}

#[tokio::test(start_paused = true)]
async fn whoever_shares_is_heard_until_silence_and_then_another() {
    let bus = Arc::new(InProcess::new());
    let mut feed = source().open(hasty(&bus));
    let mut told = Told::default();
    until(&mut feed, &mut told, is_waiting).await;
    for _ in 0..50 {
        say(&bus, 1, 16_384).await;
        // Somebody else at another gateway comes too late, and noise is none.
        say(&bus, 2, -16_384).await;
        tokio::time::sleep(Duration::from_millis(64)).await;
    }
    while told.sound.len() < 30 {
        told.add(next(&mut feed).await);
    }
    assert!(told.samples().iter().all(|sample| *sample == 0.5));
    assert_eq!(told.gaps, []);
    until(&mut feed, &mut told, is_waiting).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    say(&bus, 2, -16_384).await;
    say(&bus, 2, -16_384).await;
    while told.samples().last() != Some(&-0.5) {
        told.add(next(&mut feed).await);
    }
    let gone: u64 = told.gaps.iter().map(|(from, to)| to - from).sum();
    assert!((9_000..12_000).contains(&gone), "{:?}", told.gaps);
    assert_eq!(feed.restarts(), 1);
}

#[tokio::test]
async fn without_a_bus_there_is_no_browser() {
    let (_, end) = all(&source(), options()).await;
    assert!(end.to_string().contains("there is no bus"), "{end}");
}
