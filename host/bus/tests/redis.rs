//! The bus on real redis-servers: several processes hear each other, and whoever was cut off is told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use chatter_bus::{
    Bus, BusError, Heard, Subscription,
    redis::{FaultKind, Link, Redis, command},
};
use chatter_protocol::{RoomId, Topic, TopicKind};
use chatter_redis_server::{Cluster, Proxy, RedisServer, TlsServer};
use std::{io::Write, net::TcpListener, time::Duration};
use tokio::time::timeout;

/// Longer than anything here takes, and short enough to see that something hangs.
const LONG: Duration = Duration::from_secs(30);

async fn bus(url: &str) -> Redis {
    Redis::new(Link::connect(url.parse().unwrap()).await.unwrap())
}

fn topic(kind: TopicKind, room: &str) -> Topic {
    Topic::new(kind, RoomId::new(room).unwrap())
}

fn chat() -> Topic {
    topic(TopicKind::ChatFirehose, "main/lobby")
}

fn context() -> Topic {
    topic(TopicKind::StreamContext, "main/lobby")
}

async fn say(bus: &Redis, topic: &Topic, text: &str) {
    bus.publish(topic, Bytes::copy_from_slice(text.as_bytes()))
        .await
        .unwrap();
}

async fn next(subscription: &mut Subscription) -> Heard {
    timeout(LONG, subscription.next())
        .await
        .expect("something is heard")
        .unwrap()
}

fn message(topic: &Topic, text: &str) -> Heard {
    Heard::Message {
        topic: topic.clone(),
        payload: Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn lagged(topic: &Topic) -> Heard {
    Heard::Lagged {
        topic: topic.clone(),
        missed: 1,
    }
}

#[tokio::test]
async fn processes_hear_each_other_and_whoever_publishes_by_hand() {
    let server = RedisServer::forgetful();
    let (here, there) = (bus(&server.url()).await, bus(&server.url()).await);
    let mut both = here.subscribe(&[chat(), context(), chat()]).await.unwrap();
    let mut one = here.subscribe(&[context()]).await.unwrap();
    say(&there, &chat(), "a").await;
    say(
        &there,
        &topic(TopicKind::ChatFirehose, "main/attic"),
        "not here",
    )
    .await;
    say(&there, &context(), "b").await;
    say(&here, &chat(), "c").await;
    assert_eq!(
        server.cli(&["PUBLISH", "stream.context:{main/lobby}", "d"]),
        "1"
    );
    for (topic, text) in [
        (chat(), "a"),
        (context(), "b"),
        (chat(), "c"),
        (context(), "d"),
    ] {
        assert_eq!(
            next(&mut both).await,
            message(&topic, text),
            "once, and in order"
        );
    }
    assert_eq!(next(&mut one).await, message(&context(), "b"));
    assert_eq!(next(&mut one).await, message(&context(), "d"));

    drop(both);
    say(&there, &context(), "e").await;
    assert_eq!(
        next(&mut one).await,
        message(&context(), "e"),
        "others listen on"
    );
    drop(one);
    while !server.cli(&["PUBSUB", "CHANNELS"]).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Listened to again at once, while it may still be on its way out.
    for n in 0..20 {
        let mut again = here.subscribe(&[chat()]).await.unwrap();
        say(&there, &chat(), &n.to_string()).await;
        assert_eq!(next(&mut again).await, message(&chat(), &n.to_string()));
    }
}

/// How a connection can end.
enum Cut {
    ByProxy,
    /// As the server ends one that does not take what it is sent.
    ByServer,
    ServerEnds,
}

#[tokio::test]
async fn whoever_was_cut_off_is_told_and_hears_again() {
    for cut in [Cut::ByProxy, Cut::ByServer, Cut::ServerEnds] {
        let mut server = RedisServer::forgetful();
        let proxy = Proxy::before(server.address());
        let here = bus(&proxy.url()).await;
        let mut heard = here.subscribe(&[chat(), context()]).await.unwrap();
        say(&here, &chat(), "before").await;
        assert_eq!(next(&mut heard).await, message(&chat(), "before"));
        match cut {
            Cut::ByProxy => proxy.cut(),
            Cut::ByServer => assert_ne!(server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]), "0"),
            Cut::ServerEnds => server.restart(),
        }
        let mut told = [next(&mut heard).await, next(&mut heard).await];
        told.sort_by_key(|heard| format!("{heard:?}"));
        assert_eq!(told, [lagged(&chat()), lagged(&context())]);
        // By now it listens again.
        let there = bus(&server.url()).await;
        say(&there, &chat(), "after").await;
        assert_eq!(next(&mut heard).await, message(&chat(), "after"));
    }
}

