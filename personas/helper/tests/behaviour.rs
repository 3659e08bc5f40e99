//! What the helper does, call by call.

use helper::Helper;
use persona_sdk::{
    ChatMessage, Fate, Profile, StreamContext, llm,
    memory::{Kind, NewEntry},
    testkit::{
        Called, Harness, NOW, TurnBuilder, context, message, persona_message, profile, turn,
    },
};

const MINUTE: u64 = 60_000;

fn pip() -> TurnBuilder {
    turn().profile(Profile {
        style:
            "Friendly and clear: four to fourteen words, lowercase. Emotes rarely: :wave: :heart:."
                .into(),
        ..profile("pip")
    })
}

fn stream() -> StreamContext {
    context()
        .said("There are nine screws in this lid.")
        .said("This little monster is my cat, she is called Biscotto.")
        .said("The Brontolo was built by two brothers in Turin.")
        .build()
}

/// A helper that has seen the stream.
fn watched() -> Harness<Helper> {
    let mut helper = Harness::new();
    helper
        .on_context(pip(), stream())
        .expect("it keeps to the rules");
    helper
}

fn at(minutes: u64, name: &str, text: &str) -> ChatMessage {
    let mut message = message(name, text);
    message.sent_at = NOW + minutes * MINUTE;
    message
}

/// Somebody asks, and the host wants an answer.
fn asked(helper: &mut Harness<Helper>, message: &ChatMessage) -> Called {
    let turn = pip().now(message.sent_at).answer(message);
    helper
        .on_firehose(turn, std::slice::from_ref(message))
        .expect("it keeps to the rules")
}

/// Somebody asks, and others may answer.
fn heard(helper: &mut Harness<Helper>, message: &ChatMessage) {
    let turn = pip().now(message.sent_at);
    let called = helper
        .on_firehose(turn, std::slice::from_ref(message))
        .expect("it keeps to the rules");
    assert_eq!(called.text(), None);
}

#[test]
fn answers_from_what_was_said_minutes_ago() {
    let mut helper = watched();
    helper.host.answer("nine screws in the lid");
    let ana = at(7, "Ana", "how many screws are there?");
    let said = asked(&mut helper, &ana);
    assert_eq!(said.text(), Some("nine screws in the lid"));
    assert_eq!(said.reply_to(), Some(ana.id.as_str()));
    let prompt = helper.host.latest_prompt();
    assert!(
        prompt.contains("There are nine screws in this lid. This little monster is my cat, she is called Biscotto. (said on the stream, 7 min ago)"),
        "{prompt}"
    );
    assert!(
        prompt.contains("## Answer this\n<<<\nAna: how many screws are there?\n>>>"),
        "{prompt}"
    );
}

#[test]
fn quotes_the_stream_when_the_model_is_no_help() {
    let question = "what's the name of the cat?";
    let quoted = "This little monster is my cat, she is called Biscotto (said 7 min ago)";
    type Script = fn(&mut Harness<Helper>);
    let cases: [(&str, Script); 6] = [
        ("is silent", |helper| {
            helper.host.fail(llm::Error::Busy);
        }),
        ("invents", |helper| {
            helper.host.answer("the cat is called Mochi");
        }),
        ("chatters", |helper| {
            helper.host.answer("what a lovely day to be here");
        }),
        ("doesn't see it", |helper| {
            helper.host.answer("not said yet");
        }),
        ("copies", |helper| {
            helper
                .host
                .answer("she is called biscotto. (said on the stream, 7 min ago), i think");
        }),
        ("goes on and on", |helper| {
            helper.host.answer(&"the cat called Biscotto ".repeat(10));
        }),
    ];
    for (model, script) in cases {
        let mut helper = watched();
        script(&mut helper);
        let said = asked(&mut helper, &at(7, "Ana", question));
        assert_eq!(said.text(), Some(quoted), "a model that {model}");
    }
}

#[test]
fn says_what_the_stream_is_about() {
    for (model, wanted) in [
        (Some("a lid with nine screws"), "a lid with nine screws"),
        (
            Some("a football match"),
            "so far: The Brontolo was built by two brothers in Turin",
        ),
        (
            None,
            "so far: The Brontolo was built by two brothers in Turin",
        ),
    ] {
        let mut helper = watched();
        match model {
            Some(line) => helper.host.answer(line),
            None => helper.host.fail(llm::Error::Busy),
        };
        let said = asked(&mut helper, &at(1, "Ana", "pip what is this stream about?"));
        assert_eq!(said.text(), Some(wanted), "{model:?}");
    }
    let mut helper = Harness::<Helper>::new();
    let said = asked(&mut helper, &at(1, "Ana", "pip what is this stream about?"));
    assert!(
        !said.text().unwrap_or_default().contains("about "),
        "nothing was heard"
    );
}

