//! Lets the shipped characters watch some streams with the offline model, prints what they say, and
//! measures it: `cargo run --release -p chatter-llm --example offline_crowd -- [SEED [FOLDER]]`, with the
//! characters of another folder if one is named.
//!
//! The streams are the demo's commentary and the made-up ones in `streams`. Who speaks when
//! is a rough stand-in for the worker; what the numbers mean, docs/offline-model.md says.

mod measure;

use chatter_llm::Offline;
use chatter_protocol::llm::{Message, Request, Role};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, VecDeque},
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

/// The lines of the transcript that are in a prompt.
const WINDOW: usize = 8;

/// How many rounds of the crowd one line of a stream gives.
const ROUNDS: usize = 2;

#[derive(Deserialize)]
struct Character {
    name: String,
    bio: String,
    style: String,
    traits: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Emote {
    code: String,
    means: String,
}

struct Seat {
    character: Character,
    system: String,
    earlier: VecDeque<String>,
}

struct Line {
    kind: Option<String>,
    text: String,
}

const VIEWERS: [&str; 12] = [
    "ana: what did i miss?",
    "ben: hi all",
    "cleo: how many are left?",
    "ana: that was great",
    "dev: is it going to work?",
    "ben: lol",
    "cleo: what is that?",
    "dev: i passed my exam today!",
    "ana: where is it?",
    "ben: are you a bot?",
    "cleo: tea or coffee?",
    "dev: i'm so tired today",
];

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse())?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::args()
        .nth(2)
        .map_or_else(|| root.join("configs/personas"), Into::into);
    let mut seats = seats(&root, &folder)?;
    let mut all = Vec::new();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let model = Offline::new();
    let mut slowest = Duration::ZERO;
    let mut total = Duration::ZERO;
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/offline_crowd/streams");
    for (title, lines) in [
        (
            "synth",
            subtitles(&std::fs::read_to_string(
                root.join("configs/streams/synth-rescue.vtt"),
            )?),
        ),
        (
            "cooking",
            script(&std::fs::read_to_string(here.join("cooking.txt"))?),
        ),
        (
            "platform",
            script(&std::fs::read_to_string(here.join("platform.txt"))?),
        ),
        (
            "chess",
            script(&std::fs::read_to_string(here.join("chess.txt"))?),
        ),
    ] {
        println!("\n=== {title}");
        let mut chat: VecDeque<String> = VecDeque::new();
        for (at, line) in lines.iter().enumerate() {
            println!(
                "\n      [{}] {}",
                line.kind.as_deref().unwrap_or("-"),
                line.text
            );
            let viewer = (at % 5 == 4).then(|| VIEWERS[at / 5 % VIEWERS.len()]);
            if let Some(viewer) = viewer {
                println!("              {viewer}");
                remember(&mut chat, viewer.to_owned(), 20);
            }
            let mut left = viewer;
            for _ in 0..ROUNDS {
                for seat in &mut seats {
                    let talks = seat
                        .character
                        .traits
                        .get("talkativeness")
                        .copied()
                        .unwrap_or(0.5);
                    let excited = if line.kind.is_some() { 0.35 } else { 0.14 };
                    let answers = left.is_some() && rng.random_bool(0.25);
                    if !answers && !rng.random_bool(talks * excited) {
                        continue;
                    }
                    let answer = if answers { left.take() } else { None };
                    let user = prompt(
                        &lines[at.saturating_sub(WINDOW - 1)..=at],
                        &chat,
                        seat,
                        answer,
                    );
                    let message = |role, content: &str| Message {
                        role,
                        content: content.to_owned(),
                    };
                    let request = Request {
                        messages: vec![
                            message(Role::System, &seat.system),
                            message(Role::User, &user),
                        ],
                        max_tokens: 120,
                        temperature: 1.0,
                        json_schema: None,
                    };
                    let begun = Instant::now();
                    let said = model.answer(&request, rng.random())?.text;
                    slowest = slowest.max(begun.elapsed());
                    total += begun.elapsed();
                    let name = &seat.character.name;
                    println!(
                        "{name:>16}: {said}{}",
                        answer.map(|_| "   <- answer").unwrap_or_default()
                    );
                    remember(&mut chat, format!("{name} [ai]: {said}"), 20);
                    remember(&mut seat.earlier, said.clone(), 12);
                    all.push(said);
                }
            }
        }
    }
    measure::report(&all);
    println!(
        "time for a line: {:.0} µs on average, {:.0} µs at most",
        total.as_secs_f64() * 1e6 / all.len() as f64,
        slowest.as_secs_f64() * 1e6
    );
    Ok(())
}

