//! The generator over a long simulated stream: what is promised of its lines as a whole.

use super::*;
use answers::PLAIN;
use chatter_protocol::llm::{Message, Role};
use std::collections::{HashSet, VecDeque};
use text::{contains_term, lower_words};

mod answers;

/// What is said on the simulated stream, line by line.
const STREAM: &str = include_str!("testdata/stream.txt");

/// The lines of the transcript that are visible at a time: about a minute.
const WINDOW: usize = 8;

const EMOTES: &str = "Emotes: :hype: excitement, let's go; :lol: laughing out loud; :rip: it's over, a gravestone; \
    :what: confused; :eyes: watching closely; :heart: love; :sweat: nervous, tense; :wow: amazement\n";

struct Spoken {
    line: String,
    persona: usize,
}

fn request(system: &str, user: String) -> Request {
    let message = |role, content: String| Message { role, content };
    Request {
        messages: vec![
            message(Role::System, system.into()),
            message(Role::User, user),
        ],
        max_tokens: 120,
        temperature: 0.9,
        json_schema: None,
    }
}

fn section(title: &str, lines: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<String> = lines.into_iter().collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("## {title}\n<<<\n{}\n>>>\n", lines.join("\n"))
    }
}

/// None of them ships: a stranger's persona gets a voice as well.
const PERSONAS: [&str; 6] = [
    "Name: Orla\nAbout: An astronomy fan who loves details.\nStyle: lowercase, curious, no exclamation marks\nTraits: curiosity 0.9\n",
    "Name: Rex\nAbout: Hypes up everything.\nStyle: CAPS when excited, one to three words. Emotes often.\nTraits: excitability 0.9\n",
    "Name: Odile\nAbout: A retired proof-reader.\nStyle: dry, full sentences, four to twelve words, proper punctuation, no emoji, no emotes\nTraits: humour 0.8\n",
    "Name: tic\nStyle: internet slang, one to four words\nTraits: helpfulness 0.8\n",
    "Name: bob\nStyle: short. Emotes sometimes.\nTraits: warmth 0.5\n",
    "Name: blub\nStyle: Only emotes, never words: one to three of them.\nTraits: warmth 0.5\n",
];

/// Every few seconds one of the personas speaks, unasked, or to an event.
fn session(moments: usize, seed: u64) -> Vec<Spoken> {
    let said: Vec<&str> = STREAM.lines().filter(|line| !line.is_empty()).collect();
    let events = [
        "hype",
        "fail",
        "laughter",
        "silence",
        "topic change",
        "stream start",
    ];
    let mut earlier: Vec<VecDeque<String>> = vec![VecDeque::new(); PERSONAS.len()];
    let mut chat: VecDeque<String> = VecDeque::new();
    let mut spoken = Vec::new();
    for n in 0..moments {
        let at = n * said.len() / moments;
        let window = &said[at.saturating_sub(WINDOW - 1)..=at];
        let persona = [0, 1, 3, 4, 1, 2, 4, 3, 1, 5][n % 10];
        let mut user = section("Stream now", window.iter().map(|line| (*line).to_owned()));
        if n % 5 == 2 {
            let event = format!("{}: {}", events[n / 5 % events.len()], said[at]);
            user += &section("What just happened", [event]);
        }
        user += &section("Chat", chat.iter().cloned());
        user += &section("Your earlier lines", earlier[persona].iter().cloned());
        user += "## Task\nWrite your next message.\n";
        let system = format!("{}{EMOTES}", PERSONAS[persona]);
        let line = line(&request(&system, user), seed.wrapping_add(n as u64));
        let own = &mut earlier[persona];
        own.push_back(line.clone());
        own.drain(..own.len().saturating_sub(10));
        chat.push_back(format!("someone [ai]: {line}"));
        chat.drain(..chat.len().saturating_sub(20));
        spoken.push(Spoken { line, persona });
    }
    spoken
}

fn is_emote(word: &str) -> bool {
    word.len() > 2 && word.starts_with(':') && word.ends_with(':')
}

fn word_count(line: &str) -> usize {
    line.split_whitespace()
        .filter(|word| !is_emote(word))
        .count()
        .max(1)
}

#[test]
fn a_long_session_reads_like_a_chat() {
    let spoken = session(400, 11);
    for (n, Spoken { line, persona }) in spoken.iter().enumerate() {
        assert!(
            !line.trim().is_empty() && !line.contains(char::is_control),
            "{line:?}"
        );
        assert!(line.chars().count() <= 200, "{line}");
        let own = spoken[..n]
            .iter()
            .rev()
            .filter(|earlier| earlier.persona == *persona)
            .take(10);
        let repeats = own.filter(|earlier| earlier.line == *line).count();
        let emotes_only = line.split(' ').all(is_emote);
        assert!(
            repeats == 0 || emotes_only,
            "{line} within ten lines of {persona}"
        );
    }
    let share = |holds: &dyn Fn(&Spoken) -> bool| {
        spoken.iter().filter(|spoken| holds(spoken)).count() * 100 / spoken.len()
    };
    let mut lengths: Vec<usize> = spoken
        .iter()
        .map(|spoken| word_count(&spoken.line))
        .collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!((1..=3).contains(&median), "median of {median} words");
    let one = share(&|spoken| word_count(&spoken.line) == 1);
    assert!((40..=70).contains(&one), "{one}% of one word");
    let with_emote = share(&|spoken| spoken.line.split(' ').any(is_emote));
    assert!(
        (20..=45).contains(&with_emote),
        "{with_emote}% with an emote"
    );

    // distinct-n: Li et al., "A diversity-promoting objective function for neural conversation
    // models", NAACL 2016.
    let mut twos = Vec::new();
    for spoken in &spoken[..200] {
        let bare: Vec<&str> = spoken
            .line
            .split(' ')
            .filter(|word| !is_emote(word))
            .collect();
        let words = lower_words(&bare.join(" "));
        twos.extend(words.windows(2).map(|two| two.join(" ")));
    }
    let distinct = twos.iter().collect::<HashSet<_>>().len() as f64 / twos.len() as f64;
    assert!(
        distinct >= 0.85,
        "{distinct:.2} of the 2-grams are distinct"
    );
}

