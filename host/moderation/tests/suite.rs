//! What the words of the shipped policy, at its strictest, catch and leave alone. How many of each is
//! printed: `cargo test -p chatter-moderation --test suite -- --nocapture`.

use chatter_moderation::{Moderator, PersonaLines, Verdict};
use chatter_protocol::{AuthorKind, ModerationPolicy, Schematic, moderation::Action};
use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn shipped() -> ModerationPolicy {
    let text = fs::read_to_string(root().join("configs/moderation/default.toml"));
    let value = toml::from_str(&text.expect("the shipped policy is there"));
    ModerationPolicy::from_value(value.expect("it is TOML")).expect("it obeys its schema")
}

/// The shipped policy with everything on.
fn strictest() -> ModerationPolicy {
    let mut policy = shipped();
    policy.level = 4;
    policy.links.action = Action::Drop;
    policy
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
}

fn judge(moderator: &Moderator, text: &str) -> Verdict {
    moderator.judge(text, AuthorKind::Viewer)
}

#[test]
fn evasions_are_caught() {
    let moderator = Moderator::new(&strictest());
    let (mut caught, mut all, mut wrong) = (0, 0, Vec::new());
    for line in lines(include_str!("suite/evasions.txt")) {
        let (text, gets_through) = match line.strip_suffix(" ~") {
            Some(text) => (text, true),
            None => (line, false),
        };
        all += 1;
        let is_caught = !judge(&moderator, text).is_allowed();
        caught += usize::from(is_caught);
        if is_caught == gets_through {
            wrong.push(line);
        }
    }
    println!("evasions: {caught} of {all} caught");
    assert!(wrong.is_empty(), "not as the table says: {wrong:#?}");
}

/// Lines that are caught at the strictest level and mean no harm: of games, series and songs, a compound whose
/// first part is the end of a phrase, words of another language, and what is written as a word in
/// disguise is. None is as shipped.
const KNOWN_AT_THE_STRICTEST: &[&str] = &[
    "go die-cast models",
    "ok i go die to the boss again",
    "the white power ranger was the best one",
    "cum on feel the noize is a banger",
    "Ass im Ärmel",
    "det var digg ass",
    "désolé je suis en retard",
    "encore du retard",
    "les retards du train, toujours",
    "el tren porta retard avui",
    "är det slut nu?",
    "till slut vann vi",
    "slut på streamen",
    "ok slut för idag",
    "det er slut nu",
    "chủ thớt ơi",
    "anh ấy thốt lên",
    "hey thớt, ok thớt",
    "le dieu Thot",
    "o gene existe no homo sapiens",
    "the A55 is closed today",
    "my phone is a galaxy a55",
];

#[test]
fn ordinary_lines_are_left_alone() {
    let ordinary: Vec<&str> = lines(include_str!("suite/clean.txt")).collect();
    assert!(ordinary.len() > 500, "{}", ordinary.len());
    // What the offline model says, and the demo's commentary. It swears mildly, which the strictest
    // level minds.
    let corpus = fs::read_dir(root().join("host/llm/src/offline/corpus")).unwrap();
    let mut texts: Vec<String> = corpus
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    texts.push(fs::read_to_string(root().join("configs/streams/synth-rescue.vtt")).unwrap());
    let shipped_lines: Vec<&str> = texts
        .iter()
        .flat_map(|text| lines(text))
        .filter(|line| !line.contains("-->"))
        .flat_map(|line| line.split(" / "))
        .collect();
    let hits = |policy: &ModerationPolicy, lines: &[&str]| -> Vec<String> {
        let moderator = Moderator::new(policy);
        let caught = lines
            .iter()
            .filter(|line| !judge(&moderator, line).is_allowed());
        caught.map(|line| (*line).to_owned()).collect()
    };
    let as_shipped = hits(&shipped(), &ordinary);
    let at_the_strictest = hits(&strictest(), &ordinary);
    let of_the_corpora = hits(&shipped(), &shipped_lines);
    println!(
        "ordinary lines: {}; hit as shipped {}, at the strictest {}; of {} shipped phrases {}",
        ordinary.len(),
        as_shipped.len(),
        at_the_strictest.len(),
        shipped_lines.len(),
        of_the_corpora.len()
    );
    assert!(as_shipped.is_empty(), "{as_shipped:#?}");
    let mut known = KNOWN_AT_THE_STRICTEST.to_vec();
    known.sort_unstable();
    let mut at_the_strictest = at_the_strictest;
    at_the_strictest.sort_unstable();
    assert_eq!(at_the_strictest, known);
    assert!(of_the_corpora.is_empty(), "{of_the_corpora:#?}");
}

/// What is moved to a higher level for the sake of other languages is said in English to somebody, and caught as shipped.
#[test]
fn insults_are_caught_as_shipped() {
    let moderator = Moderator::new(&shipped());
    for line in [
        "you retard",
        "ur a r3tard lol",
        "youre such a retard",
        "he's a retard",
        "fucking retards",
        "that is so retarded",
        "you slut",
        "you’re a $lut",
        "what a thot",
        "begone thot",
        "shut up retard",
        "hey r3tard",
        "this retard again",
        "these retards",
        "those retards",
        "shut up slut",
        "hey $lut",
        "this slut",
        "those sluts",
        "that thot",
        "these thots",
        "sluts",
        "no homo bro",
        "cum on my",
    ] {
        assert!(!judge(&moderator, line).is_allowed(), "{line}");
    }
}

#[test]
fn personas_may_say_ordinary_lines() {
    let personas = PersonaLines::new(["Nova", "Pip", "Old Bea"]);
    for line in lines(include_str!("suite/clean.txt")) {
        let verdict = personas.judge(line, "Nova");
        assert!(verdict.is_allowed(), "{line}: {verdict:?}");
    }
}
