//! What the cheerleader does, call by call.

use hype::Hype;
use persona_sdk::{
    ChatMessage,
    testkit::{Called, Harness, TurnBuilder, context, message, persona_message, profile, turn},
    words,
};
use std::collections::BTreeSet;

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
fn takes_up_the_moments_words() {
    let mut with_word = 0;
    for seed in 0..100 {
        let stream = context()
            .keyword("dragon")
            .event("e1", "hype", "the dragon is down");
        let said = Harness::<Hype>::new()
            .on_context(my_turn(seed).speak(), stream)
            .unwrap();
        with_word += u32::from(words::has_phrase(said.text().unwrap(), "dragon"));
    }
    assert!(with_word > 35, "{with_word} of 100");
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
    assert!(streaks > 25, "four in a row said in {streaks} of 50");
}

#[test]
fn what_is_long_over_gets_no_line() {
    let late = context().event("e1", "hype", "WOW").position(60_000);
    let called = Harness::<Hype>::new()
        .on_context(my_turn(1).speak(), late)
        .unwrap();
    assert_eq!(
        called.silent_because.as_deref(),
        Some("nothing new to cheer")
    );
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
    let different: BTreeSet<_> = (0..50).map(line).collect();
    assert!(different.len() > 25, "{different:?}");
}

/// The room hears it for an hour: hardly a line twice, and varied sequences of words.
#[test]
fn is_not_repetitive() {
    let mut hype = Harness::<Hype>::new();
    let nouns = [
        "dragon", "bridge", "torch", "wizard", "castle", "river", "sword", "goblin", "tower",
        "potion",
    ];
    let kinds = ["hype", "fail", "laughter", "hype", "topic_change"];
    let mut lines = Vec::new();
    for i in 0..200usize {
        let (noun, kind) = (nouns[i * 7 % nouns.len()], kinds[i * 3 % kinds.len()]);
        let stream =
            context()
                .keyword(noun)
                .event(&format!("e{i}"), kind, &format!("look at the {noun}"));
        let called = hype.on_context(my_turn(i as u64).speak(), stream).unwrap();
        lines.extend(called.text().map(str::to_owned));
    }
    assert!(lines.len() > 190, "{} lines", lines.len());
    for (i, line) in lines.iter().enumerate() {
        let before = &lines[i.saturating_sub(30)..i];
        assert!(!before.contains(line), "{line}");
    }
    let distinct: BTreeSet<_> = lines.iter().collect();
    assert!(
        distinct.len() > 160,
        "{} different lines of {}",
        distinct.len(),
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
        said.text()
            .unwrap()
            .starts_with("2 wins, 1 fails, 0 laughs"),
        "{said:?}"
    );
}

#[test]
fn joins_a_chant_of_people_once() {
    let chant = |seed, hype: &mut Harness<Hype>| {
        let recent = [
            message("Ana", "LETS GOOO"),
            persona_message("bo", "lets goooooo"),
            message("Cy", "lets goo!"),
        ];
        hype.on_firehose(my_turn(seed).speak().recent(&recent[..2]), &recent[2..])
            .unwrap()
    };
    let mut hype = Harness::<Hype>::new();
    assert!(chant(1, &mut hype).text().unwrap().starts_with("LETS GOO"));
    assert_eq!(
        chant(2, &mut hype).silent_because.as_deref(),
        Some("has joined this chant")
    );
    let bots = ["bo", "cy", "di"].map(|id| persona_message(id, "lets gooo"));
    let called = Harness::<Hype>::new()
        .on_firehose(my_turn(1).speak(), &bots)
        .unwrap();
    assert_eq!(called.text(), None, "personas alone are no crowd");
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
