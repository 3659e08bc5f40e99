//! Modes of a room, in which not everybody may say everything.

use crate::{
    host::Host,
    requests::{as_operator, moderator, order, ordered, say},
};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn modes_are_told_kept_and_enforced() {
    let host = Host::start().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    let mut boss = moderator(&host).await;
    ordered(&mut boss, "/slow 10").await;
    let modes = bob.next_of("modes").await;
    assert_eq!(
        (&modes["slow_seconds"], &modes["unique"]),
        (&json!(10), &json!(false))
    );
    assert_eq!(say(&host, "ana", "one").await.0, 201);
    let (status, problem) = say(&host, "ana", "two").await;
    assert_eq!((status, &problem["code"]), (429, &json!("slow_mode")));
    assert_eq!(order(&mut boss, "quick").await["type"], "ack");
    assert_eq!(
        order(&mut boss, "again").await["type"],
        "ack",
        "not for moderators"
    );

    let host = host.restart().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    assert_eq!(bob.next().await["type"], "modes");
    assert_eq!(
        say(&host, "ana", "two").await.1["code"],
        "slow_mode",
        "after a restart"
    );
    let patch = json!({ "slow_seconds": null, "emote_only": true });
    let (status, modes) = as_operator(&host, "PATCH", "/modes", patch).await;
    assert_eq!((status, &modes["slow_seconds"]), (200, &Value::Null));
    assert_eq!(say(&host, "ana", "two").await.1["code"], "emote_only");
    assert_eq!(say(&host, "ana", ":hype: :lol:").await.0, 201);
    let patch = json!({ "emote_only": false, "unique": true });
    as_operator(&host, "PATCH", "/modes", patch).await;
    assert_eq!(say(&host, "ana", "Left!").await.0, 201);
    assert_eq!(say(&host, "bob", "left").await.1["code"], "repeated");
    as_operator(
        &host,
        "PATCH",
        "/modes",
        json!({ "unique": false, "known_minutes": 0 }),
    )
    .await;
    assert_eq!(say(&host, "ana", "hi").await.1["code"], "known_mode");
    let (status, _) = as_operator(&host, "PATCH", "/modes", json!({ "slow_seconds": 0 })).await;
    assert_eq!(status, 422);
}

/// In milliseconds.
const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn slow_mode_goes_by_a_clock_that_is_set_back() {
    let host = Host::start().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    let mut boss = moderator(&host).await;
    ordered(&mut boss, "/slow 10").await;
    bob.next_of("modes").await;
    assert_eq!(say(&host, "ana", "one").await.0, 201);
    host.time.fetch_sub(HOUR, Ordering::Relaxed);
    for (text, seconds, status) in [
        ("two", 0, 201),
        ("three", 0, 429),
        ("four", 9, 429),
        ("five", 1, 201),
    ] {
        host.time.fetch_add(seconds * 1000, Ordering::Relaxed);
        assert_eq!(say(&host, "ana", text).await.0, status, "{text}");
    }

    // It comes back with the clock that it started with at first.
    host.time.fetch_add(2 * HOUR, Ordering::Relaxed);
    assert_eq!(say(&host, "ana", "six").await.0, 201);
    let host = host.restart().await;
    for (text, seconds, status) in [("seven", 0, 429), ("eight", 10, 201), ("nine", 0, 429)] {
        host.time.fetch_add(seconds * 1000, Ordering::Relaxed);
        assert_eq!(say(&host, "ana", text).await.0, status, "{text}");
    }
}
