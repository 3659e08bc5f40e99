//! How a regular's style holds the model.

use persona_sdk::{
    Profile, StreamContext,
    testkit::{Harness, context, message, profile, turn},
};
use regular::Regular;

fn stream() -> StreamContext {
    context()
        .said("and here comes the dragon")
        .keyword("dragon")
        .build()
}

fn styled(style: &str) -> Profile {
    Profile {
        style: style.into(),
        ..profile("nova")
    }
}

#[test]
fn whoever_writes_only_emotes_never_writes_a_word() {
    let style = "Only emotes, never words. Her emotes: :wow: :lol: :cry: :heart: :eyes:.";
    let cases = [
        ("nice one :lol: :lol:", ":lol: :lol:"),
        (":wow: :cry: :lol: :heart:", ":wow: :cry: :lol:"),
        ("I will not play along", ":cry:"),
        ("", ":cry:"),
    ];
    for (answer, wanted) in cases {
        let mut regular = Harness::<Regular>::new();
        regular.host.answer(answer);
        let fell = context().event("e1", "fail", "down it goes");
        let said = regular
            .on_context(turn().profile(styled(style)).speak(), fell)
            .unwrap();
        assert_eq!(said.text(), Some(wanted), "{answer}");
    }
    let ana = message("Ana", "hello bubbles");
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("hi Ana");
    let turn = turn()
        .profile(styled(style))
        .trait_value("sociability", 1.0)
        .answer(&ana);
    let said = regular.on_firehose(turn, &[ana]).unwrap();
    assert_eq!(said.text(), Some(":heart:"), "nor a name");
}

#[test]
fn whoever_has_no_emotes_has_none() {
    let mut regular = Harness::<Regular>::new();
    let dry = || turn().profile(styled("Dry, no emotes.")).speak();
    regular.host.answer("a classic :lol:");
    assert_eq!(
        regular.on_context(dry(), stream()).unwrap().text(),
        Some("a classic")
    );
    regular.host.answer(":lol:").answer("fine");
    assert_eq!(
        regular.on_context(dry(), stream()).unwrap().text(),
        Some("fine")
    );
}

#[test]
fn a_model_that_forgets_emotes_is_helped() {
    let cases = [
        ("Emotes often: :wow: :eyes:.", 15..40),
        ("Emotes rarely.", 0..1),
        ("no emotes", 0..1),
    ];
    for (style, wanted) in cases {
        let mut regular = Harness::<Regular>::new();
        let with_emotes = (0..60u64).filter(|&i| {
            regular.host.answer(&format!("this is line number {i}"));
            let turn = turn().profile(styled(style)).seed(i).speak();
            let said = regular.on_context(turn, stream()).unwrap();
            said.text().is_some_and(|text| text.contains(":eyes:"))
        });
        let count = with_emotes.count();
        assert!(wanted.contains(&count), "{style}: {count} of 60");
    }
}

#[test]
fn a_line_too_long_for_the_style_is_asked_for_again() {
    let mut regular = Harness::<Regular>::new();
    let brief = || turn().profile(styled("One to three words.")).speak();
    let essay = "the dragon is coming and it looks like a very large dragon";
    regular.host.answer(essay).answer("big boy");
    let said = regular.on_context(brief(), stream()).unwrap();
    assert_eq!(said.text(), Some("big boy"));
    assert!(regular.host.latest_prompt().contains("Much shorter"));
    regular.host.answer(essay).answer(essay);
    let called = regular.on_context(brief(), stream()).unwrap();
    assert_eq!(
        called.silent_because.as_deref(),
        Some("too long for its style")
    );
}

#[test]
fn asks_for_as_many_tokens_as_the_style_needs() {
    let asked = |style: &str| {
        let mut regular = Harness::<Regular>::new();
        regular.host.answer("ok");
        let turn = turn().profile(styled(style)).speak();
        regular.on_context(turn, stream()).unwrap();
        regular.host.requests[0].max_tokens
    };
    assert_eq!(asked("One to three words."), 28);
    assert_eq!(asked("eight to twenty words"), 96);
}

#[test]
fn one_word_may_come_again_and_an_emote_at_once() {
    let mut regular = Harness::<Regular>::new();
    let mut say = |answers: &[&str]| {
        for answer in answers {
            regular.host.answer(answer);
        }
        let said = regular.on_context(turn().speak(), stream()).unwrap();
        said.text().map(str::to_owned)
    };
    let sentence = "one of those days";
    for line in [
        "nice",
        sentence,
        "wait what",
        "no no no no",
        "the tail",
        "oh come on now",
    ] {
        assert_eq!(say(&[line]).as_deref(), Some(line));
    }
    assert_eq!(say(&["nice"]).as_deref(), Some("nice"), "six lines ago");
    assert_eq!(say(&[sentence, "or not"]).as_deref(), Some("or not"));
    for emote in [":lol:", ":wow:", ":lol:"] {
        assert_eq!(say(&[emote]).as_deref(), Some(emote));
    }
}
