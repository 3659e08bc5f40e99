//! What the cheerleader does, call by call.

use hype::Hype;
use persona_sdk::{
    ChatMessage, Profile, emote,
    style::word_count,
    testkit::{
        Called, Harness, NOW, TurnBuilder, context, message, persona_message, profile, turn,
    },
    words,
};
use std::collections::BTreeMap;

fn my_turn(seed: u64) -> TurnBuilder {
    turn().profile(profile("hype")).seed(seed)
}

fn says(hype: &mut Harness<Hype>, seed: u64, message: &ChatMessage) -> Called {
    hype.on_firehose(my_turn(seed).answer(message), std::slice::from_ref(message))
        .expect("it keeps to the rules")
}

#[test]
fn never_asks_the_model_or_the_memory() {
    let mut hype = Harness::<Hype>::new();
    for seed in 0..50 {
        let stream =
            context()
                .keyword("dragon")
                .event(&format!("e{seed}"), "hype", "what a dragon");
        hype.on_context(my_turn(seed).speak(), stream).unwrap();
        says(&mut hype, seed, &message("Ana", "hi hype"));
    }
    assert!(
        hype.host.requests.is_empty()
            && hype.host.searches.is_empty()
            && hype.host.remembered.is_empty()
    );
}

#[test]
fn speaks_only_when_the_host_wants_it_to() {
    let mut hype = Harness::<Hype>::new();
    let quiet = hype
        .on_context(my_turn(1), context().event("e1", "hype", "WOW"))
        .unwrap();
    assert_eq!(quiet.silent_because.as_deref(), Some("no impulse to speak"));
    let quiet = hype
        .on_firehose(my_turn(1), &[message("Ana", "hype!")])
        .unwrap();
    assert_eq!(quiet.silent_because.as_deref(), Some("no impulse to speak"));
}

#[test]
fn reacts_to_each_kind_of_event_once() {
    for kind in [
        "hype",
        "fail",
        "laughter",
        "question",
        "silence",
        "topic_change",
        "stream_start",
        "meteor_shower",
    ] {
        for seed in 0..20 {
            let mut hype = Harness::<Hype>::new();
            let stream = || context().event("e1", kind, "the dragon lands");
            assert!(
                hype.on_context(my_turn(seed).speak(), stream())
                    .unwrap()
                    .text()
                    .is_some(),
                "{kind}"
            );
            let again = hype
                .on_context(my_turn(seed + 1).speak(), stream())
                .unwrap();
            assert_eq!(
                again.silent_because.as_deref(),
                Some("nothing new to cheer"),
                "{kind}"
            );
        }
    }
}

#[test]
fn takes_up_the_moments_words_now_and_then() {
    let mut with_word = 0;
    for seed in 0..200 {
        let stream = context()
            .keyword("dragon")
            .event("e1", "hype", "the dragon is down");
        let said = Harness::<Hype>::new()
            .on_context(my_turn(seed).speak(), stream)
            .unwrap();
        with_word += u32::from(words::has_phrase(said.text().unwrap(), "dragon"));
    }
    assert!((4..40).contains(&with_word), "{with_word} of 200");
}

#[test]
fn counts_streaks_even_while_it_is_silent() {
    let mut streaks = 0;
    for seed in 0..50 {
        let mut hype = Harness::<Hype>::new();
        for i in 0..3 {
            hype.on_context(
                my_turn(seed),
                context().event(&format!("e{i}"), "fail", "down it goes"),
            )
            .unwrap();
            // The same event comes again in the next contexts, and counts once.
            hype.on_context(
                my_turn(seed),
                context().event(&format!("e{i}"), "fail", "down it goes"),
            )
            .unwrap();
        }
        let said = hype
            .on_context(
                my_turn(seed).speak(),
                context().event("e3", "fail", "and again"),
            )
            .unwrap();
        streaks += u32::from(said.text().unwrap().contains('4'));
    }
    assert!(streaks > 15, "four in a row said in {streaks} of 50");
}

#[test]
fn what_is_long_over_gets_no_line() {
    let mut hype = Harness::<Hype>::new();
    let late = context().event("e1", "hype", "WOW").position(60_000);
    let called = hype.on_context(my_turn(1).speak(), late).unwrap();
    assert_eq!(
        called.silent_because.as_deref(),
        Some("nothing new to cheer")
    );
    // What the stream is about now is clear late.
    let late = context()
        .event("t1", "topic_change", "Now the boats.")
        .position(50_000);
    let called = hype.on_context(my_turn(2).speak(), late).unwrap();
    assert_eq!(called.lines.len(), 1);
}

#[test]
fn the_same_turn_gives_the_same_line() {
    let line = |seed| {
        let stream = context().event("e1", "hype", "the dragon is down");
        Harness::<Hype>::new()
            .on_context(my_turn(seed).speak(), stream)
            .unwrap()
            .text()
            .unwrap()
            .to_owned()
    };
    assert_eq!(line(5), line(5));
    assert!((0..50).any(|seed| line(seed) != line(5)));
}

