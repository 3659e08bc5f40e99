//! Scripted words, and what is told of them when.

use super::*;
use crate::writing;
use chatter_protocol::{RoomId, StreamContext};
use chatter_speech::Word;

/// Words from one time on, each 300 ms long; a `|` is a pause of a second.
fn words(from_ms: u64, text: &str) -> Vec<Word> {
    let mut at_ms = from_ms;
    let mut words = Vec::new();
    for word in text.split(' ') {
        if word == "|" {
            at_ms += 1000;
            continue;
        }
        words.push(Word {
            text: word.into(),
            start_ms: at_ms,
            end_ms: at_ms + 300,
            probability: 0.9,
        });
        at_ms += 300;
    }
    words
}

fn live() -> Live {
    Live::new(
        Names::of(&["Nova", "Captain Beans"]),
        Timestamp::from_millis(7),
        0,
        Began::Now,
    )
}

fn context(live: &mut Live) -> StreamContext {
    let window = live.told();
    let room = RoomId::new("main/lobby").unwrap();
    let context = window.context(&room, Timestamp::from_millis(0));
    window.published(&context);
    context
}

/// Kind and time of the events but for the stream's start.
fn events(live: &mut Live) -> Vec<(String, u64)> {
    let events = context(live).events.into_iter();
    events
        .filter(|event| event.kind != STREAM_START)
        .map(|event| (event.kind, event.at_ms))
        .collect()
}

