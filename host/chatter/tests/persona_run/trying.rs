//! `chatter persona try`.

use crate::{component, moments, of, persona, stderr, stdout, support::Home};
use serde_json::Value;

#[test]
fn an_empty_folder_is_enough_to_try_a_component() {
    let home = Home::empty();
    let moments = moments(&home, &[&component("hype"), "--until", "90"]);
    let calls = of(&moments, "call");
    let lines: Vec<&str> = calls
        .iter()
        .flat_map(|call| call["lines"].as_array().unwrap())
        .map(|line| line.as_str().unwrap())
        .collect();
    assert!(
        !lines.is_empty(),
        "nothing was said in {} calls",
        calls.len()
    );
    for call in &calls {
        let parts = call["record"]["turn"]["impulse"]["parts"].as_array();
        assert!(parts.is_some_and(|parts| parts.len() > 10), "{call}");
        let silent = call["lines"].as_array().unwrap().is_empty();
        assert_eq!(silent, call["silent_because"].is_string(), "{call}");
        assert_eq!(
            call["speak"].as_bool().unwrap(),
            call["roll"].as_f64() < call["p"].as_f64(),
            "{call}"
        );
    }
    // Each line came through admission, with its badge.
    let chat = of(&moments, "chat");
    let said: Vec<&str> = chat
        .iter()
        .map(|moment| moment["message"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(said, lines);
    assert!(
        chat.iter()
            .all(|moment| moment["message"]["author"]["badges"][0] == "ai")
    );
    assert!(!of(&moments, "stream").is_empty());
    let summary = &of(&moments, "end")[0]["summary"];
    assert_eq!(summary["calls"], calls.len());
    assert_eq!(summary["lines"], lines.len());
}

#[test]
fn a_timeline_and_what_is_said_reach_the_persona_at_their_time() {
    let home = Home::empty();
    home.write(
        "show.toml",
        "[[step]]\nat = 2\nsaid = \"Welcome back.\"\n[[step]]\nat = 5\nchat = { name = \"Ana\", text = \"hi @Hype\" }\n\
         [[step]]\nat = 20\nevent = { kind = \"hype\", text = \"WHAT A SAVE\" }\n",
    );
    let moments = moments(
        &home,
        &[
            &component("hype"),
            "--source",
            "show.toml",
            "--say",
            "Ben: lol@9.5s",
            "--seed",
            "3",
        ],
    );
    let at = |moment: &Value| moment["at"].as_f64().unwrap();
    let people: Vec<(String, f64)> = of(&moments, "chat")
        .into_iter()
        .filter(|moment| moment["message"]["author"]["kind"] == "viewer")
        .map(|moment| {
            let name = moment["message"]["author"]["name"].as_str().unwrap();
            (name.to_owned(), at(moment))
        })
        .collect();
    let names: Vec<&str> = people.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["Ana", "Ben"]);
    assert!((people[0].1 - 5.0).abs() < 0.1 && (people[1].1 - 9.5).abs() < 0.1);
    let events: Vec<&str> = of(&moments, "stream")
        .iter()
        .flat_map(|moment| moment["events"].as_array().unwrap())
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert!(events.contains(&"hype"), "{events:?}");
    // Whoever is named answers.
    let answers = of(&moments, "chat")
        .into_iter()
        .any(|moment| moment["message"]["reply_to"].is_string());
    assert!(answers, "Ana waits for ever");
}

#[test]
fn the_same_seed_makes_the_same_choices() {
    let home = Home::empty();
    let hype = component("hype");
    let lines = |seed: &str| -> Vec<String> {
        let moments = moments(&home, &[&hype, "--until", "60", "--seed", seed]);
        of(&moments, "call")
            .iter()
            .map(|call| format!("{} {} {}", call["at"], call["roll"], call["lines"]))
            .collect()
    };
    let first = lines("5");
    assert_eq!(first, lines("5"));
    assert_ne!(first, lines("6"));
}

#[test]
fn for_people_each_detail_shows_more() {
    let home = Home::empty();
    let regular = component("regular");
    let base = [
        "try",
        &regular,
        "--as-fast-as-possible",
        "--until",
        "60",
        "--color",
        "never",
    ];
    let shown = |more: &[&str]| {
        let output = persona(&home, &[&base, more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let (chat, why, prompts, everything) =
        (shown(&["-q"]), shown(&[]), shown(&["-v"]), shown(&["-vv"]));
    let has = |text: &str, label: &str| text.lines().any(|line| line.contains(label));
    assert!(has(&chat, "  says ") && !has(&chat, "  speaks ") && !has(&chat, "  stream "));
    assert!(has(&why, "  speaks ") && has(&why, "  stream ") && !has(&why, "  prompt "));
    assert!(has(&prompts, "  prompt ") && has(&prompts, "  answer "));
    assert!(everything.len() > prompts.len() && prompts.len() > why.len());
    assert!(
        !everything.contains('\u{1b}'),
        "colours without being asked"
    );
    assert!(
        why.lines()
            .all(|line| line.chars().count() <= 100 || line.contains("calls, asked")),
        "wider than a page"
    );
}

#[test]
fn what_is_wrong_is_one_sentence_with_the_way_out() {
    let home = Home::empty();
    home.write("broken.wasm", "no component");
    home.write("show.toml", "[[step]]\nat = 1\nsayed = \"x\"\n");
    home.write("show.vtt", "WEBVTT\n\n00:61.000 --> 01:02.000\nhi\n");
    home.write("nova/Cargo.toml", "[package]\nname = \"nova\"\n");
    home.write(
        "odd.toml",
        "id = \"odd\"\nname = \"Odd\"\nmodule = \"hype\"\n[traits]\nhumour = 1.4\n",
    );
    let hype = component("hype");
    let cases: [(&[&str], &str); 10] = [
        (&["try", "none.wasm"], "none.wasm: is neither"),
        (
            &["try", "broken.wasm"],
            "broken.wasm: not a WebAssembly component: ",
        ),
        (
            &["try", "nova"],
            "nova/dist/nova.wasm: is not there; build it by `chatter persona build nova`",
        ),
        (
            &["try", &hype, "--source", "show.toml"],
            "show.toml:3:1: unknown field `sayed`",
        ),
        (
            &["try", &hype, "--source", "show.vtt"],
            "show.vtt:3: \"00:61.000\" is not a time",
        ),
        (
            &["try", &hype, "--source", "none.srt"],
            "none.srt: can't be read: ",
        ),
        (
            &["try", &hype, "--persona", "odd.toml"],
            "odd.toml: traits.humour: 1.4 is more than 1",
        ),
        (
            &["try", &hype, "--say", "hi"],
            "give it as `NAME: TEXT@SECONDS`",
        ),
        (
            &["test", &hype, "--cases", "none"],
            "none: there is no such folder; put cases into it",
        ),
        (
            &["bench", "broken.wasm"],
            "broken.wasm: not a WebAssembly component: ",
        ),
    ];
    for (words, expected) in cases {
        let output = persona(&home, words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(expected), "{words:?}: {said}");
    }
}
