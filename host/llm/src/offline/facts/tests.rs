use super::*;

fn moment(transcript: &[&str], memories: &[&str]) -> Moment {
    Moment {
        transcript: transcript.iter().map(|line| (*line).to_owned()).collect(),
        memories: memories.iter().map(|line| (*line).to_owned()).collect(),
        ..Moment::default()
    }
}

fn about(moment: &Moment, name: &str, text: &str) -> Facts {
    Facts::about(
        moment,
        &Said {
            name: name.into(),
            text: text.into(),
            ai: false,
        },
    )
}

#[test]
fn what_a_question_asks_for_is_found() {
    let moment = moment(
        &[
            "I hid the silver key under the old bridge. Greta fixes radios.",
            "This was built in nineteen eighty-one by two brothers in Turin.",
            "We have three lives and two checkpoints left.",
            "The penguin is angry because we stole the fish. On Thursday we tune the walrus.",
            "How long did the bread bake? We baked the bread for forty minutes.",
        ],
        &[],
    );
    type Found = fn(&Facts) -> Option<String>;
    let cases: [(&str, Found, Option<&str>); 9] = [
        (
            "where is the key?",
            |facts| facts.place.clone(),
            Some("under the old bridge"),
        ),
        (
            "who fixes the radios?",
            |facts| facts.person.clone(),
            Some("Greta"),
        ),
        (
            "how many lives?",
            |facts| facts.amount.clone(),
            Some("three lives"),
        ),
        (
            "how many checkpoints are left?",
            |facts| facts.amount.clone(),
            Some("two checkpoints"),
        ),
        (
            "why is the penguin angry?",
            |facts| facts.because.clone(),
            Some("they stole the fish"),
        ),
        (
            "when do we tune the walrus?",
            |facts| facts.when.clone(),
            Some("on Thursday"),
        ),
        (
            "when was it built?",
            |facts| facts.when.clone(),
            Some("in nineteen eighty-one"),
        ),
        (
            "how long did the bread bake?",
            |facts| facts.amount.clone(),
            Some("forty minutes"),
        ),
        ("where is the moon?", |facts| facts.place.clone(), None),
    ];
    for (asked, found, expected) in cases {
        let facts = about(&moment, "ana", asked);
        assert_eq!(found(&facts).as_deref(), expected, "{asked}: {facts:?}");
    }
}

#[test]
fn memories_are_of_the_person_or_the_matter() {
    let moment = moment(&[], &["ben likes trains", "Ana bakes bread"]);
    for (name, text, expected) in [
        ("ana", "hi", Some("you bake bread")),
        ("cleo", "do you like trains?", Some("ben likes trains")),
        ("an", "hi", None),
        ("", "hi", None),
    ] {
        assert_eq!(
            about(&moment, name, text).of_them.as_deref(),
            expected,
            "{name} {text}"
        );
    }
}

#[test]
fn what_is_asked_for_is_remembered() {
    let moment = moment(
        &[],
        &[
            "ana is called Ana",
            "ana has a cat called Miso",
            "ana loves old synths",
            "ben likes trains",
        ],
    );
    for (text, expected) in [
        (
            "do you remember my cat?",
            Some("you have a cat called Miso"),
        ),
        (
            "what synths do i love, do you remember?",
            Some("you love old synths"),
        ),
        ("do you remember my dog?", None),
        ("do you remember me?", Some("you have a cat called Miso")),
        ("what's my name?", Some("you're ana")),
        (
            "do you remember who likes trains?",
            Some("ben likes trains"),
        ),
    ] {
        let said = Said {
            name: "ana".into(),
            text: text.into(),
            ai: false,
        };
        let mut facts = Facts::about(&moment, &said);
        facts.asked_to_remember(&moment, &said);
        assert_eq!(facts.of_them.as_deref(), expected, "{text}");
    }
}

#[test]
fn what_somebody_says_is_not_told_them_back() {
    let moment = Moment {
        answer: Some(Said {
            name: "ana".into(),
            text: "i love old synths".into(),
            ai: false,
        }),
        ..moment(&[], &["ana loves old synths", "ana is called Ana"])
    };
    let facts = Facts::about(&moment, moment.answer.as_ref().unwrap());
    assert_eq!(facts.of_them, None);
}

#[test]
fn the_topic_of_the_stream_is_what_it_speaks_of_most() {
    let lines = [
        "I open the synth with the small screwdriver.",
        "The cat sits on the synth again.",
    ];
    for (transcript, keywords, expected) in [
        (
            &lines[..],
            &["cat", "synth"][..],
            Some("the cat and the synth"),
        ),
        (&lines, &[], Some("the synth")),
        (&[], &["bread"], Some("bread")),
        (&[], &[], None),
    ] {
        let moment = Moment {
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
            ..moment(transcript, &[])
        };
        let mut facts = Facts::default();
        facts.of_the_stream(&moment);
        assert_eq!(facts.the_topic.as_deref(), expected, "{keywords:?}");
    }
}

#[test]
fn a_memory_is_said_to_whom_it_is_of() {
    for (memory, expected) in [
        ("Ana is from Oslo", "you're from Oslo"),
        ("ana has two dogs", "you have two dogs"),
        ("ana's cat is called Miso", "your cat is called Miso"),
        ("ana studies physics", "you study physics"),
        ("ana passed an exam", "you passed an exam"),
        (
            "ana just finished their thesis",
            "you just finished your thesis",
        ),
        (
            "ben has their birthday today",
            "ben has their birthday today",
        ),
        ("Anatol likes tea", "Anatol likes tea"),
        ("ana", "ana"),
    ] {
        assert_eq!(to_whom(memory, "ana"), expected, "{memory}");
    }
}

#[test]
fn a_topic_is_something_one_can_name() {
    let moment = moment(&["The bread is in the oven."], &[]);
    for (text, expected) in [
        ("do you like pineapple pizza?", Some("pineapple pizza")),
        ("is the bread done or is the oven off?", Some("oven")),
        ("what do you think?", None),
        ("that was great", None),
    ] {
        let found = topic(text, &moment).map(|(topic, _)| topic);
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}
