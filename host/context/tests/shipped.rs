//! The commentary that ships is understood.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use chatter_bus::{Bus, Heard, InProcess};
use chatter_context::{Playback, Subtitles, play};
use chatter_protocol::{
    Clock, RoomId, Schematic, StreamContext, Topic, TopicKind, context::StreamEvent,
};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tokio_util::sync::CancellationToken;

async fn contexts(file: &Path) -> Vec<StreamContext> {
    let subtitles = Subtitles::load(file).unwrap();
    assert_eq!(subtitles.skipped(), []);
    let minutes = subtitles.length().as_secs() / 60;
    assert!((5..=8).contains(&minutes), "{minutes} minutes");
    let room = RoomId::new("main/lobby").unwrap();
    let bus = InProcess::new();
    let mut heard = bus
        .subscribe(&[Topic::new(TopicKind::StreamContext, room.clone())])
        .await
        .unwrap();
    let playing = tokio::spawn(play(
        subtitles,
        Playback::new(room),
        Arc::new(bus),
        Clock::system(),
        CancellationToken::new(),
    ));
    let mut contexts = Vec::new();
    while let Some(Heard::Message { payload, .. }) = heard.next().await {
        contexts.push(StreamContext::from_json(&payload).unwrap());
    }
    playing.await.unwrap().unwrap();
    contexts
}

#[tokio::test(start_paused = true)]
async fn the_shipped_commentary_has_something_for_everyone() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/streams/synth-rescue.vtt");
    let contexts = contexts(&file).await;
    let events: BTreeMap<&str, &StreamEvent> = contexts
        .iter()
        .flat_map(|context| &context.events)
        .map(|event| (event.id.as_str(), event))
        .collect();
    let at_least = [
        ("chat_question", 5),
        ("question", 1),
        ("hype", 2),
        ("fail", 1),
        ("laughter", 2),
        ("silence", 1),
        ("topic_change", 1),
        ("stream_start", 1),
        ("stream_end", 1),
    ];
    for (kind, least) in at_least {
        let count = events.values().filter(|event| event.kind == kind).count();
        assert!(count >= least, "{count} of {kind}");
    }
    // However late something is clear, it is told then, and a room knows since when.
    let mut told: BTreeMap<&str, &StreamEvent> = BTreeMap::new();
    for context in &contexts {
        for event in &context.events {
            let first = told.entry(&event.id).or_insert_with(|| {
                let since_ms = context.position_ms.checked_sub(event.known_since_ms());
                assert!(since_ms.is_some_and(|ms| ms <= 1000), "{event:?}");
                event
            });
            assert_eq!(*first, event);
        }
    }
    let late = |event: &&&StreamEvent| event.known_since_ms() > event.at_ms + 10_000;
    assert!(
        told.values()
            .filter(late)
            .any(|event| event.kind == "topic_change")
    );
    for context in contexts
        .iter()
        .filter(|context| context.position_ms > 30_000)
    {
        assert!(
            context.keywords.len() >= 6,
            "{:?} at {}",
            context.keywords,
            context.position_ms
        );
        assert!(!context.summary.is_empty(), "at {}", context.position_ms);
        let said: String = context
            .transcript
            .iter()
            .map(|segment| segment.text.to_lowercase() + " ")
            .collect();
        for keyword in &context.keywords {
            assert!(
                said.contains(&keyword.term),
                "{} at {}",
                keyword.term,
                context.position_ms
            );
        }
    }
    // For a look at it: cargo test -p chatter-context --test shipped -- --nocapture
    let mut events: Vec<_> = events.into_values().collect();
    events.sort_by_key(|event| event.at_ms);
    for event in events {
        println!(
            "{:>7} {:<14} {:.2} {}",
            event.at_ms, event.kind, event.confidence, event.text
        );
    }
    let mut next = 0;
    for context in contexts {
        if context.position_ms >= next {
            next = context.position_ms + 30_000;
            let terms: Vec<&str> = context
                .keywords
                .iter()
                .map(|keyword| keyword.term.as_str())
                .collect();
            println!(
                "{:>7} {}\n        {}",
                context.position_ms,
                terms.join(", "),
                context.summary
            );
        }
    }
}