#[test]
fn what_happens_is_told_once_it_was_heard() {
    /// Words with their start, and until when it was listened; what is told then.
    type Case = (
        &'static str,
        &'static [(u64, &'static str)],
        u64,
        &'static [(&'static str, u64)],
    );
    let cases: [Case; 11] = [
        ("nothing yet", &[], 5000, &[]),
        ("silence", &[], 8000, &[("silence", 0)]),
        (
            "a question to the chat, at its last word",
            &[(1000, "Chat, left or right?")],
            2300,
            &[("chat_question", 2200)],
        ),
        (
            "another question, when no call has followed it",
            &[(1000, "Where is the rope?")],
            6201,
            &[("question", 2200)],
        ),
        (
            "... and not before",
            &[(1000, "Where is the rope?")],
            6200,
            &[],
        ),
        (
            "a call makes it one to the chat",
            &[(1000, "Where is the rope?"), (2500, "Let me know!")],
            4000,
            &[("chat_question", 2200)],
        ),
        ("a sentence that goes on", &[(1000, "Oh")], 2000, &[]),
        (
            "... and ends",
            &[(1000, "Oh"), (1500, "no!")],
            2000,
            &[("fail", 1800)],
        ),
        (
            "a pause ends it as well",
            &[(1000, "Oh no")],
            3700,
            &[("fail", 1600)],
        ),
        (
            "a name",
            &[(1000, "I think Captain Beans is late.")],
            3000,
            &[("name", 2800)],
        ),
        (
            "two names within a moment",
            &[(1000, "Hello Nova."), (2000, "Hello Captain Beans.")],
            3000,
            &[("name", 1600), ("name", 2900)],
        ),
    ];
    for (case, said, until_ms, expected) in cases {
        let mut live = live();
        for &(from_ms, text) in said {
            live.hear(&words(from_ms, text));
        }
        live.reach(until_ms);
        live.until(until_ms);
        let told = events(&mut live);
        let told: Vec<_> = told.iter().map(|(kind, at_ms)| (&**kind, *at_ms)).collect();
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn what_is_heard_late_is_known_since_then() {
    let mut live = live();
    live.reach(12_000);
    live.hear(&words(1000, "Chat, left or right?"));
    for position_ms in [12_000, 14_000] {
        live.reach(position_ms);
        let asked = context(&mut live).events.pop().unwrap();
        assert_eq!((&*asked.kind, asked.at_ms), ("chat_question", 2200));
        assert_eq!(asked.known_ms, Some(12_000), "told at {position_ms}");
    }
}

#[test]
fn an_event_is_in_many_contexts_and_told_once() {
    let mut live = live();
    live.hear(&words(0, "Chat, left or right?"));
    live.reach(2000);
    assert_eq!(live.news(), (true, true));
    let first = context(&mut live);
    assert_eq!(live.news(), (false, false));
    live.hear(&words(2000, "So | so be it."));
    live.reach(5000);
    live.until(5000);
    let second = context(&mut live);
    let ids = |context: &StreamContext| -> Vec<String> {
        context
            .events
            .iter()
            .map(|event| event.id.clone())
            .collect()
    };
    assert_eq!(ids(&first), ids(&second));
    assert_eq!(first.transcript[0], second.transcript[0]);
    let again = Live::new(Names::default(), Timestamp::from_millis(8), 0, Began::Now);
    let mut again = again;
    assert!(!ids(&first).contains(&ids(&context(&mut again))[0]));
}

#[test]
fn a_context_takes_the_words_as_far_as_they_were_heard() {
    let mut live = live();
    let said = words(1000, "so we take the red one and go");
    live.hear(&said[..3]);
    live.reach(2000);
    let first = context(&mut live);
    live.hear(&said[3..]);
    live.reach(4000);
    let second = context(&mut live);
    let texts = |context: &StreamContext| -> Vec<(String, Vec<u32>)> {
        let said = context.transcript.iter();
        said.map(|it| (it.text.clone(), it.word_ms.clone()))
            .collect()
    };
    assert_eq!(texts(&first), [("so we take".into(), vec![0, 300, 600])]);
    assert_eq!(texts(&second)[0], texts(&first)[0]);
    assert_eq!(
        texts(&second)[1],
        ("the red one and go".into(), vec![0, 300, 600, 900, 1200])
    );
}

#[test]
fn neither_speech_without_words_nor_a_gap_is_silence() {
    let mut live = live();
    live.voice(1000);
    live.until(20_000);
    live.quiet(21_000);
    live.until(28_999);
    assert_eq!(events(&mut live), []);
    live.gap(60_000);
    live.until(67_999);
    live.reach(70_000);
    assert_eq!(events(&mut live), []);
    live.until(68_000);
    assert_eq!(events(&mut live), [("silence".into(), 60_000)]);
}

#[test]
fn a_play_that_goes_on_begins_nothing() {
    let mut live = Live::new(
        Names::default(),
        Timestamp::from_millis(7),
        50_000,
        Began::Before,
    );
    live.until(50_100);
    let context = context(&mut live);
    assert_eq!((context.events.len(), context.position_ms), (0, 50_000));
}

#[test]
fn half_an_hour_stays_within_bounds() {
    let topics = [
        "The hull takes tar and rope and a keel of oak.",
        "Flour and yeast and salt make the dough rise in the oven.",
        "The amp needs a new tube and the cable hums.",
    ];
    let mut live = live();
    let mut ids = std::collections::BTreeMap::new();
    let mut changes = 0;
    let mut told_ms = 0;
    for second in 0..1800_u64 {
        let now_ms = second * 1000;
        live.reach(now_ms);
        if second % 4 == 0 {
            let topic = topics[second as usize / 300 % topics.len()];
            let extra = if second % 60 == 0 {
                " Chat, what do you think?"
            } else {
                ""
            };
            live.hear(&words(
                now_ms - now_ms.min(4000),
                &format!("{topic}{extra}"),
            ));
        }
        live.until(now_ms);
        let (has_words, has_event) = live.news();
        if !(has_event || has_words && now_ms >= told_ms + 2000) {
            continue;
        }
        told_ms = now_ms;
        let context = context(&mut live);
        assert!(context.position_ms >= now_ms);
        assert!(serde_json::to_vec(&context).unwrap().len() <= crate::MAX_CONTEXT_BYTES);
        for event in context.events {
            let known = ids.insert(event.id.clone(), (event.kind.clone(), event.at_ms));
            changes += u32::from(known.is_none() && event.kind == "topic_change");
            assert!(known.is_none_or(|known| known == (event.kind, event.at_ms)));
        }
    }
    let asked = ids.values().filter(|(kind, _)| kind == "chat_question");
    assert_eq!(asked.count(), 30);
    assert!((3..=6).contains(&changes), "{changes} changes of topic");
    assert!(live.pieces.len() <= MANNER_PIECES && live.said.len() <= TOPIC_SENTENCES);
}

/// The commentary that ships, as if it were heard: the same happens as when the file is known in
/// advance, but that changes of topic are found with less to compare.
#[test]
fn what_is_heard_is_understood_as_what_is_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../configs/streams/synth-rescue.vtt");
    let subtitles = crate::Subtitles::load(&path).unwrap();
    let script = &subtitles.script;
    let mut live = Live::new(Names::default(), Timestamp::from_millis(7), 0, Began::Now);
    let mut told = Vec::new();
    for piece in &script.segments {
        live.reach(piece.end_ms);
        live.until(piece.start_ms);
        let heard: Vec<Word> = piece
            .words()
            .into_iter()
            .map(|said| Word {
                text: said.text.into(),
                start_ms: said.start_ms,
                end_ms: said.end_ms,
                probability: 1.0,
            })
            .collect();
        live.hear(&heard);
        told.extend(context(&mut live).events);
    }
    live.end();
    told.extend(context(&mut live).events);
    told.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
    told.dedup_by(|a, b| a.id == b.id);
    let of = |events: Vec<(String, u64)>, kinds: &[&str]| -> Vec<(String, u64)> {
        let mut events: Vec<_> = events
            .into_iter()
            .filter(|(kind, _)| kinds.contains(&&**kind))
            .collect();
        events.sort();
        events
    };
    let heard: Vec<_> = told.iter().map(|it| (it.kind.clone(), it.at_ms)).collect();
    let read: Vec<_> = script
        .events
        .iter()
        .map(|it| (it.kind.clone().into_owned(), it.at_ms))
        .collect();
    for kinds in [
        &[
            "chat_question",
            "question",
            "hype",
            "fail",
            "laughter",
            "silence",
        ][..],
        &["stream_start", "stream_end"],
    ] {
        assert_eq!(of(heard.clone(), kinds), of(read.clone(), kinds));
    }
    // A gap between two sentences may look deepest one sentence earlier or later.
    let heard = of(heard, &["topic_change"]);
    let read = of(read, &["topic_change"]);
    assert_eq!(heard.len(), read.len(), "{heard:?} {read:?}");
    for ((_, heard_ms), (_, read_ms)) in heard.iter().zip(&read) {
        assert!(heard_ms.abs_diff(*read_ms) <= 10_000, "{heard:?} {read:?}");
    }
}

