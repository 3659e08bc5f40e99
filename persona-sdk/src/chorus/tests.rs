use super::*;
use crate::testkit::{NOW, TurnBuilder, context, message, persona_message, profile, turn};
use crate::types::Profile;

fn said(seconds_ago: u64, name: &str, text: &str) -> ChatMessage {
    let mut message = message(name, text);
    message.sent_at = NOW - seconds_ago * 1000;
    message
}

fn eager() -> TurnBuilder {
    turn().trait_value("conformity", 1.0)
}

/// What the most conforming of all comes to in these seeds.
fn joined(recent: &[ChatMessage], event: Option<&str>) -> Option<String> {
    (0..40).find_map(|seed| {
        let turn = eager().seed(seed).recent(recent).build();
        let mut chorus = Chorus::default();
        if let Some(kind) = event {
            chorus.watch(
                &turn,
                &context().position(60_000).event("e1", kind, "x").build(),
            );
            // It happened a few seconds ago.
            if let Some(moment) = &mut chorus.moment {
                moment.at -= 10_000;
            }
        }
        chorus.join(&turn, &Style::read(""), ["left"])
    })
}

/// Who said what how many seconds ago, and what comes of it.
type Wave<'a> = (&'a [(u64, &'a str, &'a str)], Option<&'a str>);

#[test]
fn several_who_say_the_same_are_a_wave() {
    let cases: [Wave<'_>; 9] = [
        (&[(5, "Ana", "GG"), (3, "Bo", "gg!")], Some("gg!")),
        (&[(5, "Ana", ":hype:"), (3, "Bo", ":hype:")], Some(":hype:")),
        (&[(5, "Ana", "left"), (3, "Bo", "LEFT")], Some("LEFT")),
        (&[(5, "Ana", "GG"), (3, "Ana", "gg!")], None),
        (&[(5, "Ana", "GG")], None),
        (&[(25, "Ana", "GG"), (3, "Bo", "gg")], None),
        (&[(5, "Ana", "i love it"), (3, "Bo", "i love it")], None),
        (&[(5, "Ana", "go bo"), (3, "Bo", "go bo")], None),
        (&[(5, "Ana", "x.com"), (3, "Bo", "x.com")], None),
    ];
    for (lines, wanted) in cases {
        let recent: Vec<_> = lines
            .iter()
            .map(|(ago, name, text)| said(*ago, name, text))
            .collect();
        assert_eq!(joined(&recent, None).as_deref(), wanted, "{lines:?}");
    }
}

#[test]
fn after_something_happened_one_reaction_is_enough() {
    for kind in ["hype", "fail", "laughter", "stream_start"] {
        assert_eq!(
            joined(&[said(3, "Ana", "nooo")], Some(kind)).as_deref(),
            Some("nooo"),
            "{kind}"
        );
    }
    let none = [
        (said(3, "Ana", "nooo"), "topic_change"),
        (said(3, "Ana", "left"), "hype"),
        (said(3, "Ana", "what a lovely day"), "hype"),
        (said(12, "Ana", "nooo"), "hype"),
    ];
    for (line, kind) in none {
        assert_eq!(
            joined(std::slice::from_ref(&line), Some(kind)),
            None,
            "{kind}: {}",
            line.text
        );
    }
}

#[test]
fn once_a_wave_and_never_its_own_line() {
    let wave = [said(5, "Ana", "GG"), said(3, "Bo", "gg")];
    let mut chorus = Chorus::default();
    let join = |chorus: &mut Chorus, recent: &[ChatMessage], now| {
        let turn = eager().recent(recent).now(now).seed(2).build();
        chorus.join(&turn, &Style::read(""), [])
    };
    assert!(join(&mut chorus, &wave, NOW).is_some());
    assert_eq!(join(&mut chorus, &wave, NOW + 1000), None);
    let again: Vec<_> = wave
        .iter()
        .cloned()
        .map(|mut message| {
            message.sent_at += OVER_MS;
            message
        })
        .collect();
    assert!(
        join(&mut chorus, &again, NOW + OVER_MS).is_some(),
        "another wave"
    );
    let mine = [wave.as_slice(), &[persona_message("nova", "gg")]].concat();
    assert_eq!(join(&mut Chorus::default(), &mine, NOW), None);
}

#[test]
fn what_moderation_dropped_is_not_repeated() {
    let wave = [said(5, "Ana", "GG"), said(3, "Bo", "gg")];
    for seed in 0..20 {
        let turn = eager()
            .seed(seed)
            .recent(&wave)
            .fate("gg", Fate::Dropped("x".into()))
            .build();
        assert_eq!(Chorus::default().join(&turn, &Style::read(""), []), None);
    }
}

