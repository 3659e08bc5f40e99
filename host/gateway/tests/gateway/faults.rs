//! A store that fails: what is promised all the same.

use crate::{
    host::{Host, LOBBY, MESSAGES, TOKEN, heard, lobby, soon},
    personas::{commit, fates, line},
    resume::message,
};
use async_trait::async_trait;
use chatter_gateway::Config;
use chatter_protocol::{CallId, ChatMessage, MessageId, PersonaId, RoomId, TopicKind, call};
use chatter_store::{
    Appended, CallCommit, Change, Changed, Desk, Desks, Duties, Head, LogPage, PendingLine,
    PendingMemory, Shelf, Sqlite, Store, StoreError, StoredSession, StoredState,
};
use futures_util::future::join_all;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify};

/// A store whose log can be made to fail, for writing and for reading.
struct Faulty {
    inner: Sqlite,
    refuses_writes: AtomicBool,
    refuses_reads: AtomicBool,
    /// How many looks at one message there are, and were at most at a time.
    looks: [AtomicUsize; 2],
    /// How often the log was read, or asked where it stands.
    reads: AtomicUsize,
    /// How many sessions were made.
    sessions: AtomicUsize,
    /// The log is asked where it stands after it became another one.
    is_another: AtomicBool,
    /// Acts of moderators can't be kept.
    refuses_acts: AtomicBool,
    /// Or who keeps one waits, says so, and is let go on.
    stops_acts: AtomicBool,
    stopped: Notify,
    go_on: Notify,
}

impl Faulty {
    fn check(fault: &AtomicBool) -> Result<(), StoreError> {
        if fault.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable("the test wants it so".into()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Store for Faulty {
    async fn append_fenced(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
        fence: Option<u64>,
    ) -> Result<Appended, StoreError> {
        Self::check(&self.refuses_writes)?;
        self.inner.append_fenced(room, messages, fence).await
    }

    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Self::check(&self.refuses_reads)?;
        let [now, most] = &self.looks;
        if limit == 1 {
            let together = now.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(together, Ordering::SeqCst);
            // Whoever asks for others meanwhile does so before this one has its answer.
            tokio::task::yield_now().await;
        }
        let page = self.inner.read_after(room, after, limit).await;
        if limit == 1 {
            now.fetch_sub(1, Ordering::SeqCst);
        }
        page
    }

    async fn head(&self, room: &RoomId) -> Result<Head, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let mut head = self.inner.head(room).await?;
        if self.is_another.load(Ordering::SeqCst) {
            head.epoch.push_str("-another");
        }
        Ok(head)
    }

    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError> {
        self.inner.read_latest(room, limit).await
    }

    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        self.inner.commit(commit).await
    }

