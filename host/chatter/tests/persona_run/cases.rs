//! `chatter persona test`.

use crate::{
    component, moments, of, persona, stderr, stdout,
    support::{Home, rascal},
};
use std::fs;

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

/// Neither an earlier build of it nor another project of that name.
#[test]
fn what_is_tested_is_this_build_or_nothing() {
    let home = cheers();
    let silent = "[[step]]\nat = 2\nsaid = \"So.\"\n";
    let trapping = "[[step]]\nat = 2\nsaid = \"So.\"\nspeak = true\nexpect.ends = \"trapped\"\n";
    let shipped = |name| fs::read(component(name)).unwrap();
    for (what, build, case, code, part) in [
        (
            "the first",
            shipped("hype"),
            silent.to_owned(),
            0,
            "1 passed",
        ),
        (
            "one that traps always",
            rascal("drop"),
            silent.to_owned(),
            2,
            "nova.wasm: `on-context` failed when it was tried",
        ),
        // Longer than a version that is on trial may go on so.
        (
            "one that traps where it is to speak",
            rascal("trap"),
            trapping.repeat(8),
            0,
            "1 passed",
        ),
        (
            "one that can't read the state of the first",
            shipped("regular"),
            silent.to_owned() + "expect.state = { \"/tally/wins\" = 0 }\n",
            1,
            "state /tally/wins",
        ),
    ] {
        home.write("nova.wasm", build);
        home.write("tests/cheers.toml", case);
        let output = persona(&home, &["test", "nova.wasm", "--cases", "tests"]);
        let said = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{what}: {said}");
        assert!(said.contains(part), "{what}: no {part:?} in\n{said}");
    }
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
fn what_a_minute_has_goes_by_the_time_of_the_case() {
    let home = Home::empty();
    home.write(
        "persona.toml",
        "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\n[traits]\nconformity = 0\n",
    );
    let step = |at: u32, said: &str, expect: &str| {
        format!("[[step]]\nat = {at}\nsaid = {said:?}\nspeak = true\nexpect = {{ {expect} }}\n")
    };
    home.write(
        "tests/minutes.toml",
        "[with.limits]\nllm_calls_per_minute = 1\n\
         [[llm]]\nanswer = \"that lantern again\"\n[[llm]]\nanswer = \"mind the stairs\"\n"
            .to_owned()
            + &step(4, "The lantern is lit.", "line = \"that lantern again\"")
            + &step(
                34,
                "The door is open.",
                "silent = \"no language model budget is left\"",
            )
            + &step(65, "The stairs are wet.", "line = \"mind the stairs\""),
    );
    let output = persona(&home, &["test", &component("regular"), "--cases", "tests"]);
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
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
    let guide = include_str!("../../../../docs/persona-tests.md");
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
    let guide = include_str!("../../../../docs/persona-tests.md");
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
