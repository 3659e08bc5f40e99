//! `chatter persona try`, `test` and `bench`, as an author uses them, on the modules that ship.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use serde_json::Value;
use std::{fs, process::Output};
use support::{Home, plugins};

/// Runs `chatter persona ...` with a cache of compiled components that these tests share.
fn persona(home: &Home, words: &[&str]) -> Output {
    home.chatter(&[&["persona"], words].concat())
        .env(
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/persona-cache"),
        )
        .output()
        .unwrap()
}

fn component(name: &str) -> String {
    plugins()
        .join(name)
        .with_extension("wasm")
        .to_str()
        .unwrap()
        .to_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a try-out as JSON; its moments.
fn moments(home: &Home, words: &[&str]) -> Vec<Value> {
    let output = persona(
        home,
        &[&["try"], words, &["--as-fast-as-possible", "--json"]].concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of<'a>(moments: &'a [Value], kind: &str) -> Vec<&'a Value> {
    moments
        .iter()
        .filter(|moment| moment["moment"] == kind)
        .collect()
}

// === try ===

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

// === test ===

/// A character for `hype`, and cases for it.
fn cheers() -> Home {
    let home = Home::empty();
    home.write(
        "persona.toml",
        "id = \"pogo\"\nname = \"Pogo\"\nmodule = \"hype\"\nstyle = \"one to three words\"\n",
    );
    home.write(
        "tests/cheers.toml",
        "seed = 4\n\
         [[step]]\nat = 3\nevent = { kind = \"hype\", text = \"WHAT A SAVE\" }\n\
         expect = { silent = \"no impulse\", state = { \"/tally/wins\" = 1 } }\n\
         [[step]]\nat = 5\nevent = { kind = \"hype\", text = \"AGAIN\" }\nspeak = true\n\
         expect = { lines = 1, max_words = 8, llm_calls = 0, state = { \"/tally/wins\" = 2 } }\n\
         [[step]]\nat = 9\nchat = { name = \"Ana\", text = \"hi Pogo\", label = \"hi\" }\nanswer = \"hi\"\n\
         expect = { reply_to = \"hi\", lacks = \"http\", memories = 0 }\n",
    );
    home
}

#[test]
fn cases_pass_fail_and_are_reported() {
    let home = cheers();
    let hype = component("hype");
    let output = persona(&home, &["test", &hype, "--cases", "tests"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("1 passed, 0 failed"));

    home.write(
        "tests/grumbles.toml",
        "name = \"grumbles <loudly>\"\n[[step]]\nat = 2\nsaid = \"Look at that! Incredible!\"\nspeak = true\n\
         expect = { contains = \"meh\", lines = 2 }\n\
         [[step]]\nat = 4\nsaid = \"So.\"\nexpect.silent = false\n",
    );
    let output = persona(
        &home,
        &["test", &hype, "--cases", "tests", "--junit", "report.xml"],
    );
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}{}", stderr(&output));
    for part in [
        "1 passed, 1 failed",
        "tests/grumbles.toml:6: step 1: contains\n",
        "- \"meh\" in it\n",
        "tests/grumbles.toml:6: step 1: lines\n",
        "tests/grumbles.toml:10: step 2: silent\n",
        "+ silence because of \"no impulse to speak\"\n",
    ] {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
    let xml = fs::read_to_string(home.path("report.xml")).unwrap();
    for part in [
        "<testsuite name=\"hype\" tests=\"2\"",
        "failures=\"1\"",
        "name=\"grumbles &lt;loudly&gt;\" classname=\"hype.grumbles\"",
        "tests/grumbles.toml:6",
    ] {
        assert!(xml.contains(part), "no {part:?} in\n{xml}");
    }

    let only = persona(
        &home,
        &["test", &hype, "--cases", "tests", "--filter", "cheers"],
    );
    assert_eq!(only.status.code(), Some(0));
    assert!(stdout(&only).contains("1 passed, 0 failed, 1 left out by --filter"));
    let none = persona(
        &home,
        &["test", &hype, "--cases", "tests", "--filter", "nothing"],
    );
    assert_eq!(none.status.code(), Some(2), "nothing was tested");
}

#[test]
fn what_came_can_be_kept() {
    let home = cheers();
    let hype = component("hype");
    home.write(
        "tests/cheers.toml",
        "[[step]]\nat = 3\nevent = { kind = \"hype\", text = \"WHAT A SAVE\" } # kept\nspeak = true\n\
         expect = { line = \"something else\", state = { \"/tally/wins\" = 7 } }\n",
    );
    let words = ["test", &hype, "--cases", "tests/cheers.toml", "--update"];
    let first = persona(&home, &words);
    assert_eq!(first.status.code(), Some(1));
    assert!(stdout(&first).contains("tests/cheers.toml: 2 updated"));
    let again = persona(&home, &words);
    assert_eq!(again.status.code(), Some(0), "{}", stdout(&again));
    let file = fs::read_to_string(home.path("tests/cheers.toml")).unwrap();
    assert!(
        file.contains("} # kept\n") && file.contains("\"/tally/wins\" = 1"),
        "{file}"
    );
}

#[test]
fn the_model_and_the_memory_are_scripted() {
    let home = Home::empty();
    home.write(
        "persona.toml",
        "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\nstyle = \"short and warm\"\n[traits]\nconformity = 0\n",
    );
    home.write(
        "tests/talks.toml",
        "[with]\nbio = \"Knows all about lighthouses.\"\n\
         [[memory]]\nkind = \"preference\"\ntext = \"Ana likes lanterns\"\nabout = \"Ana\"\n\
         [[llm]]\nwhen = \"lantern\"\nanswer = \"that lantern again\"\n[[llm]]\nerror = \"timeout\"\nalways = true\n\
         [[step]]\nat = 4\nsaid = \"The lantern is lit.\"\nspeak = true\n\
         expect = { line = \"that lantern again\", llm_calls = 1, prompt = [\"lighthouses\", \"The lantern is lit\"] }\n\
         [[step]]\nat = 70\nsaid = \"The stairs are wet.\"\nspeak = true\nexpect.silent = \"did not answer in time\"\n",
    );
    let regular = component("regular");
    let good = persona(&home, &["test", &regular, "--cases", "tests"]);
    assert_eq!(
        good.status.code(),
        Some(0),
        "{}{}",
        stdout(&good),
        stderr(&good)
    );

    home.write(
        "tests/talks.toml",
        "[[step]]\nat = 4\nsaid = \"The lantern is lit.\"\nspeak = true\n",
    );
    let unscripted = persona(&home, &["test", &regular, "--cases", "tests"]);
    assert_eq!(unscripted.status.code(), Some(1));
    let said = stdout(&unscripted);
    assert!(
        said.contains("an [[llm]] for request 1 of this call"),
        "{said}"
    );
}

#[test]
fn searches_come_to_what_the_case_says() {
    let home = Home::empty();
    home.write(
        "persona.toml",
        "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\nstyle = \"short and warm\"\n",
    );
    let case = |search: &str, expect: &str| {
        format!(
            "[[memory]]\nkind = \"preference\"\ntext = \"Ana likes lanterns\"\nabout = \"Ana\"\n{search}\
             [[llm]]\nanswer = \"of brick\"\n\
             [[step]]\nat = 5\nchat = {{ name = \"Ana\", text = \"what is the tower built of, Nova?\", label = \"q\" }}\n\
             answer = \"q\"\nexpect = {{ contains = \"of brick\", searches = \"Ana\", {expect} }}\n"
        )
    };
    let (lanterns, joke) = ("Ana likes lanterns", "the tower leans");
    let finds = "[[search]]\nwhen = \"tower\"\nfinds = [{ kind = \"running-joke\", text = \"the tower leans\" }]\n";
    for (name, search, has, lacks) in [
        ("kept", "", lanterns, joke),
        ("scripted", finds, joke, "no such thing"),
    ] {
        let expect = format!("prompt = {has:?}, prompt_lacks = {lacks:?}");
        home.write(&format!("tests/{name}.toml"), case(search, &expect));
    }
    let gone = "[[search]]\nerror = \"unavailable\"\nalways = true\n";
    let expect = format!("prompt_lacks = {lanterns:?}");
    home.write("tests/gone.toml", case(gone, &expect));
    let regular = component("regular");
    let output = persona(&home, &["test", &regular, "--cases", "tests"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert!(said.contains("3 passed"), "{said}");

    // What is found or not makes the difference.
    home.write("tests/gone.toml", case("", &expect));
    let output = persona(&home, &["test", &regular, "--cases", "tests/gone.toml"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
}

#[test]
fn a_roll_decides_by_the_formula() {
    let home = cheers();
    let hype = component("hype");
    let case = |boost: &str, p: &str| {
        format!(
            "seed = 4\n{boost}[with.traits]\nexcitability = 1\n\
             [[step]]\nat = 3\nevent = {{ kind = \"hype\", text = \"WHAT A SAVE\" }}\nroll = 0.9\n\
             expect = {{ silent = \"no impulse\", p = {p} }}\n\
             [[step]]\nat = 5\nevent = {{ kind = \"hype\", text = \"AGAIN\" }}\nroll = 0\nexpect = {{ lines = 1 }}\n\
             [[step]]\nat = 20\nchat = {{ name = \"Ana\", text = \"hi Pogo\", label = \"hi\" }}\nroll = 0.9\n\
             expect = {{ p = [0.94, 1], reply_to = \"hi\" }}\n\
             [[step]]\nat = 22\nchat = {{ name = \"Ben\", text = \"lol\" }}\nroll = 0.999\nexpect = {{ p = [0, 0.5], silent = true }}\n"
        )
    };
    home.write("tests/cheers.toml", case("", "[0.3, 0.45]"));
    let output = persona(&home, &["test", &hype, "--cases", "tests"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let boost = "[tuning]\nevent_boost = 0.8\n";
    home.write("tests/cheers.toml", case(boost, "[0.3, 0.45]"));
    let output = persona(&home, &["test", &hype, "--cases", "tests"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("step 1: p\n") && said.contains("event 0.800"),
        "{said}"
    );
}

#[test]
fn what_speaks_of_an_own_line_before_there_is_one_fails() {
    let home = cheers();
    home.write(
        "tests/cheers.toml",
        "[[step]]\nat = 3\nchat = { name = \"Ana\", text = \"what?\", reply_to = \"own\" }\n\
         [[step]]\nat = 5\nsaid = \"Well.\"\nanswer = \"own\"\n",
    );
    let output = persona(&home, &["test", &component("hype"), "--cases", "tests"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}{}", stderr(&output));
    for part in [
        "tests/cheers.toml:3: step 1: chat.reply_to\n",
        "tests/cheers.toml:7: step 2: answer\n",
        "- a line of its own that was accepted before\n",
    ] {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
}

#[test]
fn the_guide_s_example_passes() {
    let guide = include_str!("../../../docs/persona-tests.md");
    let example = guide
        .split("```toml\n")
        .find_map(|block| block.strip_prefix("# tests/answers-about-the-cat.toml\n"))
        .and_then(|block| block.split("```").next())
        .expect("the guide's first case");
    let home = Home::empty();
    home.write(
        "persona.toml",
        "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\nstyle = \"short and warm\"\n",
    );
    home.write("tests/example.toml", example);
    let regular = component("regular");
    let output = persona(&home, &["test", &regular, "--cases", "tests"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );

    let timeline = guide
        .split("```toml\n")
        .last()
        .and_then(|block| block.split("```").next())
        .expect("the guide's timeline");
    home.write("show.toml", timeline);
    let moments = moments(&home, &[&regular, "--source", "show.toml"]);
    let kinds: Vec<&str> = of(&moments, "stream")
        .iter()
        .flat_map(|moment| moment["events"].as_array().unwrap())
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"hype"), "{kinds:?}");
}

#[test]
fn the_guide_tells_every_expectation() {
    let guide = include_str!("../../../docs/persona-tests.md");
    let home = Home::empty();
    home.write(
        "tests/x.toml",
        "[[step]]\nat = 1\nexpect = { nothing = 1 }\n",
    );
    let output = persona(&home, &["test", &component("hype"), "--cases", "tests"]);
    let said = stderr(&output);
    let (_, names) = said.split_once("expected one of ").expect("the fields");
    let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(guide.contains(&format!("| `{name} = ")), "missing: {name}");
    }
}

// === bench ===

#[test]
fn a_bench_measures_every_export() {
    let home = Home::empty();
    let output = persona(&home, &["bench", &component("hype"), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let cost: Value = serde_json::from_slice(&output.stdout).unwrap();
    let calls = cost["calls"].as_array().unwrap();
    let exports: Vec<&str> = calls
        .iter()
        .filter_map(|call| call["export"].as_str())
        .collect();
    assert_eq!(exports, ["on-context", "on-firehose", "reflect"]);
    for call in calls {
        assert!(call["call"]["median"].as_f64() > Some(0.0), "{call}");
        assert!(call["memory_bytes"].as_u64() >= Some(65_536), "{call}");
        assert!(call["record_bytes"].as_u64() > Some(1_000), "{call}");
    }
    assert!(calls[0]["state_bytes"].as_u64() > Some(0));
}
