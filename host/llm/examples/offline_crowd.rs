//! Lets the shipped characters watch some streams with the offline model, prints what they say, and
//! measures it: `cargo run --release -p chatter-llm --example offline_crowd -- [SEED [FOLDER]]`, with the
//! characters of another folder if one is named.
//!
//! The streams are the demo's commentary and the made-up ones in `examples/streams`. Who speaks when
//! is a rough stand-in for the worker; what the numbers mean, docs/offline-model.md says.

use chatter_llm::{LanguageModel, Offline};
use chatter_protocol::llm::{Message, Request, Role};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
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
    let mut slowest = Duration::ZERO;
    let mut total = Duration::ZERO;
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/streams");
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
                    let said = complete(&request, rng.random())?;
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
    report(&all);
    println!(
        "time for a line: {:.0} µs on average, {:.0} µs at most (the first one reads the corpus)",
        total.as_secs_f64() * 1e6 / all.len() as f64,
        slowest.as_secs_f64() * 1e6
    );
    Ok(())
}

fn complete(request: &Request, seed: u64) -> Result<String, Box<dyn Error>> {
    // The offline model waits for nothing: its future is ready at once.
    let mut future = std::pin::pin!(Offline.complete(request, seed, Duration::ZERO));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(done) => Ok(done.map_err(|error| format!("{error:?}"))?.text),
        std::task::Poll::Pending => Err("the offline model waits".into()),
    }
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

fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .map(|word| {
            let bare = word
                .trim_matches(|c: char| !(c.is_alphanumeric() || c == ':'))
                .to_lowercase();
            if bare.is_empty() {
                word.to_owned()
            } else {
                bare
            }
        })
        .collect()
}

fn is_emote(word: &str) -> bool {
    word.len() > 2 && word.starts_with(':') && word.ends_with(':')
}

fn report(lines: &[String]) {
    let all: Vec<Vec<String>> = lines.iter().map(|line| words(line)).collect();
    // An emote is no word, a line of emotes counts as one.
    let mut lengths: Vec<usize> = all
        .iter()
        .map(|line| line.iter().filter(|word| !is_emote(word)).count().max(1))
        .collect();
    lengths.sort_unstable();
    let percent = |count: usize| count * 100 / all.len().max(1);
    let one = lengths.iter().filter(|length| **length == 1).count();
    let with_emote = all
        .iter()
        .filter(|line| line.iter().any(|word| is_emote(word)))
        .count();
    let only = all
        .iter()
        .filter(|line| line.iter().all(|word| is_emote(word)))
        .count();
    println!("\n=== {} lines", lines.len());
    println!(
        "words: median {}, p90 {}",
        lengths[lengths.len() / 2],
        lengths[lengths.len() * 9 / 10]
    );
    println!("one word or emotes alone: {}%", percent(one));
    println!(
        "with an emote: {}%, nothing else: {}%",
        percent(with_emote),
        percent(only)
    );
    let windows: Vec<_> = all
        .chunks(200)
        .filter(|window| window.len() == 200)
        .collect();
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let distinct = |window: &&[Vec<String>]| {
        let twos: Vec<_> = window.iter().flat_map(|line| line.windows(2)).collect();
        twos.iter().collect::<BTreeSet<_>>().len() as f64 / twos.len().max(1) as f64
    };
    println!(
        "distinct-2 of 200 lines: {:.2}",
        mean(windows.iter().map(distinct).collect())
    );
    println!(
        "self-BLEU-2 of 200 lines: {:.2}",
        mean(windows.iter().map(|window| self_bleu(window)).collect())
    );
    let mut templates: BTreeMap<String, usize> = BTreeMap::new();
    for line in &all {
        *templates.entry(template(line)).or_default() += 1;
    }
    // Of content words alone there is no template.
    let tells = |template: &str| template.split(' ').any(|word| word != "X" && word != ":e:");
    let mut templates: Vec<_> = templates
        .into_iter()
        .filter(|(template, _)| template.contains(' ') && tells(template))
        .collect();
    templates.sort_by_key(|(template, count)| (std::cmp::Reverse(*count), template.clone()));
    println!("commonest templates (X: a word that is no function word):");
    for (template, count) in templates.iter().take(8) {
        println!(
            "  {:4.1}% {template}",
            *count as f64 * 100.0 / all.len() as f64
        );
    }
    let mut same: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        *same.entry(line).or_default() += 1;
    }
    let mut same: Vec<_> = same.into_iter().collect();
    same.sort_by_key(|(line, count)| (std::cmp::Reverse(*count), *line));
    let common: Vec<_> = same
        .iter()
        .take(12)
        .map(|(line, count)| format!("{line} ({count})"))
        .collect();
    println!("commonest lines: {}", common.join(", "));
}

/// Zhu et al., "Texygen", SIGIR 2018: the mean of each line's BLEU against all others, with 1-grams
/// and 2-grams; lines of one word have 1-grams only.
fn self_bleu(lines: &[Vec<String>]) -> f64 {
    let grams = |line: &[String], n: usize| -> Vec<String> {
        line.windows(n).map(|gram| gram.join(" ")).collect()
    };
    let mut holders: [BTreeMap<String, BTreeSet<usize>>; 2] = Default::default();
    for (at, line) in lines.iter().enumerate() {
        for n in 1..=2 {
            for gram in grams(line, n) {
                holders[n - 1].entry(gram).or_default().insert(at);
            }
        }
    }
    let bleu = |at: usize, line: &Vec<String>| {
        let orders = line.len().min(2);
        let precisions = (1..=orders).map(|n| {
            let all = grams(line, n);
            let seen = all
                .iter()
                .filter(|gram| holders[n - 1][*gram].iter().any(|holder| *holder != at))
                .count();
            seen as f64 / all.len() as f64
        });
        precisions.product::<f64>().powf(1.0 / orders as f64)
    };
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| bleu(at, line))
        .sum::<f64>()
        / lines.len().max(1) as f64
}

/// A line with all but its function words masked.
fn template(line: &[String]) -> String {
    const FUNCTION: &str = "the a an is are was were be it its it's that this those these i i'm you he she they we my your of to in \
        on for with and or but so not no do does did what why how who where when like just at by if can will me";
    let mask = |word: &String| {
        if is_emote(word) {
            ":e:".to_owned()
        } else if FUNCTION.split_whitespace().any(|function| function == word) {
            word.clone()
        } else {
            "X".to_owned()
        }
    };
    line.iter().map(mask).collect::<Vec<_>>().join(" ")
}
