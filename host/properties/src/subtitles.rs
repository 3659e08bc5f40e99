//! Subtitle files, from their bytes to what a room is told of them.

use crate::wire::is_itself_again;
use chatter_bus::{Bus as _, Heard, InProcess, SharedBus};
use chatter_context::{MAX_CONTEXT_BYTES, Playback, SubtitleError, Subtitles, play};
use chatter_protocol::{Clock, RoomId, Schematic as _, StreamContext, Timestamp, Topic, TopicKind};
use std::{collections::HashMap, path::Path, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How much of a file is played: the contexts of a whole day would be too many for a test.
const CONTEXTS: usize = 60;

/// What is refused says where; what is played is told in contexts that obey their schema and bound,
/// move forward, and never give one id to two events.
pub fn subtitles(bytes: &[u8]) {
    let path = Path::new("talk.vtt");
    let subtitles = match Subtitles::understand(bytes, path) {
        Ok(subtitles) => subtitles,
        Err(error) => {
            let words = error.to_string();
            assert!(words.starts_with("talk.vtt"), "{words:?} names no file");
            assert!(words.len() < 300 && !words.contains('\n'), "{words:?}");
            if let SubtitleError::BadCue { line, .. } = error {
                assert!(line >= 1 && line <= lines(bytes), "{words:?}");
            }
            return;
        }
    };
    assert!(subtitles.cues() > 0);
    assert!(subtitles.cues() + subtitles.skipped().len() <= lines(bytes));
    for skipped in subtitles.skipped() {
        assert!(skipped.line <= lines(bytes) && skipped.reason.len() < 300);
    }
    let told = tell(subtitles);
    assert!(!told.is_empty());
    let mut events = HashMap::new();
    let mut position = 0;
    for json in told {
        assert!(json.len() <= MAX_CONTEXT_BYTES, "{} bytes", json.len());
        let context = StreamContext::from_json(&json).expect("a context obeys its schema");
        is_itself_again(&context);
        assert!(context.position_ms >= position);
        position = context.position_ms;
        for event in context.events {
            let at = event.at_ms;
            let before = events.insert(event.id.clone(), (event.kind.clone(), at));
            assert!(
                before.is_none_or(|before| before == (event.kind, at)),
                "{}",
                event.id
            );
        }
        for segment in context.transcript {
            assert!(!segment.text.trim().is_empty());
            assert!(segment.start_ms <= segment.end_ms);
        }
    }
}

/// No fewer than there are, in whatever encoding.
fn lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .filter(|byte| matches!(byte, b'\n' | b'\r'))
        .count()
        + 1
}

/// Plays the beginning of it.
fn tell(subtitles: Subtitles) -> Vec<Vec<u8>> {
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime for the test");
    threads.block_on(async {
        let room = RoomId::from_parts("main", "lobby").expect("a room's id");
        let bus = Arc::new(InProcess::new());
        let topic = Topic::new(TopicKind::StreamContext, room.clone());
        let mut heard = bus.subscribe(&[topic]).await.expect("a bus in the process");
        let cancel = CancellationToken::new();
        let playback = Playback {
            speed: 20.0,
            ..Playback::new(room)
        };
        let clock = Clock::from_fn(|| Timestamp::from_millis(1_769_860_800_000));
        let shared: SharedBus = bus.clone();
        let mut playing = std::pin::pin!(play(subtitles, playback, shared, clock, cancel));
        let mut told = Vec::new();
        while told.len() < CONTEXTS {
            tokio::select! {
                biased;
                said = heard.next() => match said {
                    Some(Heard::Message { payload, .. }) => told.push(payload.to_vec()),
                    other => panic!("{other:?}"),
                },
                ended = &mut playing => {
                    ended.expect("the speed is one");
                    break;
                }
            }
        }
        told
    })
}
