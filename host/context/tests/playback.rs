//! A file is played into a room, on time.

mod common;

use chatter_bus::{Bus, Heard, InProcess};
use chatter_context::{Ended, Playback, play};
use chatter_protocol::{Clock, Schematic, StreamContext, Timestamp, Topic, TopicKind};
use common::{LONG, Told, count, events, room, told, vtt};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn words_come_every_two_seconds_and_events_at_once() {
    let mut cues: Vec<(f64, f64, String)> = (0..60)
        .map(|i| {
            (
                f64::from(i),
                f64::from(i) + 1.0,
                format!("plank number {i} goes here."),
            )
        })
        .collect();
    cues.push((61.0, 62.5, "Chat, which plank is next?".into()));
    cues.push((63.0, 64.0, "This one.".into()));
    let cues: Vec<_> = cues
        .iter()
        .map(|(start, end, text)| (*start, *end, text.as_str()))
        .collect();
    let (told, ended) = told(vtt(&cues), 1.0, false, LONG).await;
    assert_eq!(ended, Ended::Finished);

    assert_eq!(told[0].wall_ms, 0);
    assert_eq!(told[0].context.events[0].kind, "stream_start");
    let words = &told[..told.len() - 2];
    for pair in words.windows(2) {
        assert_eq!(
            pair[1].wall_ms - pair[0].wall_ms,
            2000,
            "{}",
            pair[1].wall_ms
        );
    }
    let asked = told
        .iter()
        .find(|told| told.context.chat_question.is_some())
        .unwrap();
    assert_eq!(asked.wall_ms, 62_500);
    let question = asked.context.chat_question.as_ref().unwrap();
    assert_eq!(question.text, "Chat, which plank is next?");
    assert!(
        asked
            .context
            .events
            .iter()
            .any(|event| event.id == question.id && event.kind == "chat_question")
    );
    assert_eq!(told.last().unwrap().wall_ms, 64_000);
    let (last, before) = told.split_last().unwrap();
    for Told { context, .. } in before {
        let playing = context.playing.as_ref().unwrap();
        assert_eq!(
            (playing.at_ms, playing.looped),
            (context.position_ms, false)
        );
    }
    assert_eq!(last.context.playing, None, "it is over");
    assert_eq!(
        told.last().unwrap().context.events.last().unwrap().kind,
        "stream_end"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_it_was_said() {
    let subtitles = vtt(&[
        (1.0, 3.0, "The keel is made of oak."),
        (3.0, 5.0, "Does anyone have an oak?"),
        (30.0, 31.0, "Let's go!"),
    ]);
    let (told, _) = told(subtitles, 1.0, false, LONG).await;
    for Told {
        wall_ms, context, ..
    } in &told
    {
        assert_eq!(context.position_ms, *wall_ms);
        for segment in &context.transcript {
            assert!(segment.end_ms <= *wall_ms, "{segment:?} at {wall_ms}");
        }
        for event in &context.events {
            assert!(event.at_ms <= *wall_ms, "{event:?} at {wall_ms}");
        }
    }
    let first = told
        .iter()
        .find(|told| !told.context.transcript.is_empty())
        .unwrap();
    assert_eq!(first.wall_ms, 3000);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_still_beats_every_ten_seconds() {
    let (told, _) = told(
        vtt(&[(0.0, 1.0, "Hm."), (60.0, 61.0, "Well.")]),
        1.0,
        false,
        LONG,
    )
    .await;
    let times: Vec<u64> = told.iter().map(|told| told.wall_ms).collect();
    // The start, the word, the silence (8 s after the word), heartbeats, the end.
    assert_eq!(
        times,
        [
            0, 2000, 9000, 19_000, 29_000, 39_000, 49_000, 59_000, 61_000
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_window_is_a_minute() {
    let cues: Vec<(f64, f64, &str)> = (0..200)
        .map(|i| (f64::from(i), f64::from(i) + 1.0, "The rope is wet."))
        .collect();
    let (told, _) = told(vtt(&cues), 1.0, false, LONG).await;
    for Told { context, .. } in &told {
        let oldest = context.position_ms.saturating_sub(60_000);
        assert!(
            context
                .transcript
                .iter()
                .all(|segment| segment.end_ms >= oldest)
        );
        assert!(context.transcript.len() <= 61);
    }
    assert_eq!(told.last().unwrap().context.transcript.len(), 61);
}

#[tokio::test(start_paused = true)]
async fn an_event_keeps_its_id_and_another_play_has_others() {
    let cues = [
        (0.0, 2.0, "Chat, what is her name?"),
        (20.0, 21.0, "Hm."),
        (22.0, 23.0, "Oh no!"),
        (40.0, 41.0, "Hm."),
    ];
    let (first, _) = told(vtt(&cues), 1.0, false, LONG).await;
    let mut ids: BTreeMap<(String, u64), BTreeSet<String>> = BTreeMap::new();
    for event in first.iter().flat_map(|told| &told.context.events) {
        ids.entry((event.kind.clone(), event.at_ms))
            .or_default()
            .insert(event.id.clone());
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    assert_eq!(ids.len(), events(&first).len());
    let held = first
        .iter()
        .filter(|told| told.context.chat_question.is_some())
        .count();
    assert!(held > 2, "{held}");

    let bus = InProcess::new();
    let mut heard = bus
        .subscribe(&[Topic::new(TopicKind::StreamContext, room())])
        .await
        .unwrap();
    let clock = Clock::from_fn(|| Timestamp::from_millis(1_769_870_000_000));
    let cancel = CancellationToken::new();
    let playing = tokio::spawn(play(
        vtt(&cues),
        Playback::new(room()),
        Arc::new(bus),
        clock,
        cancel.clone(),
    ));
    let Some(Heard::Message { payload, .. }) = heard.next().await else {
        panic!("nothing was told")
    };
    cancel.cancel();
    assert_eq!(playing.await.unwrap(), Ok(Ended::Cancelled));
    let again = StreamContext::from_json(&payload).unwrap();
    assert!(!events(&first).contains_key(&again.events[0].id));
}

#[tokio::test(start_paused = true)]
async fn a_loop_goes_on_with_new_ids() {
    let subtitles = vtt(&[
        (0.0, 2.0, "Chat, what is her name?"),
        (18.0, 20.0, "So be it."),
    ]);
    let (told, ended) = told(subtitles, 1.0, true, Duration::from_secs(110)).await;
    assert_eq!(ended, Ended::Cancelled);
    let positions: Vec<u64> = told.iter().map(|told| told.context.position_ms).collect();
    assert!(
        positions.windows(2).all(|pair| pair[0] < pair[1]),
        "{positions:?}"
    );
    assert!(*positions.last().unwrap() >= 100_000);
    for Told { context, .. } in &told {
        let playing = context.playing.as_ref().unwrap();
        assert_eq!(playing.at_ms, context.position_ms % 20_000);
        assert_eq!(playing.length_ms, Some(20_000));
    }
    let asked: BTreeSet<u64> = events(&told)
        .values()
        .filter(|event| event.kind == "chat_question")
        .map(|event| event.at_ms)
        .collect();
    assert_eq!(
        asked.into_iter().collect::<Vec<_>>(),
        [2000, 22_000, 42_000, 62_000, 82_000, 102_000]
    );
    assert_eq!(
        (count(&told, "stream_start"), count(&told, "stream_end")),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn at_high_speed_no_event_is_lost() {
    for speed in [20.0, 300.0, 1000.0] {
        let texts: Vec<String> = (0..600)
            .map(|i| format!("Chat, is jar {i} full?"))
            .collect();
        let cues: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(i, text)| (i as f64 * 3.0, i as f64 * 3.0 + 2.0, text.as_str()))
            .collect();
        let (told, ended) = told(vtt(&cues), speed, false, LONG).await;
        assert_eq!(ended, Ended::Finished);
        assert_eq!(count(&told, "chat_question"), 600, "at {speed}");
        for pair in told.windows(2) {
            assert!(pair[1].wall_ms - pair[0].wall_ms >= 250, "at {speed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_speed_20_a_context_spans_40_seconds() {
    let cues: Vec<_> = (0..300)
        .map(|i| (f64::from(i), f64::from(i) + 1.0, "The rope is wet."))
        .collect();
    let (told, _) = told(vtt(&cues), 20.0, false, LONG).await;
    let positions: Vec<u64> = told.iter().map(|told| told.context.position_ms).collect();
    assert_eq!(
        positions,
        [
            0, 40_000, 80_000, 120_000, 160_000, 200_000, 240_000, 280_000, 300_000
        ]
    );
    assert_eq!(told.last().unwrap().wall_ms, 15_000);
}
