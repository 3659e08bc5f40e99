//! A persona's calls, as the sandbox and the test kit make them.

use persona_sdk::{
    About, ChatMessage, Digest, Error, Host, Level, Persona, Reflection, RelationshipDelta, Reply,
    StreamContext, Turn,
    llm::{Message, Request, Role},
    memory::{Kind, NewEntry},
    testkit::{Failure, Harness, NOW, context, message, turn},
};
use serde::{Deserialize, Serialize};

/// Does what the first word of a message says.
#[derive(Default, Debug, PartialEq, Serialize, Deserialize)]
struct Puppet {
    heard: u32,
}

impl Persona for Puppet {
    const STATE_VERSION: u32 = 2;

    fn about() -> About {
        About::new("puppet", "0.1.0").reads(["humour"])
    }

    fn on_context(
        &mut self,
        _: &Turn,
        _: &StreamContext,
        _: &mut dyn Host,
    ) -> Result<Reply, Error> {
        Ok(Reply::silent("no strings on me"))
    }

    fn on_firehose(
        &mut self,
        turn: &Turn,
        messages: &[ChatMessage],
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.heard += 1;
        let (verb, rest) = messages[0]
            .text
            .split_once(' ')
            .unwrap_or((&messages[0].text, ""));
        match verb {
            "say" => Ok(Reply::say(rest).reply_to(&messages[0].id)),
            "say-to" => Ok(Reply::say("hi").reply_to(rest)),
            "lines" => Ok((1..4).fold(Reply::say("0"), |reply, i| reply.and_say(i.to_string()))),
            "extend" => Ok(Reply::silent("x").with_extensions(rest)),
            "grow" => {
                self.heard = u32::MAX;
                Ok(Reply::silent("grown"))
            }
            "remember" => {
                host.remember(&NewEntry::new(Kind::PersonaNote, rest).source(&messages[0].id))?;
                Ok(Reply::silent("noted"))
            }
            "remember-and-fail" => {
                host.remember(&NewEntry::new(Kind::PersonaNote, rest))?;
                Err(Error::new("on purpose"))
            }
            "search" => {
                let found = host.search(rest, &[], 10)?;
                Ok(Reply::say(
                    found
                        .iter()
                        .map(|entry| entry.text.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                ))
            }
            "complete" => {
                let messages = vec![Message {
                    role: Role::User,
                    content: rest.into(),
                }];
                let request = Request {
                    messages,
                    max_tokens: 50,
                    temperature: 1.0,
                    json_schema: None,
                };
                let mut texts = Vec::new();
                for _ in 0..5 {
                    match host.complete(&request) {
                        Ok(completion) => texts.push(completion.text),
                        Err(error) => texts.push(error.reason().into()),
                    }
                }
                Ok(Reply::say(texts.join(", ")))
            }
            "roll" => Ok(Reply::say(turn.rng().below(1000).to_string())),
            _ => Ok(Reply::silent("no such verb")),
        }
    }

    fn reflect(
        &mut self,
        _: &Turn,
        digest: &Digest,
        _: &mut dyn Host,
    ) -> Result<Reflection, Error> {
        self.heard = 0;
        let delta = f64::from(digest.lines_said);
        Ok(Reflection {
            relationships: vec![RelationshipDelta {
                author_id: "guest:ana".into(),
                delta,
            }],
            ..Reflection::default()
        })
    }
}

fn heard(
    puppet: &mut Harness<Puppet>,
    text: &str,
) -> Result<persona_sdk::testkit::Called, Failure> {
    puppet.on_firehose(turn(), &[message("Ana", text)])
}

#[test]
fn state_goes_from_call_to_call() {
    let mut puppet = Harness::<Puppet>::new();
    assert!(heard(&mut puppet, "idle").unwrap().state_changed);
    heard(&mut puppet, "idle").unwrap();
    assert_eq!(puppet.persona(), Puppet { heard: 2 });
    assert_eq!(puppet.state.as_ref().unwrap().version, 2);
    let quiet = puppet.on_context(turn(), context()).unwrap();
    assert_eq!(
        (quiet.state_changed, quiet.silent_because.as_deref()),
        (false, Some("no strings on me"))
    );
}

#[test]
fn a_first_call_that_changes_nothing_stores_nothing() {
    let mut puppet = Harness::<Puppet>::new();
    assert!(!puppet.on_context(turn(), context()).unwrap().state_changed);
    assert_eq!(puppet.state, None);
}

#[test]
fn a_call_that_fails_leaves_nothing_behind() {
    let mut puppet = Harness::<Puppet>::new();
    let failure = heard(&mut puppet, "remember-and-fail this").unwrap_err();
    assert_eq!(failure, Failure::Declined("on purpose".into()));
    assert_eq!(
        (
            puppet.state.is_none(),
            puppet.host.memories.len(),
            puppet.host.remembered.len()
        ),
        (true, 0, 0)
    );
}

#[test]
fn what_the_host_would_refuse_fails_here_too() {
    let long = format!("say {}", "x".repeat(301));
    let cases = [
        ("say  ", "lines[0].text: empty"),
        (long.as_str(), "lines[0].text: longer than 300 characters"),
        ("say a\nb", "lines[0].text: more than one line"),
        ("say-to 17", "lines[0].reply-to: not a message's id"),
        ("lines", "lines: 4 of them, at most 3 are accepted"),
        (
            "extend {",
            "extensions: not JSON: EOF while parsing an object at line 1 column 1",
        ),
    ];
    for (text, problem) in cases {
        assert_eq!(
            heard(&mut Harness::new(), text),
            Err(Failure::Invalid(problem.into())),
            "{text}"
        );
    }
    let mut small = turn().build();
    small.limits.max_state_bytes = 4;
    let failure = Harness::<Puppet>::new()
        .on_firehose(small, &[message("Ana", "grow")])
        .unwrap_err();
    assert_eq!(
        failure,
        Failure::Invalid("state: 20 bytes, at most 4 are kept".into())
    );
}

#[test]
fn a_good_line_comes_back_with_what_it_answers() {
    let ana = message("Ana", "say hi there");
    let said = Harness::<Puppet>::new()
        .on_firehose(turn(), std::slice::from_ref(&ana))
        .unwrap();
    assert_eq!(
        (said.text(), said.reply_to()),
        (Some("hi there"), Some(ana.id.as_str()))
    );
}

#[test]
fn a_memory_is_found_in_the_next_call_and_not_before() {
    let mut puppet = Harness::<Puppet>::new();
    heard(&mut puppet, "remember Ana likes tea").unwrap();
    heard(&mut puppet, "remember Bo likes rain").unwrap();
    assert_eq!(
        heard(&mut puppet, "search tea").unwrap().text(),
        Some("Ana likes tea")
    );
    assert_eq!(
        heard(&mut puppet, "search").unwrap().text(),
        Some("Bo likes rain, Ana likes tea")
    );
    assert_eq!(puppet.host.remembered.len(), 2);
    let refused = heard(&mut puppet, &format!("remember {}", "x".repeat(1001))).unwrap_err();
    assert!(
        refused.to_string().contains("1 to 1000 characters"),
        "{refused}"
    );
}

#[test]
fn the_model_answers_in_order_and_within_the_budget() {
    let mut puppet = Harness::<Puppet>::new();
    puppet
        .host
        .answer("one")
        .fail(persona_sdk::llm::Error::Busy)
        .answer("three");
    let said = heard(&mut puppet, "complete x").unwrap();
    let wanted = "one, the language model is busy, three, the language model is unavailable, no language model budget is left";
    assert_eq!(said.text(), Some(wanted));
    assert_eq!(
        (puppet.host.requests.len(), puppet.host.latest_prompt()),
        (5, "x")
    );
}

#[test]
fn the_same_seed_rolls_the_same() {
    let roll = |seed| {
        let called = Harness::<Puppet>::new()
            .on_firehose(turn().seed(seed), &[message("Ana", "roll")])
            .unwrap();
        called.text().unwrap().to_owned()
    };
    assert_eq!(roll(3), roll(3));
    assert_ne!(roll(3), roll(4));
}

#[test]
fn state_of_another_version_is_left_behind_and_said_so() {
    let mut puppet = Harness::<Puppet>::new();
    let called = puppet
        .on_firehose(turn().state(1, "whatever"), &[message("Ana", "idle")])
        .unwrap();
    assert!(called.state_changed);
    assert_eq!(puppet.persona(), Puppet { heard: 1 });
    let (level, text) = &puppet.host.log[0];
    assert_eq!(*level, Level::Warn);
    assert_eq!(
        text,
        "left 8 bytes of state version 1 behind and started anew with version 2"
    );
}

#[test]
fn state_that_can_not_be_read_is_kept_and_the_call_fails() {
    let mut puppet = Harness::<Puppet>::new();
    let failure = puppet
        .on_firehose(turn().state(2, "{}"), &[message("Ana", "idle")])
        .unwrap_err();
    let words = failure.to_string();
    assert!(
        words.contains("state version 2 can't be read: missing field `heard`"),
        "{words}"
    );
    assert!(words.contains("#[serde(default)]"), "{words}");
}

#[test]
fn a_reflection_has_state_and_deltas() {
    let mut puppet = Harness::<Puppet>::new();
    heard(&mut puppet, "idle").unwrap();
    let digest = |lines_said| Digest {
        since: NOW,
        lines_said,
        highlights: Vec::new(),
        memories: Vec::new(),
    };
    let reflection = puppet.reflect(turn(), &digest(1)).unwrap();
    assert_eq!(
        (reflection.relationships.len(), puppet.persona().heard),
        (1, 0)
    );
    assert!(matches!(
        puppet.reflect(turn(), &digest(2)),
        Err(Failure::Invalid(_))
    ));
}
