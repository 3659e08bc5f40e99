//! What can be written, and what is wrong.

use super::*;
use crate::text::Text;

fn read(content: &str) -> Result<File, String> {
    let text = Text {
        path: "c.toml".into(),
        content: content.into(),
    };
    let file: File = text.parse().map_err(|wrong| wrong.to_string())?;
    file.check(&text).map_err(|wrong| wrong.to_string())?;
    Ok(file)
}

#[test]
fn everything_can_be_said() {
    let file = read(
        r#"
name = "all of it"
persona = "../persona.toml"
seed = 7
start = "2026-01-31T12:00:00Z"
[with]
style = "short"
[with.traits]
conformity = 1
[[memory]]
kind = "running-joke"
text = "the kettle"
about = "Ana"
[[search]]
when = "Ana"
finds = [{ kind = "preference", text = "tea", about = "Ana" }]
[[search]]
error = "unavailable"
always = true
[[llm]]
answer = "hi"
[[llm]]
when = "tea"
error = "over-budget"
always = true
[[step]]
at = 1
said = "hello"
speak = true
expect = { line = "hi", prompt = ["hello", "short"], state = { "/n" = 1 } }
[[step]]
at = 2.5
chat = { name = "Ana", text = "who is it?", label = "q", kind = "viewer" }
answer = "q"
dropped = "blocklist"
[step.expect]
silent = "nothing"
reply_to = "q"
ends = "returned"
[[step]]
at = 2.5
roll = 0.25
expect.p = [0.1, 0.9]
[[step]]
at = 2.5
call = "reflect"
expect.silent = true
"#,
    )
    .unwrap();
    let exports: Vec<Export> = file.step.iter().map(Step::export).collect();
    assert_eq!(
        exports,
        [
            Export::Context,
            Export::Firehose,
            Export::Firehose,
            Export::Reflect
        ]
    );
}

#[test]
fn what_is_wrong_has_line_and_column() {
    let cases = [
        (
            "[[step]]\nat = -1",
            "c.toml:2:6: -1 is not in 0..=86400 seconds",
        ),
        (
            "[[step]]\nat = 5\n[[step]]\nat = 4",
            "c.toml:4:6: 4 s is before the step above, which is at 5 s",
        ),
        (
            "[[step]]\nat = 1\nsayed = \"x\"",
            "c.toml:3:1: unknown field `sayed`",
        ),
        (
            "[[step]]\nat = 1\nsaid = \"x\"\nchat = { name = \"A\", text = \"b\" }",
            "c.toml:2:6: a step has either",
        ),
        (
            "[[step]]\nat = 1\nanswer = \"q\"",
            "c.toml:3:10: no line before this has the label \"q\"",
        ),
        (
            "[[step]]\nat = 1\nanswer = \"\"",
            "c.toml:3:10: no line before this has the label \"\"",
        ),
        (
            "[[step]]\nat = 1\nchat = { name = \"A\", text = \"b\", reply_to = \"\" }",
            "c.toml:3:45: no line before this has the label \"\"",
        ),
        (
            "[[step]]\nat = 1\nexpect = { ends = \"declined\", contains = \"x\" }",
            "c.toml:3:42: `contains` can't hold for a call that ends as \"declined\"",
        ),
        (
            "[[step]]\nat = 1\nexpect = { ends = \"trapped\", state = { \"/n\" = 1 } }",
            "c.toml:3:47: `state` can't hold",
        ),
        (
            "[[step]]\nat = 1\nexpect.lacks = []",
            "c.toml:3:16: `lacks` holds whatever happens",
        ),
        (
            "[[step]]\nat = 1\nexpect.prompt = [\"tea\", \"\"]",
            "c.toml:3:17: `prompt` holds whatever happens",
        ),
        (
            "[[step]]\nat = 1\nexpect.state = { n = 1 }",
            "c.toml:3:22: \"n\" is no JSON Pointer; it would be \"/n\"",
        ),
        (
            "[[search]]\nfinds = []\nerror = \"unavailable\"",
            "c.toml:3:9: a search either finds something or comes to an error",
        ),
        (
            "[[search]]\nwhen = \"x\"",
            "c.toml: a [[search]] has neither",
        ),
        (
            "[[search]]\nfinds = [{ kind = \"drift\", text = \"\" }]",
            "c.toml:2:35: a memory has 1 to 1000 characters, this one 0",
        ),
        (
            "[tuning]\nevent_boost = 2\n",
            "c.toml:1:1: tuning.event_boost: 2 is more than 1",
        ),
        ("[[step]]\nat = 1\nroll = 1", "c.toml:3:8: 1 is not in 0..1"),
        (
            "[[step]]\nat = 1\nroll = 0.5\nspeak = true",
            "c.toml:3:8: whether it is to speak",
        ),
        (
            "[[step]]\nat = 1\nroll = 0.5\ncall = \"reflect\"",
            "c.toml:3:8: only calls on the stream",
        ),
        (
            "[[step]]\nat = 1\nexpect.p = [0, 1]",
            "c.toml:3:12: without a `roll`",
        ),
        (
            "[[step]]\nat = 1\nroll = 0.5\nexpect.p = [0.5, 0.2]",
            "c.toml:4:12: a probability is between two numbers",
        ),
        (
            "[[step]]\nat = 1\nexpect.matches = \"(\"",
            "c.toml:3:18: not a regular expression",
        ),
        (
            "[[step]]\nat = 1\nexpect.silent = 3",
            "c.toml:3:17: invalid type: integer `3`, expected true, false, or words",
        ),
        (
            "[[step]]\nat = 1\nchat = { name = \"A\", text = \"b\", label = \"own\" }",
            "c.toml:3:42: the label \"own\" is taken",
        ),
        (
            "[[step]]\nat = 1\ncall = \"none\"\nexpect.silent = true",
            "c.toml:2:6: nothing can be expected",
        ),
        (
            "[[step]]\nat = 1\nevent = { kind = \"Hype\" }",
            "c.toml:3:18: \"Hype\" is no kind of event",
        ),
        (
            "[[llm]]\nanswer = \"a\"\nerror = \"busy\"",
            "c.toml:2:10: an answer of the language model has either",
        ),
        ("[[step]]\nsaid = \"x\"", "c.toml:1:1: missing field `at`"),
        ("[[step]\n", "c.toml:1:"),
    ];
    for (content, expected) in cases {
        let wrong = read(content).unwrap_err();
        assert!(wrong.starts_with(expected), "{content}\n{wrong}");
    }
}
