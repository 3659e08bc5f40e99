use super::*;
use crate::engine::LONGEST_MS;
use crate::scripted::{Mood, model, speech, word};
use std::sync::Mutex;

const CONFIG: ListenConfig = ListenConfig {
    language: None,
    hop_ms: 1_000,
    window_ms: 10_000,
    prompted: true,
};

fn english() -> ListenConfig {
    ListenConfig {
        language: Some("en".into()),
        ..CONFIG
    }
}

/// Everything that is told of sound that begins at a time, listened to at once in pieces of 100 ms.
fn listened(ear: &mut Ear, from_ms: u64, sound: &[f32]) -> Vec<Heard> {
    let mut told = Vec::new();
    for (n, piece) in sound.chunks(1_600).enumerate() {
        ear.hear(from_ms + n as u64 * 100, piece).unwrap();
        while ear.due() {
            ear.listen();
        }
        told.extend(ear.told());
    }
    told
}

fn rest(ear: &mut Ear) -> Vec<Heard> {
    ear.end().unwrap();
    while ear.due() {
        ear.listen();
    }
    ear.told()
}

fn words(told: &[Heard]) -> Vec<Word> {
    let words = told.iter().filter_map(|heard| match heard {
        Heard::Words(words) => Some(words.clone()),
        _ => None,
    });
    words.flatten().collect()
}

fn texts(told: &[Heard]) -> Vec<String> {
    words(told).into_iter().map(|word| word.text).collect()
}

/// A word each 500 ms, 400 ms long.
fn chatter(count: u64) -> Vec<(u64, u64)> {
    (0..count).map(|n| (500 + n * 500, 900 + n * 500)).collect()
}

#[test]
fn words_are_told_once_in_order_with_their_times_on_the_streams_clock() {
    for from_ms in [0, 1_234_567] {
        for count in [1, 3, 9, 50] {
            let said = chatter(count);
            let (model, _) = model();
            let mut ear = Ear::new(&model, english()).unwrap();
            let sound = speech(&said, 500 + count * 500 + 1_500);
            let told = listened(&mut ear, from_ms, &sound);
            let got: Vec<_> = words(&told)
                .into_iter()
                .map(|word| (word.text, word.start_ms, word.end_ms))
                .collect();
            let expected: Vec<_> = said
                .iter()
                .enumerate()
                .map(|(n, (from, to))| (word(n), from_ms + from, from_ms + to))
                .collect();
            assert_eq!(got, expected, "{count} words from {from_ms}");
            assert_eq!(rest(&mut ear).len(), 0);
        }
    }
}

/// How long after its end each word is told, if an inference takes no time.
fn latencies(ear: &mut Ear, sound: &[f32]) -> Vec<u64> {
    let mut when = Vec::new();
    for (n, piece) in sound.chunks(1_600).enumerate() {
        let now = n as u64 * 100;
        ear.hear(now, piece).unwrap();
        while ear.due() {
            ear.listen();
        }
        when.extend(
            words(&ear.told())
                .into_iter()
                .map(|word| now + 100 - word.end_ms),
        );
    }
    when
}

#[test]
fn a_word_is_told_when_more_sound_would_not_change_it_or_the_voice_ends() {
    let (model, _) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    let when = latencies(&mut ear, &speech(&chatter(9), 7_000));
    assert_eq!(when.len(), 9);
    let longest = when.iter().max().unwrap();
    // A hop and how far it must be from the end, or one word later.
    assert!((700..=1_800).contains(longest), "{when:?}");
    // The last one waits for nothing but the pause after it.
    assert!(when[8] <= 500, "{when:?}");
}

#[test]
fn a_pause_is_listened_to_once_and_not_more_often_than_each_half_hop() {
    // Words before a pause, how long it is, how slow inferences are, and inferences until two seconds later.
    for (name, words, pause_ms, took_ms, expected) in [
        ("the end of the voice needs no other", 1, 2_000, 100, 1),
        ("a pause within it", 1, 250, 100, 2),
        ("on a slow machine", 1, 250, 4_000, 1),
    ] {
        let (model, mood) = model();
        let mut ear = Ear::new(&model, english()).unwrap();
        ear.took(Duration::from_millis(took_ms));
        let end = 500 + words * 500;
        let mut said = chatter(words);
        if pause_ms < 512 {
            said.push((end + pause_ms, end + pause_ms + 400));
        }
        let told = listened(&mut ear, 0, &speech(&said, 4_000));
        assert_eq!(texts(&told).len(), said.len(), "{name}");
        let asked = mood.lock().unwrap().asked.len();
        assert_eq!(asked, expected, "{name}");
    }
}

