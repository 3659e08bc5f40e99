//! A room over minutes, on real components, in simulated time.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "support/simulated.rs"]
mod simulated;

use chatter_context::Subtitles;
use chatter_protocol::{
    AuthorKind, ChatMessage, ModerationPolicy, PersonaConfig, RoomConfig, Schematic, call::CallEnd,
};
use serde_json::json;
use simulated::{Outcome, Scene, Simulation, root};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::sleep;

/// These personas beside the commentary that ships.
fn scene(personas: Vec<PersonaConfig>) -> Scene {
    let roster: Vec<_> = personas
        .iter()
        .map(|persona| json!({ "persona": persona.id }))
        .collect();
    let room = json!({ "id": "main/lobby", "title": "The Lobby", "roster": roster });
    Scene {
        room: RoomConfig::from_value(room).unwrap(),
        seats: personas
            .into_iter()
            .map(|persona| (persona.clone(), persona.module))
            .collect(),
        policy: ModerationPolicy::from_value(json!({ "name": "default" })).unwrap(),
        subtitles: Subtitles::load(&root().join("configs/streams/synth-rescue.vtt")).unwrap(),
        seed: 7,
    }
}

fn persona(n: usize, module: &str, style: &str) -> PersonaConfig {
    let part = |step: usize| (n * step % 10) as f64 / 9.0;
    // On a busy machine only who loops is to run out of CPU time.
    let limits = json!({ "cpu_ms": if style == "loop" { 100 } else { 10_000 } });
    let config = json!({
        "id": format!("p{n}"),
        "limits": limits,
        "name": format!("Persona{n}"),
        "module": module,
        "bio": format!("Number {n} of the crowd."),
        "style": style,
        "traits": { "talkativeness": part(3), "excitability": part(7), "helpfulness": part(1), "sociability": part(9) }
    });
    PersonaConfig::from_value(config).unwrap()
}

fn check_lines(messages: &[Arc<ChatMessage>]) {
    for message in messages {
        let text = &message.text;
        assert!(
            !text.trim().is_empty() && text.chars().count() <= 300,
            "{text:?}"
        );
        assert!(!text.chars().any(char::is_control), "{text:?}");
        if message.author.kind == AuthorKind::Persona {
            assert!(
                message.call_id.is_some(),
                "a line without its call: {message:?}"
            );
            assert_eq!(message.author.badges, ["ai"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_personas_for_ten_minutes() {
    let styles = [
        "lowercase, short, no punctuation",
        "CAPS when excited, emoji",
        "dry, long sentences",
    ];
    let personas = (0..50)
        .map(|n| {
            persona(
                n,
                if n % 3 == 0 { "hype" } else { "regular" },
                styles[n % 3],
            )
        })
        .collect();
    let simulation = Simulation::start(scene(personas)).await;
    let said = [
        "hi everyone!",
        "what happened just now?",
        "I love the lanterns",
        "who is Persona4?",
        "is it going well?",
    ];
    for n in 0..60 {
        sleep(Duration::from_secs(10)).await;
        let name = ["Ana", "Ben", "Carla"][n % 3];
        simulation
            .say(n as u64 + 1, name, said[n % said.len()])
            .await;
    }
    let Outcome {
        messages,
        records,
        contexts,
    } = simulation.end().await;

    assert!(contexts.len() > 100, "{} contexts", contexts.len());
    check_lines(&messages);
    let lines: Vec<_> = messages
        .iter()
        .filter(|message| message.author.kind == AuthorKind::Persona)
        .collect();
    let people = messages.len() - lines.len();
    assert!(
        people >= 59,
        "only {people} messages of people are in the log"
    );
    // The room's budget is 40 lines a minute.
    assert!(
        (60..=440).contains(&lines.len()),
        "{} lines in ten minutes",
        lines.len()
    );
    let mut speakers = BTreeMap::new();
    for line in &lines {
        *speakers.entry(line.author.id.clone()).or_insert(0) += 1;
    }
    assert!(speakers.len() >= 20, "only {} of 50 spoke", speakers.len());

    for record in &records {
        assert!(
            matches!(record.end, CallEnd::Returned { .. }),
            "{} of {}: {:?}",
            record.turn.call_id,
            record.turn.profile.id,
            record.end
        );
    }
    let calls: BTreeMap<_, _> = records
        .iter()
        .map(|record| (record.turn.call_id, record))
        .collect();
    assert!(calls.len() > 1000, "{} calls", calls.len());
    for line in lines {
        let record = calls
            .get(&line.call_id.unwrap())
            .unwrap_or_else(|| panic!("no record of the call of {line:?}"));
        assert!(record.submitted.contains(&line.id));
        assert_eq!(record.turn.profile.id.author(), line.author.id);
    }
}

#[tokio::test(start_paused = true)]
async fn those_that_misbehave_are_contained_and_the_others_go_on() {
    let misdeeds = ["loop", "eat", "panic"];
    let personas = misdeeds
        .iter()
        .enumerate()
        .map(|(n, misdeed)| persona(n, "rascal", misdeed))
        .chain((3..9).map(|n| {
            persona(
                n,
                if n % 2 == 0 { "hype" } else { "regular" },
                "lowercase, short",
            )
        }))
        .collect();
    let simulation = Simulation::start(scene(personas)).await;
    sleep(Duration::from_secs(300)).await;
    let Outcome {
        messages, records, ..
    } = simulation.end().await;

    check_lines(&messages);
    assert!(
        messages.len() >= 20,
        "{} lines in five minutes",
        messages.len()
    );
    let failed = |n: usize| {
        records
            .iter()
            .filter(move |record| record.turn.profile.id.as_str() == format!("p{n}"))
    };
    assert!(
        failed(0).count() >= 3
            && failed(0).all(|record| matches!(record.end, CallEnd::OutOfCpu { .. }))
    );
    assert!(
        failed(1).count() >= 3
            && failed(1).all(|record| matches!(record.end, CallEnd::OutOfMemory { .. }))
    );
    assert!(
        failed(2).count() >= 3
            && failed(2).all(|record| matches!(record.end, CallEnd::Trapped { .. }))
    );
    for (n, misdeed) in misdeeds.iter().enumerate() {
        let author = format!("persona:p{n}");
        assert!(
            messages
                .iter()
                .all(|message| message.author.id.as_str() != author),
            "{misdeed} spoke"
        );
    }
    let others: Vec<_> = records
        .iter()
        .filter(|record| &*record.module.name != "rascal")
        .collect();
    assert!(others.len() > 300, "{} calls", others.len());
    for record in others {
        assert!(
            matches!(record.end, CallEnd::Returned { .. }),
            "{:?}",
            record.end
        );
    }
}
