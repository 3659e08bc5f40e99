//! What moderators took back, when nobody told the worker so.

use crate::support::{Act, Hall, Scripted, eager};
use chatter_protocol::{ChatMessage, MessageId, TopicKind, call::Outcome};
use chatter_store::{Change, Expected, Shelf, Store as _};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// How a moderator's act gets lost.
#[derive(Clone, Copy, Debug)]
enum Lost {
    /// It is on the desk and was never said.
    Unsaid,
    /// So much was said at once that it gave way.
    GaveWay,
}

async fn put_on_desk(hall: &Hall) {
    let act = Change {
        shelf: Shelf::Acts,
        key: "removed".into(),
        expected: Expected::Any,
        value: Some("{}".into()),
        most: 10,
        keeps_back: None,
    };
    let desks = hall.store.desks();
    desks.change_desk(&hall.room, act).await.unwrap();
}

async fn say_much(hall: &Hall) {
    let topic = hall.topic(TopicKind::ChatActs);
    for _ in 0..5_000 {
        hall.bus.publish(&topic, "{}".into()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_unheard_is_in_no_further_turn() {
    for lost in [Lost::Unsaid, Lost::GaveWay] {
        let personas = Arc::new(Scripted::default());
        personas.on("nova", |_| Act::Return(Outcome::default()));
        let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
        sleep(SECOND).await;
        let said = [hall.guest(1, "a SECRET"), hall.guest(2, "hi")];
        for entry in hall.log(&said).await {
            hall.tell(&entry).await;
        }
        sleep(SECOND).await;
        let texts = |call: &chatter_runtime::Call| -> Vec<String> {
            let recent = call.turn.recent.iter();
            recent.map(|message| message.text.clone()).collect()
        };
        let knew = personas.calls_of("nova").pop().unwrap();
        assert_eq!(texts(&knew), ["a SECRET", "hi"], "{lost:?}");

        let tombstone = Arc::new(said[0].tombstone());
        let desks = hall.store.desks();
        desks.replace(&hall.room, vec![tombstone]).await.unwrap();
        match lost {
            Lost::Unsaid => put_on_desk(&hall).await,
            Lost::GaveWay => say_much(&hall).await,
        }
        sleep(6 * SECOND).await;
        hall.context(10, "goal").await;
        sleep(SECOND).await;
        let knows = personas.calls_of("nova").pop().unwrap();
        assert_eq!(texts(&knows), ["hi"], "{lost:?}");
        hall.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_waited_for_long_is_looked_up_before_it_is_handed_out() {
    // How many messages ago it was said, whether it was taken back unheard, and whether it is handed out.
    for (ago, taken_back, told) in [(600, false, true), (600, true, false), (2_100, true, false)] {
        let personas = Arc::new(Scripted::default());
        personas.on("nova", |_| {
            Act::ReturnAfter(60 * SECOND, Outcome::default())
        });
        let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
        sleep(SECOND).await;
        hall.context(1, "goal").await;
        sleep(SECOND).await;
        assert_eq!(personas.calls_of("nova").len(), 1, "it is in a call");

        let asked = hall.guest(1, "nova, what is the SECRET?");
        let other = |n: u64| ChatMessage {
            id: MessageId::from_parts(n, [0; 10]),
            ..(*hall.guest(2, "la")).clone()
        };
        let others: Vec<_> = (0..ago).map(|n| Arc::new(other(n))).collect();
        let asked_first = [asked.clone()];
        for said in std::iter::once(&asked_first[..]).chain(others.chunks(100)) {
            for entry in hall.log(said).await {
                hall.tell(&entry).await;
            }
            sleep(SECOND / 10).await;
        }
        if taken_back {
            let tombstone = Arc::new(asked.tombstone());
            let desks = hall.store.desks();
            desks.replace(&hall.room, vec![tombstone]).await.unwrap();
        }
        put_on_desk(&hall).await;
        sleep(60 * SECOND).await;
        let batches = personas.batches_of("nova");
        assert_eq!(batches[0].len(), if told { 64 } else { 63 }, "{ago} ago");
        assert_eq!(batches[0].contains(&asked.text), told, "{ago} ago");
        hall.close().await;
    }
}