#[test]
fn says_so_when_nobody_has_said_it() {
    for question in ["where is the oscilloscope?", "how many cats are there?"] {
        let mut helper = watched();
        helper.host.answer("on the third shelf, I think");
        let said = asked(&mut helper, &at(1, "Ana", question));
        let text = said.text().unwrap();
        assert!(
            ["yet", "so far", "listening"]
                .iter()
                .any(|words| text.contains(words)),
            "{question}: {text}"
        );
    }
}

#[test]
fn the_second_to_ask_is_told_who_was_first() {
    let mut helper = watched();
    helper.host.answer("nine screws in the lid");
    asked(&mut helper, &at(2, "Ana", "how many screws?"));
    let said = asked(&mut helper, &at(6, "Bo", "pip how many screws are there"));
    assert_eq!(
        said.text(),
        Some("Ana asked that 4 min ago: nine screws in the lid")
    );
    assert_eq!(helper.host.requests.len(), 1, "without the model");
    let said = asked(&mut helper, &at(8, "Ana", "wait how many screws?"));
    assert_eq!(
        said.text(),
        Some("you asked that 6 min ago: nine screws in the lid")
    );
}

#[test]
fn comes_back_when_the_stream_says_it() {
    let mut helper = watched();
    let ana = at(1, "Ana", "how many volts does the power supply give?");
    asked(&mut helper, &ana);
    let said = asked(
        &mut helper,
        &at(2, "Bo", "how many volts is the power supply giving?"),
    );
    assert_eq!(said.text(), Some("Ana asked that too, nobody said yet"));
    let later = |text: &str, minutes: u64| {
        let stream = context().position(minutes * MINUTE).said(text).build();
        (pip().now(NOW + minutes * MINUTE), stream)
    };
    let (turn, near) = later("The power supply gives nothing at all.", 3);
    assert_eq!(
        helper.on_context(turn, near).unwrap().text(),
        None,
        "no number"
    );
    let (turn, asks) = later("Does the power supply give twelve volts?", 4);
    assert_eq!(
        helper.on_context(turn, asks).unwrap().text(),
        None,
        "a question"
    );
    let (turn, answers) = later("So the power supply gives twelve volts now.", 5);
    let said = helper.on_context(turn, answers).unwrap();
    let line = "@Ana @Bo about your question: So the power supply gives twelve volts now";
    assert_eq!(
        (said.text(), said.reply_to()),
        (Some(line), Some(ana.id.as_str()))
    );
    // The host says that it was said.
    let turn = pip().now(NOW + 9 * MINUTE).fate(line, Fate::Accepted);
    assert_eq!(helper.on_context(turn, context()).unwrap().text(), None);
    let said = asked(
        &mut helper,
        &at(10, "Cy", "how many volts does the power supply give"),
    );
    assert_eq!(
        said.text(),
        Some("Ana asked that 9 min ago: So the power supply gives twelve volts now")
    );
}

#[test]
fn tries_again_if_its_line_was_refused() {
    let mut helper = watched();
    asked(
        &mut helper,
        &at(1, "Ana", "how many volts does the power supply give?"),
    );
    let stream = || {
        context()
            .position(3 * MINUTE)
            .said("The power supply gives twelve volts.")
    };
    let mut tell = |seconds: u64| {
        let turn = pip().now(NOW + 3 * MINUTE + seconds * 1000);
        helper.on_context(turn, stream()).unwrap().text().is_some()
    };
    assert_eq!(
        [tell(0), tell(10), tell(40), tell(45)],
        [true, false, true, false]
    );
}

#[test]
fn whoever_was_not_told_to_wait_is_not_bothered() {
    let mut helper = watched();
    heard(
        &mut helper,
        &at(1, "Ana", "how many volts does the power supply give?"),
    );
    let stream = context()
        .position(3 * MINUTE)
        .said("The power supply gives twelve volts.");
    let called = helper
        .on_context(pip().now(NOW + 3 * MINUTE), stream)
        .unwrap();
    assert_eq!(called.text(), None);
}