    async fn state(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        without: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError> {
        self.inner.state(room, persona, without).await
    }

    async fn pending_lines(
        &self,
        room: &RoomId,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingLine>, StoreError> {
        self.inner.pending_lines(room, limit, wait).await
    }

    async fn settle_fenced(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, call::Fate)>,
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        self.inner.settle_fenced(room, settled, fence).await
    }

    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<call::LineFate>, StoreError> {
        self.inner.fates(room, persona, limit).await
    }

    async fn pending_memories(
        &self,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingMemory>, StoreError> {
        self.inner.pending_memories(limit, wait).await
    }

    async fn settle_memories(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        self.inner.settle_memories(ids).await
    }

    async fn put_session(&self, session: StoredSession) -> Result<(), StoreError> {
        self.sessions.fetch_add(1, Ordering::SeqCst);
        self.inner.put_session(session).await
    }

    async fn session(&self, token_sha256: &str) -> Result<Option<StoredSession>, StoreError> {
        self.inner.session(token_sha256).await
    }

    fn desks(&self) -> &dyn Desks {
        self
    }

    fn duties(&self) -> &dyn Duties {
        self.inner.duties()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[async_trait]
impl Desks for Faulty {
    async fn desk_version(&self, room: &RoomId) -> Result<u64, StoreError> {
        self.inner.desks().desk_version(room).await
    }

    async fn desk(&self, room: &RoomId) -> Result<Desk, StoreError> {
        self.inner.desks().desk(room).await
    }

    async fn change_desk(&self, room: &RoomId, change: Change) -> Result<Changed, StoreError> {
        if change.shelf == Shelf::Acts {
            Self::check(&self.refuses_acts)?;
            if self.stops_acts.load(Ordering::SeqCst) {
                self.stopped.notify_one();
                self.go_on.notified().await;
            }
        }
        self.inner.desks().change_desk(room, change).await
    }

    async fn find(
        &self,
        room: &RoomId,
        id: MessageId,
    ) -> Result<Option<(u64, Arc<ChatMessage>)>, StoreError> {
        self.inner.desks().find(room, id).await
    }

    async fn replace(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Result<u64, StoreError> {
        self.inner.desks().replace(room, messages).await
    }
}

async fn faulty() -> (Host, Arc<Faulty>) {
    faulty_with(|_| {}).await
}

async fn faulty_with(change: impl FnOnce(&mut Config)) -> (Host, Arc<Faulty>) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Arc::new(Faulty {
        inner: Sqlite::open(&folder.path().join("chatter.db")).unwrap(),
        refuses_writes: AtomicBool::new(false),
        refuses_reads: AtomicBool::new(false),
        looks: [const { AtomicUsize::new(0) }; 2],
        reads: AtomicUsize::new(0),
        sessions: AtomicUsize::new(0),
        is_another: AtomicBool::new(false),
        refuses_acts: AtomicBool::new(false),
        stops_acts: AtomicBool::new(false),
        stopped: Notify::new(),
        go_on: Notify::new(),
    });
    let host = Host::over(folder, store.clone(), change).await;
    (host, store)
}

#[tokio::test]
async fn what_is_in_the_log_is_acknowledged_whoever_else_sends_again() {
    let (host, store) = faulty().await;
    let id = MessageId::new();
    let first = host
        .post(MESSAGES, &json!({"id": id, "author": "ana", "text": "one"}))
        .await;
    assert_eq!(first.status, 201);
    let mut firehose = host.listen(TopicKind::ChatFirehose).await;

    store.refuses_reads.store(true, Ordering::SeqCst);
    // At the same moment, so that they are likely to be decided about together.
    let posts = (0..40).map(|n| {
        let body = if n % 2 == 0 {
            json!({"id": id, "author": "ben", "text": "mine"})
        } else {
            json!({"author": "carla", "text": format!("new {n}")})
        };
        let host = &host;
        async move { (n, host.post(MESSAGES, &body).await) }
    });
    for (n, answer) in soon(join_all(posts)).await {
        let expected = if n % 2 == 0 { 503 } else { 201 };
        assert_eq!(answer.status, expected, "post {n}: {}", answer.text());
    }
    for _ in 0..20 {
        heard(&mut firehose).await;
    }

    store.refuses_reads.store(false, Ordering::SeqCst);
    let again = host
        .post(
            MESSAGES,
            &json!({"id": id, "author": "ben", "text": "mine"}),
        )
        .await;
    assert_eq!(
        (again.status, &again.json()["code"]),
        (409, &json!("id_taken"))
    );
    host.end().await;
}

/// As after a gateway that was killed between keeping lines and settling them.
#[tokio::test]
async fn whose_lines_came_again_is_looked_up_at_once() {
    let (host, store) = faulty().await;
    let call = CallId::new();
    let lines: Vec<_> = (0..5).map(|n| line(call, &format!("line {n}"))).collect();
    let kept = lines.iter().cloned().map(Arc::new).collect();
    host.store.append(&lobby(), kept).await.unwrap();
    commit(&host, lines).await;
    assert_eq!(fates(&host).await, [const { call::Fate::Accepted }; 5]);
    assert_eq!(store.looks[1].load(Ordering::SeqCst), 5);
    host.end().await;
}

#[tokio::test]
async fn a_verdict_is_told_though_the_others_could_not_be_kept() {
    let (host, store) = faulty().await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    store.refuses_writes.store(true, Ordering::SeqCst);
    let posts = (0..20).map(|n| {
        let text = if n == 10 { "frobnicate it" } else { "hello" };
        let host = &host;
        async move {
            (
                n,
                host.post(MESSAGES, &json!({"author": "ana", "text": text}))
                    .await,
            )
        }
    });
    for (n, answer) in soon(join_all(posts)).await {
        let expected = if n == 10 { 422 } else { 503 };
        assert_eq!(answer.status, expected, "post {n}: {}", answer.text());
    }
    assert_eq!(heard(&mut audit).await["rule"], "blocklist");

    store.refuses_writes.store(false, Ordering::SeqCst);
    assert_eq!(
        host.say("ana", "hello again").await,
        1,
        "nothing of the others is in the log"
    );
    host.end().await;
}

#[tokio::test]
async fn many_who_come_back_at_once_are_served_by_few_reads() {
    const VIEWERS: u64 = 200;
    const MESSAGES: u64 = 1000;
    let (host, store) = faulty().await;
    let old = (0..MESSAGES).map(|_| message("old")).collect();
    store.append(&lobby(), old).await.unwrap();
    let before = store.reads.load(Ordering::SeqCst);
    let viewers = (0..VIEWERS).map(async |n| {
        let after = MESSAGES - 1 - n * 3;
        let (mut viewer, hello) = host.watch(&format!("?name=v{n}&after={after}")).await;
        assert_eq!(hello["recovered"], true);
        let wanted: Vec<u64> = (after + 1..=MESSAGES).collect();
        assert_eq!(viewer.offsets(wanted.len()).await, wanted, "after {after}");
    });
    join_all(viewers).await;
    let reads = store.reads.load(Ordering::SeqCst) - before;
    // Without sharing it would be two for each, or more.
    assert!(reads < 100, "{reads} reads for {VIEWERS} viewers");
    host.end().await;
}

#[tokio::test]
async fn whoever_comes_back_while_the_log_cannot_be_read_is_told_to_try_later() {
    let (host, store) = faulty().await;
    let old = (0..10).map(|_| message("old")).collect();
    store.append(&lobby(), old).await.unwrap();
    store.refuses_reads.store(true, Ordering::SeqCst);
    let path = "/v1/rooms/main/lobby/ws?name=ana&after=3";
    let mut viewer = host.connect(path, &[]).await.unwrap();
    let close = viewer.closed().await.unwrap();
    assert_eq!(u16::from(close.code), 1013, "{close}");
    store.refuses_reads.store(false, Ordering::SeqCst);
    let (mut viewer, _) = host.watch("?name=ana&after=3").await;
    assert_eq!(viewer.offsets(7).await, (4..=10).collect::<Vec<_>>());
    host.end().await;
}

#[tokio::test]
async fn whoever_comes_before_the_room_knows_that_its_log_is_another_one_comes_again() {
    let (host, store) = faulty().await;
    let (mut viewer, _) = host.watch("?name=ana").await;
    host.say("ben", "old").await;
    assert_eq!(viewer.offsets(1).await, [1]);
    store.is_another.store(true, Ordering::SeqCst);
    for query in ["", "&after=0"] {
        let path = format!("{LOBBY}/ws?name=ben{query}");
        let mut late = host.connect(&path, &[]).await.unwrap();
        let close = late.closed().await.unwrap();
        assert_eq!(u16::from(close.code), 1012, "{close}");
    }
    host.end().await;
}

#[tokio::test]
async fn whoever_is_refused_at_the_door_makes_no_session() {
    let (host, store) = faulty_with(|config| config.limits.viewers_per_room = 1).await;
    let path = format!("{LOBBY}/ws");
    let _first = host.connect(&path, &[]).await.unwrap();
    assert!(host.connect(&path, &[]).await.is_err(), "the room is full");
    assert_eq!(store.sessions.load(Ordering::SeqCst), 1);
    host.end().await;
}

#[tokio::test]
async fn a_removal_that_broke_off_is_finished_by_the_next_order() {
    let (host, store) = faulty().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    host.say("ana", "SECRET").await;
    let id = bob.next().await["message"]["id"].clone();
    let path = format!("{MESSAGES}/{}", id.as_str().unwrap());
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str())];

    store.refuses_acts.store(true, Ordering::SeqCst);
    assert_eq!(host.http("DELETE", &path, &headers, "").await.status, 503);
    store.refuses_acts.store(false, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(host.http("DELETE", &path, &headers, "").await.status, 204);
    }
    let remove = bob.next().await;
    assert_eq!((&remove["type"], &remove["id"]), (&json!("remove"), &id));
    host.say("ana", "next").await;
    assert_eq!(bob.next().await["message"]["text"], "next", "told once");
    host.end().await;
}

#[tokio::test]
async fn an_order_is_carried_out_though_its_client_has_gone() {
    let (host, store) = faulty().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    host.say("ana", "SECRET").await;
    let id = bob.next().await["message"]["id"].clone();
    store.stops_acts.store(true, Ordering::SeqCst);
    let mut client = TcpStream::connect(host.addr).await.unwrap();
    let request = format!(
        "DELETE {MESSAGES}/{} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\r\n",
        id.as_str().unwrap(),
        host.addr
    );
    client.write_all(request.as_bytes()).await.unwrap();
    soon(store.stopped.notified()).await;
    drop(client);
    // What comes later is answered: the gateway has seen by then that the client has gone.
    assert_eq!(host.get("/healthz").await.status, 200);
    store.go_on.notify_one();
    assert_eq!(bob.next_of("remove").await["id"], id);
    host.end().await;
}
