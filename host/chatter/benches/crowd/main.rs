//! How a room's crowd chats, in figures, beside real chat.
//!
//! Simulates a room of `configs/` on real components, in simulated time, or reads a log that
//! `chatter tail --json` wrote. It measures what is said and when, not how fast the host is.

#![allow(clippy::unwrap_used, reason = "a benchmark ends by it")]

mod figures;
#[path = "../common/options.rs"]
mod options;
#[path = "../common/quantile.rs"]
mod quantile;
#[path = "../../tests/support/simulated.rs"]
mod simulated;

use chatter_protocol::{AuthorKind, ChatMessage, call::CallEnd, context::StreamEvent};
use figures::{Figures, Line};
use simulated::{Outcome, START, Scene, Simulation, root};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};
use tokio::time::sleep;

const HELP: &str = "\
How a room's crowd chats, beside real chat.

Usage: cargo xtask bench crowd [OPTIONS]

Options:
  --minutes N     simulate so many minutes (default 30)
  --room ID       which room of configs/ (default main/lobby)
  --seed N        another course of events (default 1)
  --people N      a person says something every N seconds (default: nobody does)
  --log FILE      read what `chatter tail ROOM --json --after 0` wrote, instead of simulating
  --print         print the chat as well, and what happened on the stream
";

/// What people say, if they are to.
const SAID: &[(&str, &str)] = &[
    ("ana", "hi everyone!"),
    ("ben", "what did I miss?"),
    ("carla", "is it the power supply or the capacitors?"),
    ("ana", "I love old synths"),
    ("ben", "what is the cat called?"),
    ("carla", "lol"),
    ("ana", "how many screws are there?"),
    ("ben", "@Juno I'm from Oslo by the way"),
    ("carla", "who asked about the cat?"),
    ("ana", "are you all bots?"),
    ("ben", "gotta go, bye!"),
    ("carla", "that was close"),
];

struct Options {
    minutes: u64,
    room: String,
    seed: u64,
    people: Option<u64>,
    log: Option<String>,
    print: bool,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            minutes: 30,
            room: "main/lobby".into(),
            seed: 1,
            people: None,
            log: None,
            print: false,
        };
        options::read(HELP, |name, mut value| {
            let set = match name {
                "--minutes" => value.amount().map(|minutes| options.minutes = minutes),
                "--seed" => value.number().map(|seed| options.seed = seed),
                "--people" => value.amount().map(|every| options.people = Some(every)),
                "--room" => value.text().map(|room| options.room = room),
                "--log" => value.text().map(|file| options.log = Some(file)),
                "--print" => {
                    options.print = true;
                    Ok(())
                }
                _ => return None,
            };
            Some(set)
        });
        options
    }
}

fn main() {
    let options = Options::read();
    let lines = match &options.log {
        Some(file) => read(file).map(|lines| (lines, Vec::new())),
        None => simulate(&options),
    };
    let (lines, roused_at) = lines.unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        std::process::exit(1);
    });
    print_table(&Figures::of(&lines, &roused_at));
}

/// The personas' lines of a log.
fn read(file: &str) -> Result<Vec<Line>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let mut lines = Vec::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
    {
        let message = serde_json::from_str::<serde_json::Value>(line)
            .and_then(|placed| serde_json::from_value::<ChatMessage>(placed["message"].clone()))
            .map_err(|error| format!("{file}:{}: {error}", at + 1))?;
        lines.extend(of_persona(&message));
    }
    Ok(lines)
}

fn of_persona(message: &ChatMessage) -> Option<Line> {
    (message.author.kind == AuthorKind::Persona).then(|| Line {
        at: message.sent_at.as_millis(),
        author: message.author.name.clone(),
        text: message.text.clone(),
    })
}