#[test]
fn voice_and_quiet_are_told_and_nothing_of_silence() {
    let (model, mood) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    assert_eq!(texts(&listened(&mut ear, 0, &speech(&[], 5_000))), [""; 0]);
    let told = listened(&mut ear, 5_000, &speech(&[(1_000, 2_000)], 4_000));
    let edges: Vec<_> = told
        .iter()
        .filter_map(|heard| match heard {
            Heard::Voice { at_ms } => Some(("voice", *at_ms)),
            Heard::Quiet { at_ms } => Some(("quiet", *at_ms)),
            _ => None,
        })
        .collect();
    let [("voice", begin), ("quiet", end)] = edges[..] else {
        panic!("{edges:?}");
    };
    assert!(
        begin.abs_diff(6_000) <= 64 && end.abs_diff(7_000) <= 64,
        "{edges:?}"
    );
    let until: Vec<u64> = told
        .iter()
        .filter_map(|heard| match heard {
            Heard::Until { at_ms } => Some(*at_ms),
            _ => None,
        })
        .collect();
    assert!(
        until.is_sorted() && *until.last().unwrap() > 8_000,
        "{until:?}"
    );
    let asked = mood.lock().unwrap().asked.len();
    assert!(
        (1..=3).contains(&asked),
        "{asked} inferences for one second"
    );
}

#[test]
fn a_gap_or_a_jump_ends_what_was_said_and_moves_the_clock() {
    for (name, gap, next) in [
        ("gap", Some(60_000), 60_000),
        ("jump ahead", None, 60_000),
        ("jump back", None, 1_000),
    ] {
        let (model, _) = model();
        let mut ear = Ear::new(&model, english()).unwrap();
        let sound = speech(&[(500, 900), (1_000, 2_000)], 2_000);
        let mut told = listened(&mut ear, 10_000, &sound);
        if let Some(to_ms) = gap {
            ear.gap(to_ms).unwrap();
        }
        told.extend(listened(&mut ear, next, &speech(&[(500, 900)], 3_000)));
        let got: Vec<_> = words(&told).iter().map(|word| word.start_ms).collect();
        assert_eq!(got, [10_500, 11_000, next + 500], "{name}");
    }
}

#[test]
fn the_window_stays_short_and_what_leaves_it_is_the_prompt() {
    let (model, mood) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    let told = listened(&mut ear, 0, &speech(&chatter(240), 123_000));
    assert_eq!(texts(&told).len(), 240);
    let asked = std::mem::take(&mut mood.lock().unwrap().asked);
    let longest = asked.iter().map(|asked| asked.window_ms).max().unwrap();
    assert!(longest <= CONFIG.window_ms + 2_500, "{longest}");
    assert_eq!(asked[3].prompt, "");
    let last = &asked.last().unwrap().prompt;
    assert!(
        last.chars().count() <= 160 && last.starts_with(" word"),
        "{last:?}"
    );
}

#[test]
fn who_is_slow_is_asked_less_often_and_then_hears_less_and_says_so() {
    let (model, mood) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    let sound = speech(&chatter(240), 123_000);
    let mut told = Vec::new();
    let mut busy_until = 0;
    let mut most_waiting = 0;
    for (n, piece) in sound.chunks(1_600).enumerate() {
        let now = n as u64 * 100;
        ear.hear(now, piece).unwrap();
        most_waiting = ear.waiting_ms().max(most_waiting);
        if now >= busy_until && ear.due() {
            ear.listen();
            // Longer than what may wait.
            ear.took(Duration::from_secs(25));
            busy_until = now + 25_000;
        }
        told.extend(ear.told());
    }
    assert!(most_waiting <= MOST_WAITING_MS + 200, "{most_waiting}");
    assert!(
        told.iter()
            .any(|heard| matches!(heard, Heard::Pace { hop_ms: 10_000, .. }))
    );
    let missed: u64 = told
        .iter()
        .map(|heard| match heard {
            Heard::Missed { from_ms, to_ms } => to_ms - from_ms,
            _ => 0,
        })
        .sum();
    assert!((10_000..100_000).contains(&missed), "{missed}");
    let got = words(&told);
    assert!(
        got.is_sorted_by_key(|word| word.start_ms) && got.len() > 20,
        "{}",
        got.len()
    );
    assert!(
        mood.lock()
            .unwrap()
            .asked
            .iter()
            .all(|asked| asked.window_ms <= LONGEST_MS)
    );
}

