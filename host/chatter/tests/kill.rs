//! What was acknowledged survives kill -9.

mod support;

use std::collections::BTreeMap;
use support::{Home, viewer::Viewer};

/// People who write at the same time.
const WRITERS: usize = 12;

/// So many acknowledgements are awaited before the kill, each writer's bucket holds a few more.
const BEFORE: usize = 60;

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost() {
    let home = Home::lively();
    let mut server = home.serve(&[]);
    let mut writers = Vec::new();
    for i in 0..WRITERS {
        writers.push(Viewer::enter(&server, &format!("name=Writer{i}")).await);
    }
    let epoch = writers[0].hello["epoch"].as_str().unwrap().to_owned();

    // All write at once and read their acknowledgements until the server is gone.
    let (acked, mut acks) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for (i, mut writer) in writers.into_iter().enumerate() {
        let acked = acked.clone();
        tasks.spawn(async move {
            for n in 0..10 {
                if !writer
                    .say(&format!("{i}-{n}"), &format!("message {n} of writer {i}"))
                    .await
                {
                    return;
                }
            }
            while let Some(frame) = writer.next().await {
                if frame["type"] == "ack" {
                    let place = (
                        frame["id"].as_str().unwrap().to_owned(),
                        frame["offset"].as_u64().unwrap(),
                    );
                    let _ = acked.send(place);
                }
            }
        });
    }
    drop(acked);
    let mut places = BTreeMap::new();
    for _ in 0..BEFORE {
        places.extend(acks.recv().await);
    }
    assert_eq!(
        places.len(),
        BEFORE,
        "the writers were cut off before the kill"
    );
    server.process.kill();
    while tasks.join_next().await.is_some() {}
    while let Some(place) = acks.recv().await {
        places.extend([place]);
    }

    let server = home.serve(&[]);
    let mut reader = Viewer::enter(&server, &format!("name=Reader&after=0&epoch={epoch}")).await;
    assert_eq!(reader.hello["epoch"], epoch.as_str());
    assert_eq!(reader.hello["recovered"], true);
    let head = reader.hello["offset"].as_u64().unwrap();
    for expected in 1..=head {
        let frame = reader
            .until("message", |frame| frame["type"] == "message")
            .await;
        assert_eq!(frame["offset"], expected, "offsets have no gaps");
        if let Some(offset) = places.remove(frame["message"]["id"].as_str().unwrap()) {
            assert_eq!(offset, expected, "a message keeps its offset");
        }
    }
    assert!(
        places.is_empty(),
        "acknowledged, but not in the log: {places:?}"
    );

    assert!(reader.say("on", "and on it goes").await);
    let ack = reader
        .until("acknowledgement", |frame| frame["nonce"] == "on")
        .await;
    assert!(ack["offset"].as_u64().unwrap() > head, "{ack}");
}
