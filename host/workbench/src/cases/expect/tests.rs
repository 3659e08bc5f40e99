//! Each expectation against a call that is known.

use super::*;
use crate::cases::format::File;
use chatter_protocol::call::State;

/// A call that spoke once, as an answer to `q`, after a search and a request; its state is
/// `{"n": 3, "said": ["gg"]}`.
fn spoke() -> CallRecord {
    let json = include_str!("../../../../../protocol/examples/call-record/good/spoke.json");
    let mut record: CallRecord = serde_json::from_str(json).unwrap();
    let CallEnd::Returned { outcome } = &mut record.end else {
        panic!("{:?}", record.end)
    };
    outcome.state = Some(State {
        version: 1,
        bytes: br#"{"n":3,"said":["gg"]}"#.as_slice().into(),
    });
    record
}

fn silent() -> CallRecord {
    let mut record = spoke();
    record.end = CallEnd::Returned {
        outcome: Outcome {
            silent_because: Some("no impulse".into()),
            ..Outcome::default()
        },
    };
    record.imports.clear();
    record
}

/// The same as [`spoke`], but its line answers nothing.
fn unasked() -> CallRecord {
    let mut record = spoke();
    if let CallEnd::Returned { outcome } = &mut record.end {
        outcome.lines[0].reply_to = None;
    }
    record
}

fn declined() -> CallRecord {
    CallRecord {
        end: CallEnd::Declined {
            detail: "state version 1 can't be read".into(),
        },
        ..silent()
    }
}

#[test]
fn the_probability_is_between_two_numbers_and_told_with_its_parts() {
    let record = spoke();
    let p = record.turn.impulse.p;
    assert!(p > 0.0 && p < 1.0, "{p}");
    for (least, most, holds) in [
        (0.0, 1.0, true),
        (p, p, true),
        (0.0, p - 0.01, false),
        (p + 0.01, 1.0, false),
    ] {
        let text = Text {
            path: "c.toml".into(),
            content: format!("[[step]]\nat = 1\nroll = 0.5\nexpect.p = [{least:?}, {most:?}]\n"),
        };
        let file: File = text.parse().unwrap();
        file.check(&text).unwrap();
        let expect = file.step[0].expect.clone().unwrap();
        let failures = Checker::new(&text, 1, 0, &record, &HashMap::new()).check(&expect);
        match &failures[..] {
            [] => assert!(holds, "{least} to {most}"),
            [failure] => {
                assert!(!holds && failure.what == "p", "{failure:?}");
                assert!(failure.got.contains("mention 0."), "{failure:?}");
            }
            more => panic!("{more:?}"),
        }
    }
}

/// What fails of an expectation, written as the inside of `expect = { ... }`.
fn failures(record: &CallRecord, expect: &str) -> Vec<Failure> {
    let text = Text {
        path: "c.toml".into(),
        content: format!(
            "[[step]]\nat = 1\nchat = {{ name = \"Ana\", text = \"?\", label = \"q\" }}\n\
             [[step]]\nat = 2\nexpect = {{ {expect} }}\n"
        ),
    };
    let file: File = text.parse().unwrap();
    file.check(&text).unwrap();
    let asked = "019ac0de-0001-7a52-9d0f-3f6a1c2b4d51";
    let labels = HashMap::from([("q".to_owned(), asked.parse().unwrap())]);
    let step = &file.step[1];
    let at = step.at.span().start;
    let expect = step.expect.clone().unwrap();
    Checker::new(&text, 2, at, record, &labels).check(&expect)
}