/// The personas' lines, and when something rousing happened on the stream.
fn simulate(options: &Options) -> Result<(Vec<Line>, Vec<i64>), String> {
    let scene = scene(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let outcome = runtime.block_on(async {
        let simulation = Simulation::start(scene).await;
        let mut said = 0;
        for second in 1..=options.minutes * 60 {
            sleep(Duration::from_secs(1)).await;
            if options.people.is_some_and(|every| second % every == 0) {
                let (name, text) = SAID[said % SAID.len()];
                simulation.say(second, name, text).await;
                said += 1;
            }
            if second % 60 == 0 {
                eprint!("\r{} of {} minutes ", second / 60, options.minutes);
            }
        }
        eprintln!();
        simulation.end().await
    });
    if options.print {
        print(&outcome);
    }
    print_calls(&outcome);
    let lines = outcome
        .messages
        .iter()
        .filter_map(|message| of_persona(message))
        .collect();
    let roused_at = happened(&outcome)
        .into_iter()
        .filter(|(_, event)| matches!(&*event.kind, "hype" | "fail" | "laughter"))
        .map(|(at, _)| at)
        .collect();
    Ok((lines, roused_at))
}

fn scene(options: &Options) -> Result<Scene, String> {
    let mut configuration =
        chatter::config::load(&root().join("configs"), None).map_err(|wrong| wrong.join("\n"))?;
    let id = configuration
        .rooms
        .keys()
        .find(|id| id.as_str() == options.room)
        .cloned()
        .ok_or_else(|| format!("--room {}: there is no such room in configs", options.room))?;
    let seats = configuration
        .seats(&configuration.rooms[&id])
        .map(|(persona, module)| (persona.clone(), module.to_owned()))
        .collect();
    let room = configuration.rooms.remove(&id).unwrap();
    let source = room.source.as_ref();
    let subtitles = source
        .and_then(|source| source.watched.subtitles())
        .ok_or_else(|| format!("{id} watches nothing that is known in advance"))?;
    Ok(Scene {
        room: room.config,
        seats,
        policy: room.policy,
        subtitles: subtitles.clone(),
        seed: options.seed,
    })
}

/// What happened on the stream, and when that was told.
fn happened(outcome: &Outcome) -> Vec<(i64, &StreamEvent)> {
    let mut known = BTreeSet::new();
    outcome
        .contexts
        .iter()
        .flat_map(|context| {
            context
                .events
                .iter()
                .map(|event| (context.at.as_millis(), event))
        })
        .filter(|(_, event)| known.insert(&event.id))
        .collect()
}

/// The chat, and between its lines what happened on the stream.
fn print(outcome: &Outcome) {
    let mut told: Vec<(i64, String)> = happened(outcome)
        .into_iter()
        .map(|(at, event)| {
            let StreamEvent {
                kind,
                confidence,
                text,
                ..
            } = event;
            (at, format!("        -- {kind} {confidence:.1}: {text}"))
        })
        .collect();
    for message in &outcome.messages {
        let to = message
            .reply_to
            .and_then(|id| outcome.messages.iter().find(|other| other.id == id))
            .map(|other| format!(" (to {})", other.author.name))
            .unwrap_or_default();
        let mark = if message.author.kind == AuthorKind::Persona {
            ""
        } else {
            "*"
        };
        let text = format!("{mark}{}: {}{to}", message.author.name, message.text);
        told.push((message.sent_at.as_millis(), text));
    }
    told.sort_by_key(|(at, _)| *at);
    for (at, text) in told {
        println!("{:8.1} {text}", (at - START) as f64 / 1000.0);
    }
    println!();
}

/// The parts of an impulse that move a persona to speak.
const WISHES: [&str; 8] = [
    "talk",
    "event",
    "chat_question",
    "contagion",
    "banter",
    "mention",
    "question",
    "reply",
];

/// What became of the calls that were to speak.
fn print_calls(outcome: &Outcome) {
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &outcome.records {
        let impulse = &record.turn.impulse;
        let wishes = impulse
            .parts
            .iter()
            .filter(|part| WISHES.contains(&&*part.name));
        let strongest = wishes.max_by(|a, b| a.value.total_cmp(&b.value));
        if let Some(part) = strongest.filter(|_| impulse.speak) {
            *reasons.entry(&part.name).or_default() += 1;
        }
        let end = match &record.end {
            CallEnd::Returned { outcome } => match &outcome.silent_because {
                None => "spoke".to_owned(),
                Some(_) if !impulse.speak => continue,
                Some(why) => format!("silent: {why}"),
            },
            other => format!("{other:?}").chars().take(60).collect(),
        };
        *ends.entry(end).or_default() += 1;
    }
    println!("{} calls", outcome.records.len());
    for (end, count) in ends {
        println!("{count:8}  {end}");
    }
    println!("the strongest part of the impulse of those that were to speak:");
    for (part, count) in reasons {
        println!("{count:8}  {part}");
    }
    println!();
}

/// Figures of a real stream of 49 minutes, and of real chats in general; of some nothing is known.
fn print_table(figures: &Figures) {
    let Figures {
        per_minute: [p10, p50, p90],
        words: [median, p90_words],
        ..
    } = figures;
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    println!(
        "{} lines in {:.1} minutes\n",
        figures.lines, figures.minutes
    );
    println!("{:<52} {:>14} {:>14}", "", "here", "real chat");
    for (what, here, real) in [
        (
            "lines a minute, p10 / p50 / p90",
            format!("{p10:.0} / {p50:.0} / {p90:.0}"),
            "27 / 53 / 107",
        ),
        (
            "burstiness of the times between lines",
            format!("{:.2}", figures.burstiness),
            "0.21",
        ),
        (
            "lines a minute in hype moments, against all",
            figures
                .hype_factor
                .map_or_else(String::new, |factor| format!("{factor:.1} times")),
            "",
        ),
        (
            "written by the busiest tenth of speakers",
            percent(figures.top_tenth),
            "48 %",
        ),
        ("words in a line, median", format!("{median:.0}"), "2-3"),
        ("words in a line, p90", format!("{p90_words:.0}"), ""),
        ("lines of one word", percent(figures.one_word), "half"),
        (
            "lines of one word, or of emotes alone",
            percent(figures.one_word_or_emotes),
            "",
        ),
        (
            "lines with an emote or emoji",
            percent(figures.with_emote),
            "a third",
        ),
        (
            "lines that repeat another's of the last 30 s",
            percent(figures.echoes),
            "",
        ),
        (
            "  in hype moments",
            figures.echoes_in_hype.map_or_else(String::new, percent),
            "a third",
        ),
        (
            "distinct-2 of 200 lines",
            format!("{:.2}", figures.distinct_2),
            "0.88",
        ),
        (
            "self-BLEU-2 of 200 lines",
            format!("{:.2}", figures.self_bleu_2),
            "0.46",
        ),
    ] {
        println!("{what:<52} {here:>14} {real:>14}");
    }
}