#[test]
fn the_more_conformity_the_surer() {
    let wave = [said(5, "Ana", "GG"), said(3, "Bo", "gg")];
    let share = |conformity: f64| {
        let joins = (0..400).filter(|&seed| {
            let turn = turn()
                .trait_value("conformity", conformity)
                .recent(&wave)
                .seed(seed)
                .build();
            Chorus::default()
                .join(&turn, &Style::read(""), [])
                .is_some()
        });
        joins.count()
    };
    assert_eq!(share(0.0), 0);
    let (some, many) = (share(0.2), share(0.8));
    assert!(
        (80..160).contains(&some) && many > 340,
        "{some} and {many} of 400"
    );
}

/// A character of the crowd: how much it conforms, how excitable it is, how it writes, what it says.
type Character = (
    &'static str,
    f64,
    f64,
    &'static str,
    &'static [&'static str],
);

/// Half of what they say of themselves is a common reaction, half is their own.
const CROWD: [Character; 8] = [
    (
        "nova",
        0.75,
        0.97,
        "CAPS when excited. Emotes all the time",
        &["LETS GOOO", "YESSS :hype:", "clip it", "W"],
    ),
    (
        "mika",
        0.85,
        0.85,
        "lowercase. Emotes a lot",
        &["omg", "bruh", "wait how did u", ":wow:"],
    ),
    (
        "bubbles",
        0.8,
        0.85,
        "Only emotes",
        &[":wow:", ":hype: :hype:", ":lol:"],
    ),
    (
        "dee",
        0.6,
        0.9,
        "Emotes often",
        &["it's over", "WE ARE SO BACK", "i can't watch", ":rip:"],
    ),
    (
        "turbo",
        0.35,
        0.6,
        "lowercase",
        &["told u", "go left next", "no way", "take the big one"],
    ),
    (
        "juno",
        0.5,
        0.45,
        "",
        &["oh well done you", "haha :heart:", "that was lovely"],
    ),
    (
        "gus",
        0.3,
        0.4,
        "",
        &["I'll see myself out.", "Well that resonates."],
    ),
    (
        "professor",
        0.0,
        0.2,
        "no emotes",
        &["That is what a capacitor does, is it not?"],
    ),
];

struct Room {
    recent: Vec<ChatMessage>,
    state: Vec<Chorus>,
    now: u64,
    lines: usize,
    repeats: usize,
}

impl Room {
    /// One says something; `stream` is what is on.
    fn speak(&mut self, who: usize, seed: u64, stream: &StreamContext) {
        let (id, conformity, _, style, own) = CROWD[who];
        let profile = Profile {
            style: style.into(),
            ..profile(id)
        };
        let turn = turn()
            .profile(profile)
            .trait_value("conformity", conformity)
            .now(self.now)
            .seed(seed)
            .recent(&self.recent)
            .build();
        let mut rng = turn.rng();
        self.state[who].watch(&turn, stream);
        let style = Style::of(&turn.profile);
        let text = self.state[who]
            .join(&turn, &style, [])
            .unwrap_or_else(|| (*rng.pick(own).unwrap()).to_owned());
        let mut message = persona_message(id, &text);
        message.sent_at = self.now;
        self.lines += 1;
        let repeats = self.recent.iter().any(|other| {
            other.author.id != message.author.id
                && self.now - other.sent_at <= 30_000
                && print(&other.text) == print(&text)
        });
        self.repeats += usize::from(repeats);
        self.recent.push(message);
        let excess = self.recent.len().saturating_sub(30);
        self.recent.drain(..excess);
    }
}

/// The crowd for an evening: in the quarter of a minute after something happened, and in between.
#[test]
fn about_a_third_repeat_in_a_moment_and_few_in_between() {
    let mut rng = Rng::new(3);
    let room = || Room {
        recent: Vec::new(),
        state: vec![Chorus::default(); CROWD.len()],
        now: NOW,
        lines: 0,
        repeats: 0,
    };
    let (mut loud, mut calm) = (room(), room());
    for round in 0..300u64 {
        loud.now += 60_000;
        let stream = context().event(&format!("e{round}"), "hype", "x");
        let happened = loud.now;
        for (who, (.., excitability, _, _)) in CROWD.iter().enumerate() {
            if rng.chance(*excitability) {
                loud.now += 500 + rng.below(2500) as u64;
                let stream = stream.clone().position(loud.now - happened).build();
                loud.speak(who, rng.next_u64(), &stream);
            }
        }
        calm.now += 9_000;
        calm.speak(rng.below(CROWD.len()), rng.next_u64(), &context().build());
    }
    let share = |room: &Room| room.repeats * 100 / room.lines;
    assert!(
        (25..=45).contains(&share(&loud)),
        "{} % of {}",
        share(&loud),
        loud.lines
    );
    assert!(share(&calm) <= 8, "{} % of {}", share(&calm), calm.lines);
}