#[test]
fn what_holds_passes() {
    let (spoke, silent, unasked, declined) = (spoke(), silent(), unasked(), declined());
    for (record, expect) in [
        (&spoke, ""),
        (&spoke, r#"line = "he did and i'm still shaking""#),
        (&spoke, "lines = 1, max_words = 6"),
        (
            &spoke,
            r#"contains = ["HE DID", "shaking"], lacks = "http""#,
        ),
        (&spoke, r#"matches = "^he .* shaking$", silent = false"#),
        (&spoke, r#"reply_to = "q""#),
        (&unasked, r#"reply_to = """#),
        (
            &spoke,
            r#"remembers = "bridge", memories = 1, searches = "Ana""#,
        ),
        (
            &spoke,
            r#"llm_calls = 2, prompt = "you are nova", prompt_lacks = "Ben""#,
        ),
        (
            &spoke,
            r#"state = { "/n" = 3, "/said/0" = "gg", "/said" = ["gg"] }"#,
        ),
        (
            &spoke,
            r#"state = { "/n" = 3.0 }, log = "spoke", ends = "returned""#,
        ),
        (
            &silent,
            "silent = true, lines = 0, llm_calls = 0, memories = 0",
        ),
        (&silent, r#"silent = "impulse""#),
        (&declined, r#"ends = "declined", because = "version 1""#),
    ] {
        assert_eq!(failures(record, expect), [], "{expect}");
    }
}

#[test]
fn what_does_not_hold_fails_with_both_sides() {
    let (spoke, silent, unasked, declined) = (spoke(), silent(), unasked(), declined());
    let said = "\"he did and i'm still shaking\"";
    let quiet = "silence because of \"no impulse\"";
    for (record, expect, what, expected, got) in [
        (&spoke, r#"line = "gg""#, "line", "\"gg\"", said),
        (&silent, r#"line = "gg""#, "line", "\"gg\"", quiet),
        (&spoke, "lines = 2", "lines", "2", "1"),
        (
            &spoke,
            r#"contains = ["did", "tea"]"#,
            "contains",
            "\"tea\" in it",
            said,
        ),
        (
            &silent,
            r#"contains = "tea""#,
            "contains",
            "\"tea\" in it",
            "nothing",
        ),
        (
            &spoke,
            r#"lacks = "SHAKING""#,
            "lacks",
            "nothing with \"SHAKING\"",
            said,
        ),
        (
            &spoke,
            r#"matches = "^x""#,
            "matches",
            "a line that matches /^x/",
            said,
        ),
        (
            &spoke,
            "max_words = 5",
            "max_words",
            "at most 5 words",
            "6 words: \"he did and i'm still shaking\"",
        ),
        (&spoke, "silent = true", "silent", "silence", said),
        (&silent, "silent = false", "silent", "a line", quiet),
        (
            &silent,
            r#"silent = "busy""#,
            "silent",
            "silence because of \"busy\"",
            quiet,
        ),
        (
            &spoke,
            r#"reply_to = """#,
            "reply_to",
            "a line that answers nothing",
            "an answer to \"q\"",
        ),
        (
            &silent,
            r#"reply_to = """#,
            "reply_to",
            "a line that answers nothing",
            quiet,
        ),
        (
            &spoke,
            r#"reply_to = "own""#,
            "reply_to",
            "an answer to its own line, of which none was accepted",
            "an answer to \"q\"",
        ),
        (
            &unasked,
            r#"reply_to = "own""#,
            "reply_to",
            "an answer to its own line, of which none was accepted",
            "a line that answers nothing",
        ),
        (
            &silent,
            r#"reply_to = "q""#,
            "reply_to",
            "an answer to \"q\"",
            quiet,
        ),
        (
            &spoke,
            r#"remembers = "tea""#,
            "remembers",
            "\"tea\" in it",
            "\"the bridge is always out\"",
        ),
        (&spoke, "memories = 0", "memories", "0", "1"),
        (
            &spoke,
            r#"searches = "Ben""#,
            "searches",
            "\"Ben\" in it",
            "\"Ana\"",
        ),
        (&spoke, "llm_calls = 1", "llm_calls", "1", "2"),
        (
            &silent,
            r#"prompt = "nova""#,
            "prompt",
            "\"nova\" in it",
            "nothing",
        ),
        (
            &spoke,
            r#"prompt_lacks = "nova""#,
            "prompt_lacks",
            "nothing with \"nova\"",
            "\"You are Nova.\\nSay something.\"",
        ),
        (&spoke, r#"state = { "/n" = 4 }"#, "state /n", "4", "3"),
        (
            &spoke,
            r#"state = { "/x" = 4 }"#,
            "state /x",
            "4",
            "nothing there in {\"n\":3,\"said\":[\"gg\"]}",
        ),
        (&spoke, r#"log = "hm""#, "log", "\"hm\" in it", "\"spoke\""),
        (
            &spoke,
            r#"ends = "trapped""#,
            "ends",
            "\"trapped\"",
            "\"returned\"",
        ),
        (
            &declined,
            "",
            "ends",
            "a call that returns well",
            "declined: state version 1 can't be read",
        ),
        (
            &declined,
            r#"ends = "declined", because = "tea""#,
            "because",
            "\"tea\" in it",
            "\"state version 1 can't be read\"",
        ),
    ] {
        let failures = failures(record, expect);
        let [failure] = failures.as_slice() else {
            panic!("{expect}: {failures:#?}")
        };
        let Failure {
            step,
            line,
            what: w,
            expected: e,
            got: g,
            ..
        } = failure;
        assert_eq!((&**w, &**e, &**g), (what, expected, got), "{expect}");
        let place = if expect.is_empty() { 5 } else { 6 };
        assert_eq!((*step, *line), (2, place), "{expect}");
    }
}

#[test]
fn what_is_exact_can_be_put_into_the_file() {
    let (spoke, silent) = (spoke(), silent());
    for (record, expect, fix) in [
        (
            &spoke,
            r#"line = "gg""#,
            Some("\"he did and i'm still shaking\""),
        ),
        (&silent, r#"line = "gg""#, None),
        (&spoke, "lines = 2", Some("1")),
        (&spoke, "silent = true", Some("false")),
        (&spoke, r#"state = { "/said" = ["wp"] }"#, Some("[\"gg\"]")),
        (&spoke, r#"state = { "" = 1 }"#, None),
        (&spoke, r#"contains = "tea""#, None),
        (&spoke, r#"ends = "declined""#, Some("\"returned\"")),
    ] {
        let failures = failures(record, expect);
        let got = failures[0].fix.as_ref().map(|(_, value)| value.as_str());
        assert_eq!(got, fix, "{expect}");
    }
}

#[test]
fn a_request_without_an_answer_fails_the_case() {
    let mut record = spoke();
    let unscripted = record.imports.iter_mut().find_map(|import| match import {
        ImportRecord::Complete { answer, .. } => Some(answer),
        _ => None,
    });
    *unscripted.unwrap() = Err(llm::Error::Unavailable(NO_ANSWER.into()));
    let failures = failures(&record, "");
    assert_eq!(failures.len(), 1);
    assert_eq!(
        failures[0].expected,
        "an [[llm]] for request 1 of this call"
    );
}