#[tokio::test]
async fn a_flood_drops_the_oldest_and_says_so() {
    let server = RedisServer::forgetful();
    let (here, there) = (bus(&server.url()).await, bus(&server.url()).await);
    let mut slow = here.subscribe(&[chat()]).await.unwrap();
    let mut witness = here.subscribe(&[context()]).await.unwrap();
    let flood = 5_000_u64;
    for batch in 0..flood / 250 {
        let said = (0..250).map(|n| {
            let (there, text) = (&there, (250 * batch + n).to_string());
            async move { say(there, &chat(), &text).await }
        });
        futures_util::future::join_all(said).await;
    }
    say(&there, &context(), "end").await;
    assert_eq!(next(&mut witness).await, message(&context(), "end"));
    let Heard::Lagged { missed, .. } = next(&mut slow).await else {
        panic!("all of it was kept")
    };
    for _ in missed..flood {
        assert!(matches!(next(&mut slow).await, Heard::Message { .. }));
    }
    say(&there, &chat(), "the last").await;
    assert_eq!(
        next(&mut slow).await,
        message(&chat(), "the last"),
        "all the others were counted"
    );
}

#[tokio::test]
async fn one_that_was_a_replica_is_connected_to_once() {
    let server = RedisServer::forgetful();
    let link = Link::connect(server.url().parse().unwrap()).await.unwrap();
    let mut back = link.reconnects();
    let mut set = command("SET");
    set.arg("chatter:x").arg(1);
    let set = || link.ask("set", "chatter:x", &set);
    // Of nobody, so that it never hears what it should copy.
    assert_eq!(server.cli(&["REPLICAOF", "127.0.0.1", "1"]), "OK");
    let refused = futures_util::future::join_all((0..50).map(|_| set())).await;
    let is_refused = |kind| matches!(kind, FaultKind::ReadOnly | FaultKind::Cut);
    let refused: Vec<_> = refused.into_iter().map(|it| it.unwrap_err().kind).collect();
    assert!(refused.iter().all(|kind| is_refused(*kind)), "{refused:?}");
    assert_eq!(server.cli(&["REPLICAOF", "NO", "ONE"]), "OK");
    timeout(LONG, back.wait_for(|times| *times > 0))
        .await
        .unwrap()
        .unwrap();
    for _ in 0..3 {
        set().await.unwrap();
    }
    assert_eq!(*back.borrow(), 1);
}

#[tokio::test]
async fn nobody_waits_for_a_server_without_end() {
    let mut server = RedisServer::forgetful();
    let here = bus(&server.url()).await;
    server.pause();
    let said = timeout(LONG, here.publish(&chat(), Bytes::from_static(b"a")))
        .await
        .unwrap();
    assert!(matches!(said, Err(BusError::Unreachable(_))), "{said:?}");
    server.kill();
    let heard = timeout(LONG, here.subscribe(&[chat()])).await.unwrap();
    let why = heard.unwrap_err().to_string();
    assert!(why.contains(&server.address().to_string()), "{why}");
    let said = timeout(LONG, here.publish(&chat(), Bytes::from_static(b"a")))
        .await
        .unwrap();
    assert!(matches!(said, Err(BusError::Unreachable(_))), "{said:?}");
}

