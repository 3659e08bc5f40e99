//! From a subtitle file to a room where people are answered.

mod support;

use std::collections::BTreeSet;
use support::{
    Home,
    viewer::{Viewer, is_persona},
};

#[tokio::test]
async fn personas_react_to_the_stream_and_answer_people() {
    let home = Home::lively();
    let server = home.serve(&[]);
    let mut ana = Viewer::enter(&server, "name=Ana").await;

    // Both modules speak: one reacts to the stream by a model, one without.
    let mut speakers = BTreeSet::new();
    while speakers.len() < 2 {
        let frame = ana.until("line of each persona", is_persona).await;
        let text = frame["message"]["text"].as_str().unwrap();
        assert!(
            !text.is_empty() && text.chars().count() <= 500 && !text.contains(['\n', '\r']),
            "{text:?}"
        );
        assert!(
            frame["message"]["call_id"].is_string(),
            "a persona's line names its call: {frame}"
        );
        speakers.insert(
            frame["message"]["author"]["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(
        speakers,
        BTreeSet::from(["persona:nova".to_owned(), "persona:pogo".to_owned()])
    );

    // A person is acknowledged, seen by others, and answered. A persona may stay silent, so she
    // asks more than once.
    let mut ben = Viewer::enter(&server, "name=Ben").await;
    let mut asked = Vec::new();
    let mut seen = BTreeSet::new();
    for question in 0..5 {
        let nonce = format!("q{question}");
        assert!(
            ana.say(
                &nonce,
                &format!("Nova, why is the lighthouse so old? ({question})")
            )
            .await
        );
        let ack = ana
            .until("acknowledgement", |frame| frame["nonce"] == nonce.as_str())
            .await;
        assert_eq!(ack["type"], "ack", "{ack}");
        asked.push(ack["id"].clone());
        let mut lines = 0;
        // Ben hears the question, and then either its answer or a few other lines.
        let answer = ben
            .until("answer", |frame| {
                if frame["type"] != "message" {
                    return false;
                }
                seen.insert(frame["message"]["id"].to_string());
                lines += usize::from(is_persona(frame) && seen.contains(&ack["id"].to_string()));
                asked.contains(&frame["message"]["reply_to"]) || lines >= 12
            })
            .await;
        if asked.contains(&answer["message"]["reply_to"]) {
            assert!(is_persona(&answer), "{answer}");
            assert!(
                asked.iter().all(|id| seen.contains(&id.to_string())),
                "everyone sees the questions"
            );
            return;
        }
    }
    panic!("nobody answered any of {asked:?}");
}

#[tokio::test]
async fn what_moderation_drops_is_told_to_its_sender_and_nobody_else() {
    let home = Home::lively();
    let server = home.serve(&[]);
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    assert!(ana.say("bad", "have some Forbidden  Fruit!").await);
    let refused = ana.until("refusal", |frame| frame["nonce"] == "bad").await;
    assert_eq!(refused["type"], "error", "{refused}");
    assert!(ana.say("good", "have some bread").await);
    let said = ana
        .until("message", |frame| {
            frame["type"] == "message" && frame["message"]["author"]["kind"] == "viewer"
        })
        .await;
    assert_eq!(said["message"]["text"], "have some bread");
}