#[test]
fn knows_who_asked_what_without_the_model() {
    let mut helper = watched();
    heard(
        &mut helper,
        &at(1, "Ana", "where does the jam jar come from?"),
    );
    heard(&mut helper, &at(2, "Bo", "why is it called Brontolo?"));
    heard(&mut helper, &at(3, "Cy", "pip is great"));
    let cases = [
        (
            "Di",
            "pip who asked about the jar?",
            "Ana asked 4 min ago: \"where does the jam jar come from?\", still open",
        ),
        (
            "Di",
            "did anyone ask about the name Brontolo",
            "Bo asked 3 min ago: \"why is it called Brontolo?\", still open",
        ),
        (
            "Ana",
            "pip what did i ask?",
            "you asked 4 min ago: \"where does the jam jar come from?\", still open",
        ),
        (
            "Cy",
            "pip what did i ask?",
            "nothing so far, as far as i know",
        ),
        (
            "Di",
            "who asked about the dragon?",
            "nobody did, as far as i know",
        ),
    ];
    for (name, text, wanted) in cases {
        assert_eq!(
            asked(&mut helper, &at(5, name, text)).text(),
            Some(wanted),
            "{name}: {text}"
        );
    }
    assert!(helper.host.requests.is_empty());
}

#[test]
fn a_persons_reply_is_an_answer_too() {
    let mut helper = watched();
    let ana = at(1, "Ana", "where does the jam jar come from?");
    heard(&mut helper, &ana);
    let mut bot = persona_message("professor", "from the moon");
    let mut bo = at(2, "Bo", "his grandma");
    for reply in [&mut bot, &mut bo] {
        reply.reply_to = Some(ana.id.clone());
    }
    heard(&mut helper, &bot);
    heard(&mut helper, &bo);
    let said = asked(&mut helper, &at(5, "Cy", "where is the jam jar from?"));
    assert_eq!(
        said.text(),
        Some("Ana asked that 4 min ago: Bo said: his grandma")
    );
}

#[test]
fn questions_outlive_the_session() {
    let mut helper = watched();
    helper.host.answer("nine screws in the lid");
    let ana = at(1, "Ana", "how many screws are in the lid?");
    asked(&mut helper, &ana);
    let remembered: Vec<_> = helper
        .host
        .remembered
        .iter()
        .map(|entry| entry.text.as_str())
        .collect();
    assert_eq!(
        remembered,
        [
            "Ana asked: how many screws are in the lid?",
            "Ana asked: how many screws are in the lid? — answer: nine screws in the lid"
        ]
    );
    assert!(helper.host.remembered.iter().all(|entry| {
        entry.kind == Kind::PersonaNote
            && entry.about.as_deref() == Some("guest:ana")
            && entry.source.as_deref() == Some(&ana.id)
    }));
    // A new session: the state is gone, the memory is not.
    let mut next = Harness::<Helper>::new();
    next.host.memories.clone_from(&helper.host.memories);
    let said = asked(&mut next, &at(9, "Ana", "pip what did i ask?"));
    assert!(
        said.text()
            .unwrap()
            .starts_with("last time you asked: how many screws"),
        "{said:?}"
    );
    let said = asked(&mut next, &at(9, "Bo", "how many screws are in the lid"));
    assert_eq!(
        said.text(),
        Some("nine screws in the lid, that came up before")
    );
}

#[test]
fn tells_what_was_missed() {
    let mut helper = watched();
    let said = asked(&mut helper, &at(4, "Ana", "hi what did i miss?"));
    let text = said.text().unwrap();
    assert!(
        text.starts_with("in short: ") && text.contains("Brontolo was built"),
        "{text}"
    );
    helper
        .host
        .answer("the cat is called Biscotto, and nine screws are in the lid");
    let said = asked(&mut helper, &at(5, "Bo", "recap pls"));
    assert_eq!(
        said.text(),
        Some("the cat is called Biscotto, and nine screws are in the lid")
    );
    let late = asked(&mut helper, &at(50, "Cy", "what did i miss?"));
    assert_eq!(late.text(), Some("nothing much yet, you're right on time"));
}

#[test]
fn small_talk_needs_no_model() {
    let mut helper = Harness::<Helper>::new();
    let cases = [
        ("hi pip", "Ana"),
        ("thanks pip", ""),
        ("pip are you a bot?", "i'm an AI"),
    ];
    for (text, part) in cases {
        let said = asked(&mut helper, &at(1, "Ana", text));
        assert!(said.text().unwrap().contains(part), "{text}: {said:?}");
    }
    assert!(helper.host.requests.is_empty());
    helper.host.answer("you too");
    assert_eq!(
        asked(&mut helper, &at(1, "Ana", "pip you are great")).text(),
        Some("you too")
    );
}