#[tokio::test]
async fn a_server_that_is_none_is_told_in_words() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    let web_address = web.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in web.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let secret = RedisServer::with(&["--requirepass", "hunter2", "--save", ""]);
    let renamed = RedisServer::with(&["--requirepass", "hunter2", "--rename-command", "HELLO", ""]);
    let cases = [
        (
            format!("redis://:hunter2@{}", renamed.address()),
            "does not know the command HELLO",
        ),
        (format!("redis://{nobody}"), "nothing listens there"),
        (format!("redis://{web_address}"), "is no Redis"),
        (secret.url(), "?password_env=NAME"),
        (
            format!("redis://:wrong@{}", secret.address()),
            "refuses user or password",
        ),
        (
            format!("rediss://{}", secret.address()),
            "no TLS connection",
        ),
        (
            format!("rediss://{}?ca=/none.pem", secret.address()),
            "/none.pem",
        ),
    ];
    for (url, words) in cases {
        let why = Link::connect(url.parse().unwrap())
            .await
            .unwrap_err()
            .to_string();
        assert!(
            why.contains(words) && !why.contains("wrong") && !why.contains("hunter2"),
            "{url}: {why}"
        );
    }
    let link = Link::connect(
        format!("redis://:hunter2@{}", secret.address())
            .parse()
            .unwrap(),
    )
    .await
    .unwrap();
    assert!(!format!("{link} {link:?}").contains("hunter2"));
}

#[tokio::test]
async fn tls_trusts_whom_it_is_told_to() {
    let open = TlsServer::start(false);
    let there = bus(&open.url("ca.pem")).await;
    let mut heard = there.subscribe(&[chat()]).await.unwrap();
    say(&there, &chat(), "secretly").await;
    assert_eq!(next(&mut heard).await, message(&chat(), "secretly"));
    assert!(there.describe().contains("with TLS"));

    let strict = TlsServer::start(true);
    let there = bus(&strict.signed_url()).await;
    say(&there, &chat(), "a").await;

    let system = format!("rediss://{}", open.server.address());
    let plain = format!("redis://{}", open.server.address());
    let cases = [
        (open.url("other.pem"), "no TLS connection"),
        (open.url("server.key"), "no certificate is in it"),
        (open.url("none.pem"), "none.pem"),
        (system, "?ca=FILE"),
        (plain, "is TLS (rediss://) as it should be"),
        (strict.url("ca.pem"), "TLS"),
    ];
    for (url, words) in cases {
        let why = Link::connect(url.parse().unwrap())
            .await
            .unwrap_err()
            .to_string();
        assert!(why.contains(words), "{url}: {why}");
    }
}

#[tokio::test]
async fn a_cluster_is_heard_by_all_through_all_of_it() {
    let mut cluster = Cluster::start();
    let (here, there) = (bus(&cluster.url()).await, bus(&cluster.url()).await);
    let rooms: Vec<Topic> = (0..12)
        .map(|n| topic(TopicKind::ChatFirehose, &format!("main/room-{n}")))
        .collect();
    let mut heard = here.subscribe(&rooms).await.unwrap();
    for room in &rooms {
        say(&there, room, "a").await;
    }
    let mut open = rooms.clone();
    while !open.is_empty() {
        let Heard::Message { topic, payload } = next(&mut heard).await else {
            panic!("nothing was missed")
        };
        assert_eq!(payload, "a");
        open.retain(|room| *room != topic);
    }
    for node in &cluster.nodes {
        assert_ne!(
            node.cli(&["PUBSUB", "SHARDCHANNELS"]),
            "",
            "the rooms are spread over the nodes"
        );
    }
    cluster.nodes[1].restart();
    let mut told = Vec::new();
    // Those of the node that was away, and only they.
    let cut_off = loop {
        match next(&mut heard).await {
            Heard::Lagged { topic, .. } => told.push(topic),
            Heard::Message { .. } => panic!("nobody has said anything"),
        }
        let channels = cluster.nodes[1].cli(&["PUBSUB", "SHARDCHANNELS"]);
        if channels.lines().count() == told.len() {
            break channels;
        }
    };
    for topic in told {
        assert!(cut_off.contains(&topic.to_string()), "{topic}");
        loop {
            if there
                .publish(&topic, Bytes::from_static(b"b"))
                .await
                .is_ok()
            {
                break;
            }
        }
        assert_eq!(next(&mut heard).await, message(&topic, "b"));
    }
}