#[test]
fn what_is_heard_is_shown_as_its_script_is_written() {
    // As a model gives it: a token is a word, and a context may come between any two.
    let cases = [
        (
            "今天 我 们 修 理 黄 铜 灯 笼。 灯 笼 漏 油 了， 你们 觉得 怎么 办？",
            "今天我们修理黄铜灯笼。",
            "灯笼漏油了，你们觉得怎么办？",
            "灯笼",
        ),
        (
            "ランタン を 直し ます。 この ランタン は 古い です か？",
            "ランタンを直します。",
            "このランタンは古いですか？",
            "ランタン",
        ),
        (
            "เรา จะ ซ่อม ตะ เกียง! ตะ เกียง รั่ว ตรง ไหน?",
            "เราจะซ่อมตะเกียง!",
            "ตะเกียงรั่วตรงไหน?",
            "ตะเกียง",
        ),
        (
            "등불을 고칩니다. 이 등불을 뭐라고 부를까요?",
            "등불을 고칩니다.",
            "이 등불을 뭐라고 부를까요?",
            "등불을",
        ),
        (
            "نصلح الفانوس. ماذا نسمي الفانوس؟",
            "نصلح الفانوس.",
            "ماذا نسمي الفانوس؟",
            "الفانوس",
        ),
    ];
    for (heard, first, question, keyword) in cases {
        let mut live = live();
        let heard = words(1000, heard);
        live.hear(&heard[..heard.len() - 2]);
        live.reach(6000);
        context(&mut live);
        live.hear(&heard[heard.len() - 2..]);
        live.reach(20_000);
        live.until(20_000);
        let told = context(&mut live);
        let said: Vec<&str> = told.transcript.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(
            writing::join(said.iter().copied()),
            writing::join([first, question])
        );
        assert_eq!(said[0], first);
        for segment in &told.transcript {
            let words = segment.text.split(' ').count();
            assert_eq!(segment.word_ms.len(), words, "{}", segment.text);
        }
        let asked = told.events.iter().find(|event| event.kind == "question");
        assert_eq!(asked.map(|event| event.text.as_str()), Some(question));
        assert!(
            told.keywords.iter().any(|it| it.term == keyword),
            "{:?}",
            told.keywords
        );
    }
}