fn seats(root: &Path, folder: &Path) -> Result<Vec<Seat>, Box<dyn Error>> {
    let emotes: Vec<Emote> =
        serde_json::from_str(&std::fs::read_to_string(root.join("protocol/emotes.json"))?)?;
    let emotes: Vec<_> = emotes
        .iter()
        .map(|emote| format!(":{}: {}", emote.code, emote.means))
        .collect();
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut seats = Vec::new();
    for file in files {
        let character: Character = toml::from_str(&std::fs::read_to_string(file)?)?;
        let traits: Vec<_> = character
            .traits
            .iter()
            .map(|(name, value)| format!("{name} {value:.1}"))
            .collect();
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut system = format!(
            "Rules.\n\nName: {}\nAbout: {}\nStyle: {}\nTraits: {}\n",
            character.name,
            flat(&character.bio),
            flat(&character.style),
            traits.join(", ")
        );
        if !character.style.contains("no emotes") && !character.style.contains("No emotes") {
            system += &format!("Emotes: {}\n", emotes.join("; "));
        }
        seats.push(Seat {
            character,
            system,
            earlier: VecDeque::new(),
        });
    }
    Ok(seats)
}

fn prompt(window: &[Line], chat: &VecDeque<String>, seat: &Seat, answer: Option<&str>) -> String {
    let section = |title: &str, lines: &[String]| {
        if lines.is_empty() {
            String::new()
        } else {
            format!("## {title}\n<<<\n{}\n>>>\n\n", lines.join("\n"))
        }
    };
    let own = format!("{} [ai]:", seat.character.name);
    let others: Vec<String> = chat
        .iter()
        .filter(|line| !line.starts_with(&own))
        .cloned()
        .collect();
    let texts: Vec<String> = window.iter().map(|line| line.text.clone()).collect();
    let mut user = section("Stream now", &texts);
    if let (None, Some(line)) = (answer, window.last())
        && let Some(kind) = &line.kind
    {
        user += &match kind.as_str() {
            "question" => section("Question to chat", std::slice::from_ref(&line.text)),
            kind => section("What just happened", &[format!("{kind}: {}", line.text)]),
        };
    }
    user += &section("Chat", &others);
    user += &section(
        "Your earlier lines",
        &seat.earlier.iter().cloned().collect::<Vec<_>>(),
    );
    if let Some(answer) = answer {
        user += &section("Answer this", &[answer.to_owned()]);
    }
    user + "## Task\nSpeak.\n"
}

fn remember(lines: &mut VecDeque<String>, line: String, most: usize) {
    lines.push_back(line);
    lines.drain(..lines.len().saturating_sub(most));
}

fn script(text: &str) -> Vec<Line> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(
            |line| match line.strip_prefix('@').and_then(|line| line.split_once(' ')) {
                Some((kind, text)) => Line {
                    kind: Some(kind.into()),
                    text: text.into(),
                },
                None => Line {
                    kind: None,
                    text: line.into(),
                },
            },
        )
        .collect()
}

/// The cues of a subtitle file; what is an event is told by its words, roughly as the context does.
fn subtitles(text: &str) -> Vec<Line> {
    let cues = text.split("\n\n").filter_map(|block| {
        let (_, text) = block.split_once(" --> ")?;
        let (_, text) = text.split_once('\n')?;
        Some(text.replace('\n', " "))
    });
    cues.map(|text| {
        let lower = text.to_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let kind = if any(&["[laughs]", "haha"]) {
            Some("laughter")
        } else if any(&[
            "let's go",
            "it's alive",
            "lamp is on!",
            "we did it",
            "no way",
        ]) {
            Some("hype")
        } else if any(&["oh no", "off, off", "cooked", "nothing."]) {
            Some("fail")
        } else if any(&[
            "wrong with it?",
            "curse?",
            "said?",
            "alcohol?",
            "crime?",
            "tonight?",
            "again?",
            "walrus?",
        ]) {
            Some("question")
        } else if any(&["we are live"]) {
            Some("stream_start")
        } else if any(&["talk about tea"]) {
            Some("topic_change")
        } else {
            None
        };
        Line {
            kind: kind.map(str::to_owned),
            text,
        }
    })
    .collect()
}
