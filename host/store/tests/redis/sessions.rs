//! Which sessions are forgotten when there are too many.

use crate::{link, open};
use chatter_bus::redis::command;
use chatter_protocol::{AuthorId, Timestamp};
use chatter_redis_server::RedisServer;
use chatter_store::{SESSIONS_KEPT, Store, StoredSession};

fn session(token: &str) -> StoredSession {
    StoredSession {
        token_sha256: token.into(),
        author_id: AuthorId::new("guest:ana").unwrap(),
        name: "Ana".into(),
        created_at: Timestamp::from_millis(0),
        used_at: Timestamp::from_millis(0),
    }
}

#[tokio::test]
async fn of_too_many_sessions_those_that_nobody_uses_are_forgotten() {
    let server = RedisServer::forgetful();
    let store = open(&server.url()).await;
    store.put_session(session("used")).await.unwrap();
    store.put_session(session("forgotten")).await.unwrap();
    // As many strangers' as there may be beside them, some at a time, since Redis does nothing else meanwhile.
    let strangers = "for i = 1, tonumber(ARGV[1]) do
          local token = 'token ' .. redis.call('INCR', KEYS[3])
          redis.call('HSET', KEYS[1], token, '{}')
          redis.call('ZADD', KEYS[2], redis.call('GET', KEYS[3]), token)
        end
        return 0";
    let keys = ["by-token", "order", "number"].map(|key| format!("chatter:{key}:{{sessions}}"));
    let link = link(&server.url()).await;
    let mut left = SESSIONS_KEPT - 2;
    while left > 0 {
        let some = left.min(5000);
        let mut fill = command("EVAL");
        fill.arg(strangers).arg(keys.len()).arg(&keys).arg(some);
        link.ask("fill", &keys[0], &fill).await.unwrap();
        left -= some;
    }
    store.put_session(session("used")).await.unwrap();
    store.put_session(session("new")).await.unwrap();
    for (token, kept) in [("used", true), ("forgotten", false), ("new", true)] {
        let found = store.session(token).await.unwrap();
        assert_eq!(found.is_some(), kept, "{token}");
    }
}