/// An evening on a stream where something happens all the time: short lines, none of them all the
/// time.
#[test]
fn is_short_varied_and_full_of_emotes() {
    let mut hype = Harness::<Hype>::new();
    let nouns = [
        "dragon", "bridge", "torch", "wizard", "castle", "river", "sword", "goblin", "tower",
        "potion",
    ];
    let kinds = ["hype", "fail", "laughter", "hype", "topic_change"];
    let nova = Profile {
        style:
            "Very short: one to three words. CAPS when excited, otherwise lowercase. Emotes all \
                the time: :hype: :fire: :wow: :cry:. Stretches vowels."
                .into(),
        ..profile("hype")
    };
    let mut lines = Vec::new();
    for i in 0..600usize {
        let (noun, kind) = (nouns[i * 7 % nouns.len()], kinds[i * 3 % kinds.len()]);
        let stream = if i % 4 == 3 {
            context().said("let me see").keyword(noun)
        } else {
            let text = format!("look at the {noun}");
            context().keyword(noun).event(&format!("e{i}"), kind, &text)
        };
        let turn = my_turn(i as u64)
            .profile(nova.clone())
            .trait_value("excitability", 0.97)
            .now(NOW + i as u64 * 10_000);
        let called = hype.on_context(turn.speak(), stream).unwrap();
        lines.extend(called.text().map(str::to_owned));
    }
    assert!(lines.len() > 590, "{} lines", lines.len());
    let share = |fits: &dyn Fn(&String) -> bool| {
        lines.iter().filter(|line| fits(line)).count() * 100 / lines.len()
    };
    let short = share(&|line| word_count(line) <= 3);
    assert!(short >= 80, "{short} % have one to three words");
    let emotes = share(&|line| emote::in_text(line).next().is_some());
    assert!((50..=85).contains(&emotes), "{emotes} % have emotes");
    let mut phrases = BTreeMap::<String, usize>::new();
    for line in &lines {
        *phrases.entry(words::fingerprint(line)).or_default() += 1;
    }
    let (phrase, most) = phrases.iter().max_by_key(|(_, count)| **count).unwrap();
    assert!(
        most * 100 <= lines.len() * 3,
        "{phrase}: {most} of {}",
        lines.len()
    );
    assert!(
        phrases.len() * 2 > lines.len(),
        "{} different of {}",
        phrases.len(),
        lines.len()
    );
}

#[test]
fn answers_and_greets_whoever_speaks_to_it() {
    let mut hype = Harness::<Hype>::new();
    let ana = message("Ana", "hype did you see that");
    let said = says(&mut hype, 3, &ana);
    assert!(
        said.text().unwrap().to_lowercase().contains("ana"),
        "{said:?}"
    );
    assert_eq!(said.reply_to(), Some(ana.id.as_str()));
    let again = hype.on_context(my_turn(4).answer(&ana), context()).unwrap();
    assert!(again.text().is_none(), "answered already");
}

#[test]
fn hears_its_name_without_being_told() {
    let ana = message("Ana", "where is Hype when you need it");
    let said = Harness::<Hype>::new()
        .on_firehose(my_turn(2).speak(), std::slice::from_ref(&ana))
        .unwrap();
    assert_eq!(said.reply_to(), Some(ana.id.as_str()));
}

#[test]
fn says_what_it_is() {
    for seed in 0..20 {
        let said = says(
            &mut Harness::new(),
            seed,
            &message("Ana", "hype are you a bot?"),
        );
        assert!(said.text().unwrap().contains("i'm an AI"));
    }
}

#[test]
fn knows_the_score() {
    let mut hype = Harness::<Hype>::new();
    let stream = context()
        .event("e1", "hype", "a")
        .event("e2", "hype", "b")
        .event("e3", "fail", "c");
    hype.on_context(my_turn(1), stream).unwrap();
    let said = says(&mut hype, 1, &message("Ana", "hype whats the score"));
    assert!(
        said.text().unwrap().starts_with("2 wins, 1 fail, 0 laughs"),
        "{said:?}"
    );
}

#[test]
fn joins_a_wave_once() {
    let wave = [
        persona_message("bo", "lets goooooo"),
        message("Cy", "lets goo!"),
    ];
    let hear = |hype: &mut Harness<Hype>, seed| {
        let turn = my_turn(seed)
            .trait_value("conformity", 1.0)
            .speak()
            .recent(&wave[..1]);
        hype.on_firehose(turn, &wave[1..]).unwrap()
    };
    let repeats = |called: &Called| {
        let print = called.text().map(words::fingerprint);
        print == Some(words::fingerprint("lets goo"))
    };
    let mut hype = Harness::<Hype>::new();
    assert!(repeats(&hear(&mut hype, 1)));
    for seed in 2..20 {
        assert!(!repeats(&hear(&mut hype, seed)), "it has joined this one");
    }
}

#[test]
fn takes_a_side_in_words() {
    for seed in 0..30 {
        let asks = context().question("q1", "so chat, tea or coffee?");
        let said = Harness::<Hype>::new()
            .on_context(my_turn(seed).speak(), asks)
            .unwrap();
        let line = said.text().unwrap().to_lowercase();
        let takes = |side| words::has_phrase(&line, side);
        assert!(takes("tea") != takes("coffee"), "{line}");
    }
}

#[test]
fn keeps_to_the_rules_whatever_it_hears() {
    let nasty = [
        "\u{202e}\u{200b}",
        "a\nb\r\nc",
        &"long ".repeat(200),
        "{w} {n} {nope}",
        "}{",
        "💀💀💀",
        "",
    ];
    let mut hype = Harness::<Hype>::new();
    for (i, text) in nasty.into_iter().enumerate() {
        for seed in 0..40u64 {
            let id = format!("e{i}-{seed}");
            let stream = context().keyword(text).event(&id, "hype", text).event(
                &format!("{id}b"),
                "question",
                &format!("{text} or {text}"),
            );
            hype.on_context(my_turn(seed).speak().max_line_chars(60), stream)
                .unwrap();
            let from = message(text, text);
            hype.on_firehose(
                my_turn(seed).max_line_chars(60).answer(&from),
                std::slice::from_ref(&from),
            )
            .unwrap();
        }
    }
    let bytes = hype.state.as_ref().unwrap().bytes.len();
    assert!(bytes < 32_000, "{bytes} bytes");
}