#[test]
fn the_language_is_found_out_unless_it_is_set() {
    let cases = [
        (None, Some(("de", 0.9)), "de", vec!["de"]),
        // Used, but not believed.
        (None, Some(("de", 0.4)), "de", vec![]),
        (Some("en"), Some(("de", 0.9)), "en", vec![]),
    ];
    for (set, found, used, told_expected) in cases {
        let (model, mood) = model();
        mood.lock().unwrap().language = found;
        let config = ListenConfig {
            language: set.map(str::to_owned),
            ..CONFIG
        };
        let mut ear = Ear::new(&model, config).unwrap();
        let told = listened(&mut ear, 0, &speech(&chatter(12), 8_000));
        assert_eq!(languages(&told), told_expected, "{set:?} {found:?}");
        assert!(
            mood.lock()
                .unwrap()
                .asked
                .iter()
                .all(|asked| asked.language == used)
        );
        assert_eq!(texts(&told).len(), 12);
    }
    let (model, _) = model();
    let config = ListenConfig {
        language: Some("tlh".into()),
        ..CONFIG
    };
    let error = Ear::new(&model, config).unwrap_err().to_string();
    assert_eq!(error, r#"the model does not know the language "tlh""#);
}

fn languages(told: &[Heard]) -> Vec<&str> {
    let languages = told.iter().filter_map(|heard| match heard {
        Heard::Language(code) => Some(code.as_str()),
        _ => None,
    });
    languages.collect()
}

#[test]
fn another_language_is_believed_when_it_was_found_twice() {
    // What each look finds, the first while nothing is known; what is told.
    type Looks = [(&'static str, f32); 4];
    let cases: [(Looks, &[&str]); 6] = [
        (
            [("en", 0.9), ("de", 0.9), ("de", 0.9), ("de", 0.9)],
            &["en", "de"],
        ),
        (
            [("en", 0.9), ("de", 0.9), ("en", 0.9), ("de", 0.9)],
            &["en"],
        ),
        (
            [("en", 0.9), ("de", 0.7), ("de", 0.7), ("de", 0.7)],
            &["en"],
        ),
        (
            [("en", 0.9), ("de", 0.9), ("en", 0.3), ("de", 0.9)],
            &["en"],
        ),
        (
            [("en", 0.9), ("fr", 0.9), ("de", 0.9), ("de", 0.9)],
            &["en", "de"],
        ),
        (
            [("en", 0.7), ("en", 0.9), ("en", 0.9), ("en", 0.9)],
            &["en"],
        ),
    ];
    for (found, told_expected) in cases {
        let (model, mood) = model();
        {
            let mut mood = mood.lock().unwrap();
            mood.languages = found.iter().copied().collect();
            mood.language = told_expected.last().map(|code| (*code, 0.9));
        }
        let mut ear = Ear::new(&model, CONFIG).unwrap();
        let told = listened(&mut ear, 0, &speech(&chatter(240), 123_000));
        assert_eq!(languages(&told), told_expected, "{found:?}");
        assert_eq!(texts(&told).len(), 240, "{found:?}");
        let mood = mood.lock().unwrap();
        assert!(mood.languages.is_empty(), "{found:?}: {:?}", mood.looked_ms);
        // A few times in two minutes, of some 120 inferences.
        let looks = mood.looked_ms.len();
        assert!((4..=7).contains(&looks), "{found:?}: {looks}");
        let enough = |ms: &u64| (2_000..=LONGEST_MS).contains(ms);
        assert!(mood.looked_ms.iter().all(enough), "{:?}", mood.looked_ms);
        let used = &mood.asked.last().unwrap().language;
        assert_eq!(Some(&**used), told_expected.last().copied(), "{found:?}");
    }
}

/// Who hears English until the language is looked for again, and then German, which has two words for each.
fn wordy() -> (Ear, Arc<Mutex<Mood>>) {
    let (model, mood) = model();
    {
        let mut mood = mood.lock().unwrap();
        mood.is_wordy = true;
        mood.languages = [("en", 0.9)].into();
        mood.language = Some(("de", 0.9));
    }
    (Ear::new(&model, CONFIG).unwrap(), mood)
}

#[test]
fn what_was_told_in_one_language_is_not_told_again_in_another() {
    let pauses = (0..120).map(|n| 500 + n * 500 + n / 4 * 1_000);
    let pauses = pauses.map(|from| (from, from + 400)).collect();
    for (name, said) in [("without a pause", chatter(120)), ("with pauses", pauses)] {
        let (mut ear, _) = wordy();
        let length = said.last().unwrap().1 + 2_000;
        let told = listened(&mut ear, 0, &speech(&said, length));
        assert_eq!(languages(&told), ["en", "de"], "{name}");
        let texts = texts(&told);
        let german = texts.iter().position(|text| text.contains(':')).unwrap();
        let in_german = |n| [format!("{}:a", word(n)), format!("{}:b", word(n))];
        let expected: Vec<_> = (0..german).map(word).collect();
        let expected = expected
            .into_iter()
            .chain((german..120).flat_map(in_german));
        assert_eq!(texts, expected.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn what_was_said_in_another_language_is_no_prompt() {
    let (mut ear, mood) = wordy();
    // Four words at a time, and too long a pause to go on with them.
    let said = (0..80).map(|n| 500 + n * 500 + n / 4 * 3_000);
    let said: Vec<_> = said.map(|from| (from, from + 400)).collect();
    listened(&mut ear, 0, &speech(&said, 103_000));
    let asked = std::mem::take(&mut mood.lock().unwrap().asked);
    let german = asked.iter().position(|asked| asked.language == "de");
    let (english, german) = asked.split_at(german.unwrap());
    assert!(english.last().unwrap().prompt.starts_with(" word"));
    assert_eq!(german[0].prompt, "");
    for asked in german {
        let mut words = asked.prompt.split_whitespace();
        assert!(words.all(|word| word.contains(':')), "{:?}", asked.prompt);
    }
    assert!(!german.last().unwrap().prompt.is_empty());
}

#[test]
fn after_a_gap_the_language_is_looked_for_at_once() {
    for (gap_ms, expected) in [(0, &["en"][..]), (60_000, &["en", "de"])] {
        let (model, mood) = model();
        let mut ear = Ear::new(&model, CONFIG).unwrap();
        let sound = speech(&chatter(20), 11_000);
        let mut told = listened(&mut ear, 0, &sound);
        mood.lock().unwrap().language = Some(("de", 0.9));
        if gap_ms > 0 {
            ear.gap(11_000 + gap_ms).unwrap();
        }
        told.extend(listened(&mut ear, 11_000 + gap_ms, &sound));
        assert_eq!(languages(&told), expected, "after {gap_ms} ms");
    }
}

#[test]
fn a_language_that_is_set_is_not_looked_for() {
    let (model, mood) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    listened(&mut ear, 0, &speech(&chatter(240), 123_000));
    ear.gap(200_000).unwrap();
    listened(&mut ear, 200_000, &speech(&chatter(20), 11_000));
    assert_eq!(mood.lock().unwrap().looked_ms, []);
}

#[test]
fn looking_for_the_language_waits_for_words_but_not_for_ever() {
    let (model, mood) = model();
    let mut ear = Ear::new(&model, CONFIG).unwrap();
    let sound = speech(&chatter(200), 103_000);
    let mut looked_at = Vec::new();
    for (n, piece) in sound.chunks(1_600).enumerate() {
        ear.hear(n as u64 * 100, piece).unwrap();
        // There is always something to listen to when it may.
        if ear.has_news() {
            ear.listen();
            let looks = mood.lock().unwrap().looked_ms.len();
            looked_at.resize(looks, n / 10);
        }
    }
    let [_, again] = looked_at[..] else {
        panic!("{looked_at:?}");
    };
    assert!((60..=66).contains(&again), "{looked_at:?}");
}

#[test]
fn a_voice_too_short_to_tell_its_language_is_heard_at_its_end() {
    // A word alone, from one time to another; then silence, or the end of the sound.
    for (from, to) in [(500, 900), (500, 1_300), (500, 1_900), (500, 2_400)] {
        for length in [to + 100, to + 3_000] {
            let (model, _) = model();
            let mut ear = Ear::new(&model, CONFIG).unwrap();
            let mut told = listened(&mut ear, 0, &speech(&[(from, to)], length));
            told.extend(rest(&mut ear));
            assert_eq!(texts(&told), ["word0"], "{from} to {to} of {length} ms");
            let missed = |heard: &Heard| matches!(heard, Heard::Missed { .. });
            assert!(!told.iter().any(missed), "{told:?}");
        }
    }
}

#[test]
fn what_the_model_fails_on_is_missed_and_the_rest_is_heard() {
    let (model, mood) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    mood.lock().unwrap().fails = true;
    let mut told = listened(&mut ear, 0, &speech(&chatter(4), 4_000));
    assert!(
        told.iter()
            .any(|heard| matches!(heard, Heard::Missed { .. })),
        "{told:?}"
    );
    assert_eq!(texts(&told), [""; 0]);
    mood.lock().unwrap().fails = false;
    told = listened(&mut ear, 4_000, &speech(&chatter(4), 4_000));
    assert_eq!(texts(&told).len(), 4);
}

#[test]
fn what_the_model_has_no_idea_of_is_not_told() {
    let (model, mood) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    mood.lock().unwrap().log_probability = -1.5;
    assert_eq!(
        texts(&listened(&mut ear, 0, &speech(&chatter(40), 25_000))),
        [""; 0]
    );
    assert_eq!(mood.lock().unwrap().asked.last().unwrap().prompt, "");
}

#[test]
fn sound_that_is_no_number_harms_nothing() {
    let (model, _) = model();
    let mut ear = Ear::new(&model, english()).unwrap();
    let mut sound = speech(&chatter(4), 4_000);
    sound[100] = f32::NAN;
    sound[101] = f32::INFINITY;
    assert_eq!(texts(&listened(&mut ear, 0, &sound)).len(), 4);
}

#[test]
fn what_is_too_soft_for_the_detector_is_heard_with_a_voice_that_goes_on_after_it() {
    // How long the pause with a soft word in its middle is, and what is heard.
    let soon: &[&str] = &["word0", "word1", "word2"];
    for (pause_ms, expected) in [(1_200, soon), (2_000, soon), (4_000, &["word0", "word2"])] {
        let (model, _) = model();
        let mut ear = Ear::new(&model, english()).unwrap();
        let (middle, end) = (900 + pause_ms / 2, 900 + pause_ms);
        let said = [(500, 900), (middle, middle + 40), (end, end + 400)];
        let mut told = listened(&mut ear, 0, &speech(&said, end + 2_000));
        told.extend(rest(&mut ear));
        assert_eq!(texts(&told), expected, "{pause_ms} ms");
        let starts: Vec<_> = words(&told).iter().map(|word| word.start_ms).collect();
        assert_eq!(starts.last(), Some(&end), "{pause_ms} ms");
        assert!(starts.is_sorted(), "{starts:?}");
    }
}

#[test]
fn a_voice_counts_by_how_long_it_lasts_whatever_is_before_it() {
    // A sentence nearly as long as the window, so that no voice goes on with it.
    let sentence = Some(9_400);
    // It, how long it is quiet then, how long a voice lasts that ends before it was listened to, and whether it counts.
    for (name, before, quiet_ms, voice_ms, counts) in [
        ("after quiet", None, 1_000, 300, true),
        ("a click after quiet", None, 1_000, 130, false),
        ("at the very beginning", None, 0, 300, true),
        ("a click at the very beginning", None, 0, 130, false),
        ("after a sentence", sentence, 600, 300, true),
        ("a click after a sentence", sentence, 600, 130, false),
        ("some time after a sentence", sentence, 1_800, 300, true),
    ] {
        let (model, mood) = model();
        let mut ear = Ear::new(&model, english()).unwrap();
        // No pause is listened to.
        ear.took(Duration::from_secs(25));
        let from = before.unwrap_or(0) + quiet_ms;
        let mut said = vec![(from, from + voice_ms)];
        said.splice(..0, before.map(|end| (0, end)));
        let mut told = listened(&mut ear, 0, &speech(&said, from + 3_000));
        told.extend(rest(&mut ear));
        let expected = usize::from(before.is_some()) + usize::from(counts);
        assert_eq!(texts(&told).len(), expected, "{name}");
        let asked = mood.lock().unwrap().asked.len();
        assert_eq!(asked, expected, "{name}");
    }
}