#[test]
fn asked_about_itself_it_says_nothing_of_the_stream() {
    let mut helper = watched();
    helper.host.answer("green, like the stamps");
    let said = asked(
        &mut helper,
        &at(1, "Ana", "pip what's your favourite colour?"),
    );
    assert_eq!(said.text(), Some("green, like the stamps"));
    let said = asked(&mut helper, &at(1, "Ana", "pip how old are you?"));
    assert!(
        said.text().is_some_and(|text| !text.contains("yet")),
        "{said:?}"
    );
}

#[test]
fn speaks_only_to_whoever_asks() {
    let mut helper = watched();
    let called = helper.on_context(pip().speak(), stream()).unwrap();
    assert_eq!(called.silent_because.as_deref(), Some("nobody asks"));
    let talk = [
        message("Ana", "what a jump"),
        persona_message("nova", "clip it?"),
    ];
    let called = helper.on_firehose(pip().speak(), &talk).unwrap();
    assert_eq!(called.silent_because.as_deref(), Some("nobody asks"));
    let called = helper
        .on_firehose(pip(), &[message("Ana", "how many screws?")])
        .unwrap();
    assert_eq!(
        called.silent_because.as_deref(),
        Some("no impulse to speak")
    );
}

#[test]
fn answers_once() {
    let mut helper = watched();
    let ana = at(1, "Ana", "how many screws?");
    assert!(asked(&mut helper, &ana).text().is_some());
    let again = helper
        .on_context(pip().now(NOW + MINUTE).answer(&ana), stream())
        .unwrap();
    assert_eq!(again.text(), None);
}

#[test]
fn goes_on_without_its_memory() {
    let mut helper = watched();
    let down = persona_sdk::memory::Error::Unavailable("down".into());
    helper.host.break_memory(down);
    let said = asked(&mut helper, &at(1, "Ana", "how many screws?"));
    assert!(
        said.text().unwrap().starts_with("There are nine screws"),
        "{said:?}"
    );
}

#[test]
fn what_others_had_remembered_is_no_answer_by_itself() {
    let mut helper = Harness::<Helper>::new();
    let noted = "Bo asked: how many screws are in the lid?";
    helper
        .host
        .knows(NewEntry::new(Kind::PersonaNote, noted).about("guest:bo"));
    let said = asked(
        &mut helper,
        &at(1, "Ana", "how many screws are in the lid?"),
    );
    assert!(!said.text().unwrap().contains("Bo asked"), "{said:?}");
}

/// A busy evening, with all that people write: state stays below the host's 64 KiB.
#[test]
fn state_stays_bounded_and_the_rules_are_kept() {
    let nasty = ["\u{202e}?", "a\nb?", "?", "💀💀?", "", "who asked?"];
    // Of one byte a letter and of four, with spaces and without.
    for (filler, name) in [("word ", "viewer"), ("😀😀😀 ", "😀"), ("語", "語語語")] {
        let mut helper = Harness::<Helper>::new();
        for i in 0..35u64 {
            let now = NOW + i * 7_000;
            let more = filler.repeat(60);
            let stream = (0..4).fold(context().position(i * 16_000), |stream, j| {
                stream.said(&format!(
                    "So part number {i} of box {j} is called Thing{i}x{j} {more}"
                ))
            });
            let turn = pip().now(now).max_line_chars(80);
            helper.on_context(turn, stream).unwrap();
            for asker in 0..4 {
                let text = match nasty.get(usize::try_from(i % 12).unwrap()) {
                    Some(text) => format!("{text} thing{i}x1?"),
                    None => format!("where is the socket{i} of the gearbox{i} kept? {more}"),
                };
                let name = format!("{} {i} {asker}", name.repeat(12));
                let mut message = message(&name, &text);
                message.author.id = format!("guest:{}-{i}-{asker}", "a".repeat(80));
                message.sent_at = now;
                let turn = pip().now(now).max_line_chars(80).answer(&message);
                helper.on_firehose(turn, &[message]).unwrap();
            }
        }
        let bytes = helper.state.as_ref().unwrap().bytes.len();
        assert!(bytes < 60_000, "{filler}: {bytes} bytes");
    }
}
