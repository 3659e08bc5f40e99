//! Whatever the file, the speed and the bus are like, a room gets what it can bear.

mod common;

use bytes::Bytes;
use chatter_bus::{Bus, BusError, Heard, InProcess, Subscription};
use chatter_context::{Ended, MAX_CONTEXT_BYTES, PlayError, Playback, Subtitles, play};
use chatter_protocol::{Clock, Schematic, StreamContext, Topic, TopicKind};
use common::{LONG, Told, load, room, told, vtt};
use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn a_monstrous_file_stays_within_bounds() {
    let mut text = String::from("WEBVTT\n\n");
    for i in 0..300 {
        let words = format!("\"Łódź{i}\" 🚢 \\quote\\ naïve jar{i} ").repeat(60);
        writeln!(
            text,
            "00:{:02}.000 --> 00:{:02}.900\n{words}! Chat, do you see \"jar {i}\"?\n",
            i / 10,
            i / 10
        )
        .unwrap();
    }
    writeln!(
        text,
        "00:40.000 --> 00:41.000\n{}\n",
        "\u{1F6A2}".repeat(100_000)
    )
    .unwrap();
    let (told, _) = told(load(&text), 1.0, true, Duration::from_secs(90)).await;
    assert!(told.len() > 30);
    for Told {
        bytes,
        context,
        wall_ms,
    } in &told
    {
        assert!(*bytes <= MAX_CONTEXT_BYTES, "{bytes} at {wall_ms}");
        assert!(
            *wall_ms < 5000 || !context.transcript.is_empty(),
            "at {wall_ms}"
        );
    }
}

/// Three bytes a character, and characters of several parts.
#[tokio::test(start_paused = true)]
async fn dense_speech_of_any_script_stays_within_bounds_and_whole() {
    for sentence in [
        "今天我们修理漏油的黄铜灯笼，然后去公园散步。",
        "วันนี้เราจะซ่อมตะเกียงทองเหลืองที่รั่วและถังน้ำมัน",
        "आज हम पीतल की लालटेन ठीक करेंगे और नाव पर जाएँगे।",
        "오늘은 새는 황동 등불을 고치고 배를 타러 갑니다.",
    ] {
        let mut text = String::from("WEBVTT\n\n");
        for second in 0..60 {
            let said = sentence.repeat(5);
            writeln!(text, "00:{second:02}.000 --> 00:{second:02}.900\n{said}\n").unwrap();
        }
        let (told, _) = told(load(&text), 1.0, false, Duration::from_secs(90)).await;
        let last = told
            .iter()
            .max_by_key(|told| told.context.transcript.len())
            .unwrap();
        let shown = &last.context.transcript;
        assert!(shown.len() >= 5, "{sentence}: {}", shown.len());
        assert!(!last.context.summary.is_empty(), "{sentence}");
        assert!(!last.context.keywords.is_empty(), "{sentence}");
        for Told { bytes, .. } in &told {
            assert!(*bytes <= MAX_CONTEXT_BYTES, "{bytes}: {sentence}");
        }
        // No mark stands without the letter that it belongs to.
        for segment in shown {
            let first = segment.text.chars().next().unwrap();
            let alone =
                unicode_segmentation::UnicodeSegmentation::graphemes(&*format!("x{first}"), true)
                    .count();
            assert_eq!(alone, 2, "{}", segment.text);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_never_panics() {
    // xorshift64 (Marsaglia 2003), so that each run sees the same.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let parts: [&[u8]; 30] = [
        b"WEBVTT",
        b"\n",
        b"\n\n",
        b"\r\n",
        b" --> ",
        b"00:01.000",
        b"00:00:02,5",
        b"99:59.999",
        b"-1",
        b"NOTE",
        b"STYLE",
        b"<v Bob>",
        b"<",
        b">",
        b"&amp;",
        b"&#x1F6A2;",
        b"&#",
        b"{\\an8}",
        b"[laughs]",
        b"Chat, what?",
        b"Oh no!!!",
        b"nooooo",
        b"\xff\xfe",
        b"\xc3",
        "\u{202e}é…".as_bytes(),
        "日本語".as_bytes(),
        b"\0",
        b" ",
        b"00:03.000 --> 00:04.000\n",
        b"1\n00:00:05,000 --> 00:00:09,000\n",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("garbage.srt");
    let mut played = 0;
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..random(60))
            .flat_map(|_| parts[random(parts.len())].to_vec())
            .collect();
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(subtitles) = Subtitles::load(&path)
            && random(8) == 0
        {
            played += 1;
            let (told, ended) = told(subtitles, 1000.0, false, Duration::from_secs(20_000)).await;
            assert_eq!(ended, Ended::Finished, "{bytes:?}");
            assert!(!told.is_empty());
        }
    }
    assert!(played > 20, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_speed_that_makes_no_sense_is_refused() {
    for speed in [0.0, -1.0, 1001.0, f64::NAN, f64::INFINITY] {
        let playback = Playback {
            speed,
            ..Playback::new(room())
        };
        let refused = play(
            vtt(&[(0.0, 1.0, "Hm.")]),
            playback,
            Arc::new(InProcess::new()),
            Clock::system(),
            CancellationToken::new(),
        )
        .await;
        assert!(matches!(refused, Err(PlayError::Speed(_))), "{speed}");
    }
}

/// A bus that can't be reached for a while, and never takes a payload for another while.
struct Unsteady {
    bus: InProcess,
    published: AtomicU32,
}

#[async_trait::async_trait]
impl Bus for Unsteady {
    async fn publish(&self, topic: &Topic, payload: Bytes) -> Result<(), BusError> {
        match self.published.fetch_add(1, Ordering::Relaxed) {
            0 => std::future::pending().await,
            1 => Err(BusError::Unreachable("for now".into())),
            _ => self.bus.publish(topic, payload).await,
        }
    }

    async fn subscribe(&self, topics: &[Topic]) -> Result<Subscription, BusError> {
        self.bus.subscribe(topics).await
    }

    fn describe(&self) -> String {
        "unsteady".into()
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_did_not_take_is_told_later() {
    let bus = Arc::new(Unsteady {
        bus: InProcess::new(),
        published: AtomicU32::new(0),
    });
    let mut heard = bus
        .subscribe(&[Topic::new(TopicKind::StreamContext, room())])
        .await
        .unwrap();
    let subtitles = vtt(&[(0.0, 1.0, "Let's go!"), (90.0, 91.0, "Hm.")]);
    let playing = tokio::spawn(play(
        subtitles,
        Playback::new(room()),
        bus,
        Clock::system(),
        CancellationToken::new(),
    ));
    let Some(Heard::Message { payload, .. }) = heard.next().await else {
        panic!("nothing was told")
    };
    let context = StreamContext::from_json(&payload).unwrap();
    let kinds: Vec<&str> = context
        .events
        .iter()
        .map(|event| event.kind.as_str())
        .collect();
    assert_eq!(kinds, ["stream_start", "hype"]);
    assert_eq!(
        timeout(LONG, playing).await.unwrap().unwrap(),
        Ok(Ended::Finished)
    );
}