#[test]
fn styles_of_strangers_are_kept() {
    let spoken = session(400, 4);
    let of = |persona: usize| {
        spoken
            .iter()
            .filter(move |spoken| spoken.persona == persona)
            .map(|spoken| spoken.line.as_str())
    };
    type Holds = fn(&str) -> bool;
    let cases: [(usize, &str, Holds); 6] = [
        (0, "lowercase without exclamation marks", |line| {
            line.to_lowercase() == line && !line.contains('!')
        }),
        (1, "one to three words", |line| word_count(line) <= 5),
        (2, "no emotes", |line| !line.split(' ').any(is_emote)),
        (2, "ends with a mark", |line| {
            line.ends_with(['.', '!', '?', '"'])
        }),
        (2, "begins with a capital", |line| {
            line.chars()
                .find(|c| c.is_alphanumeric())
                .is_some_and(|c| !c.is_lowercase())
        }),
        (5, "only emotes", |line| {
            line.split(' ').all(is_emote) && line.split(' ').count() <= 3
        }),
    ];
    for (persona, what, holds) in cases {
        let broken: Vec<_> = of(persona).filter(|line| !holds(line)).collect();
        assert!(broken.is_empty(), "{what}: {broken:?}");
    }
    let shouted = of(1)
        .filter(|line| line.chars().any(char::is_uppercase))
        .count();
    assert!(
        shouted * 10 > of(1).count(),
        "Rex shouts {shouted} of {}",
        of(1).count()
    );
}

#[test]
fn the_same_seed_gives_the_same_line() {
    let lines = |seed| {
        session(60, seed)
            .into_iter()
            .map(|spoken| spoken.line)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(3), lines(3));
    let (one, other) = (lines(3), lines(5));
    let same = one
        .iter()
        .zip(&other)
        .filter(|(one, other)| one == other)
        .count();
    assert!(
        same < 15,
        "{same} of 60 lines are the same with another seed"
    );
}

#[test]
fn any_prompt_gives_a_line() {
    let mut zalgo = String::from("a\u{301}\u{302} \u{202e} 🦀🦀 ñ \u{0} \"'`<>{}[]()|@ İ ß ");
    zalgo.push_str(&"x".repeat(5_000));
    let user = |content: &str| Request {
        messages: vec![Message {
            role: Role::User,
            content: content.into(),
        }],
        ..request("", String::new())
    };
    let requests = [
        Request {
            messages: vec![],
            ..request("", String::new())
        },
        request("", String::new()),
        user("?"),
        user("Write a haiku about the sea."),
        user("## Keywords\n<<<\n, ,, \n>>>\n## Answer this\n<<<\n: \n>>>"),
        user("## What just happened\n<<<\n\n>>>\n## Chat\n<<<\n[ai]: \n>>>"),
        user(
            "## Stream now\n<<<\n[ ( ] é{any} {x İİ 1. 2 \"\n>>>\n## Answer this\n<<<\na: where or when or {place}?\n>>>",
        ),
        user(&zalgo),
        user(&format!(
            "## Answer this\n<<<\n{zalgo}: {zalgo} or {zalgo}?\n>>>"
        )),
        request(
            &format!(
                "Name: {zalgo}\nStyle: {zalgo}\nTraits: a NaN, b inf, , c -1\nEmotes: :: x; :a:; {zalgo}\n"
            ),
            zalgo.clone(),
        ),
    ];
    for request in requests {
        for seed in 0..20 {
            let line = line(&request, seed);
            assert!(
                !line.trim().is_empty() && !line.contains(char::is_control),
                "{line:?}"
            );
            assert!(line.chars().count() <= 200, "{line}");
        }
    }
}

#[tokio::test]
async fn completions_say_where_they_come_from_and_keep_to_their_bound() {
    let model = Offline::new();
    let asked = request(
        PLAIN,
        section(
            "Stream now",
            ["The lighthouse keeper paints the lighthouse.".to_owned()],
        ),
    );
    for max_tokens in [1, 2, 3, 5, 8, 60] {
        let asked = Request {
            max_tokens,
            ..asked.clone()
        };
        let completion = model.answer(&asked, 1).unwrap();
        assert!(completion.output_tokens <= max_tokens, "{completion:?}");
        assert_eq!(completion.model, "offline");
        assert!(completion.input_tokens > 10);
    }
    assert!(model.about().offline);

    let none = Request {
        max_tokens: 0,
        ..asked.clone()
    };
    assert!(matches!(model.answer(&none, 1), Err(Error::Refused(_))));

    let schema =
        r#"{"type":"object","properties":{"notes":{"type":"array"}},"required":["notes"]}"#;
    let form = Request {
        json_schema: Some(schema.into()),
        ..asked.clone()
    };
    assert_eq!(model.answer(&form, 1).unwrap().text, r#"{"notes":[]}"#);
    let tight = Request {
        max_tokens: 1,
        ..form
    };
    assert!(matches!(model.answer(&tight, 1), Err(Error::Refused(_))));
}
