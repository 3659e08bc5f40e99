//! Whatever people say and moderators do at two gateways, in whatever order the store answers: what was taken back is
//! read nowhere, offsets have no gaps, and everybody ends with the same view.
//!
//! `CHATTER_SCHEDULES=200 cargo test -p chatter-gateway --test gateway acts` tries as many orders.

use crate::{
    faulty::Faulty,
    held::hold,
    host::{Client, Host, MESSAGES},
    requests::as_operator,
};
use chatter_protocol::MessageId;
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Orders that are tried in an ordinary run of the tests, and steps in each of them.
const SCHEDULES: u64 = 6;
const STEPS: usize = 120;

/// Orders that are under way at a time.
const AT_ONCE: usize = 8;

const PEOPLE: [&str; 3] = ["ana", "bob", "cy"];

/// A room's messages as somebody sees them: by offset the id, the author, and the text unless it was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct View(BTreeMap<u64, (String, String, Option<String>)>);

impl View {
    fn last(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(offset, _)| *offset)
    }

    fn add(&mut self, offset: u64, message: &Value) {
        assert_eq!(offset, self.last() + 1, "no gaps");
        let text = |key: &str| message[key].as_str().unwrap().to_owned();
        let author = message["author"]["id"].as_str().unwrap().to_owned();
        let shown = (message["deleted"] != true).then(|| text("text"));
        self.0.insert(offset, (text("id"), author, shown));
    }

    fn take(&mut self, frame: &Value) {
        match frame["type"].as_str() {
            Some("message") => self.add(frame["offset"].as_u64().unwrap(), &frame["message"]),
            Some("remove") => {
                for (id, _, text) in self.0.values_mut() {
                    text.take_if(|_| frame["id"] == *id);
                }
            }
            Some("clear") => {
                let up_to = frame["up_to"].as_u64().unwrap();
                for (_, (_, author, text)) in self.0.range_mut(..=up_to) {
                    text.take_if(|_| frame["author"].is_null() || frame["author"] == *author);
                }
            }
            _ => {}
        }
    }

    async fn of_log(host: &Host) -> Self {
        let page = host
            .get(&format!("{MESSAGES}?after=0&limit=500"))
            .await
            .json();
        let mut view = Self::default();
        for placed in page["messages"].as_array().unwrap() {
            view.add(placed["offset"].as_u64().unwrap(), &placed["message"]);
        }
        view
    }
}

/// Somebody who watches, or is away for a while.
struct Watcher<'a> {
    host: &'a Host,
    client: Option<Client>,
    view: View,
}

impl<'a> Watcher<'a> {
    async fn come(&mut self) {
        let after = self.view.last();
        let (client, hello) = self.host.watch(&format!("?name=dee&after={after}")).await;
        assert_eq!(hello["recovered"], true);
        self.client = Some(client);
    }

    fn look(&mut self) {
        while let Some(frame) = self.client.as_mut().and_then(Client::ready) {
            self.view.take(&frame);
        }
    }
}

/// What became of something that somebody wanted.
enum Outcome {
    Said(String),
    Waits(String),
    Approved(String, u64),
    Denied(String),
    Removed(String),
    Cleared(Option<String>, u64),
    Banned(String),
    Refused,
}

/// What has to be so in the end, as answers told it.
#[derive(Default)]
struct Promised {
    said: Vec<String>,
    waits: Vec<String>,
    approved: BTreeMap<String, u64>,
    denied: BTreeSet<String>,
    removed: BTreeSet<String>,
    cleared: Vec<(Option<String>, u64)>,
    banned: BTreeSet<String>,
}

impl Promised {
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Said(id) => self.said.push(id),
            Outcome::Waits(id) => self.waits.push(id),
            Outcome::Approved(id, offset) => {
                self.said.push(id.clone());
                self.approved.insert(id, offset);
            }
            Outcome::Denied(id) => drop(self.denied.insert(id)),
            Outcome::Removed(id) => drop(self.removed.insert(id)),
            Outcome::Cleared(author, up_to) => self.cleared.push((author, up_to)),
            Outcome::Banned(author) => drop(self.banned.insert(author)),
            Outcome::Refused => {}
        }
    }

    /// What a log does not keep of it.
    fn broken(&self, log: &View) -> Vec<String> {
        let mut broken = Vec::new();
        let mut places = BTreeMap::new();
        for (offset, (id, author, text)) in &log.0 {
            if let Some(before) = places.insert(id, offset) {
                broken.push(format!("{id} is at {before} and {offset}"));
            }
            if self.denied.contains(id) {
                broken.push(format!("{offset} was denied"));
            }
            if text.is_none() {
                continue;
            }
            let cleared = self.cleared.iter().any(|(whose, up_to)| {
                offset <= up_to && whose.as_ref().is_none_or(|whose| whose == author)
            });
            // What a moderator let out is there though its author is banned since.
            let banned = self.banned.contains(author) && !self.approved.contains_key(id);
            if cleared || banned || self.removed.contains(id) {
                broken.push(format!("{offset} of {author} was taken back"));
            }
        }
        for id in &self.said {
            if !places.contains_key(id) {
                broken.push(format!("{id} was acknowledged"));
            }
        }
        for (id, offset) in &self.approved {
            if places.get(id).is_some_and(|place| *place != offset) {
                broken.push(format!("{id} was acknowledged at {offset}"));
            }
        }
        broken
    }
}

/// Something that happens, drawn.
fn draw<'a>(
    rng: &mut ChaCha8Rng,
    host: &'a Host,
    n: usize,
    promised: &Promised,
) -> BoxFuture<'a, Outcome> {
    let author = PEOPLE[rng.random_range(0..PEOPLE.len())];
    let roll = rng.random_range(0..100);
    match roll {
        0..62 => Box::pin(async move {
            let id = MessageId::new().to_string();
            let held = if roll < 44 { "" } else { "numpty " };
            let text = format!("{held}text {n}");
            let said = json!({ "id": id, "author": author, "text": text });
            let answer = host.post(MESSAGES, &said).await;
            match answer.status {
                201 => Outcome::Said(id),
                202 => Outcome::Waits(id),
                // What would wait is denied if its author, or everybody, is cleared meanwhile.
                422 if answer.json()["code"] == "denied" => Outcome::Denied(id),
                403 | 429 => Outcome::Refused,
                other => panic!("{other}: {}", answer.json()),
            }
        }),
        62..78 => {
            let Some(id) = promised.waits.choose(rng).cloned() else {
                return Box::pin(async { Outcome::Refused });
            };
            let decision = ["approve", "deny"][rng.random_range(0..2)];
            Box::pin(async move {
                let request = json!({ "decision": decision });
                let (status, answer) =
                    as_operator(host, "POST", &format!("/held/{id}"), request).await;
                match (status, answer["offset"].as_u64()) {
                    (200, Some(offset)) => Outcome::Approved(id, offset),
                    (200, None) => Outcome::Denied(id),
                    // It is decided, or this gateway has yet to hear of it.
                    (404 | 409, _) => Outcome::Refused,
                    other => panic!("{other:?}: {answer}"),
                }
            })
        }
        78..92 => {
            let Some(id) = promised.said.choose(rng).cloned() else {
                return Box::pin(async { Outcome::Refused });
            };
            Box::pin(async move {
                let path = format!("/messages/{id}");
                let (status, answer) = as_operator(host, "DELETE", &path, Value::Null).await;
                assert_eq!(status, 204, "{answer}");
                Outcome::Removed(id)
            })
        }
        92..97 => {
            let author = rng.random_bool(0.7).then(|| format!("guest:{author}"));
            Box::pin(async move {
                let whose = author.as_ref().map(|author| format!("?author={author}"));
                let path = format!("/messages{}", whose.unwrap_or_default());
                let (status, answer) = as_operator(host, "DELETE", &path, Value::Null).await;
                assert_eq!(status, 200, "{answer}");
                Outcome::Cleared(author, answer["up_to"].as_u64().unwrap())
            })
        }
        _ => {
            // Somebody is left to speak.
            let author = format!("guest:{}", PEOPLE[rng.random_range(1..PEOPLE.len())]);
            Box::pin(async move {
                let request = json!({ "author": author });
                let (status, answer) = as_operator(host, "POST", "/bans", request).await;
                assert_eq!(status, 201, "{answer}");
                Outcome::Banned(author)
            })
        }
    }
}

async fn run(seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Arc::new(Faulty::shuffled(folder.path(), seed));
    let first = Host::over(folder, store, hold).await;
    let second = first.beside(hold).await;
    let hosts = [&first, &second];
    let mut watchers = Vec::new();
    for host in [&first, &first, &second, &second] {
        let mut watcher = Watcher {
            host,
            client: None,
            view: View::default(),
        };
        watcher.come().await;
        watchers.push(watcher);
    }
    let mut promised = Promised::default();
    let mut under_way = FuturesUnordered::new();
    for n in 0..STEPS {
        while under_way.len() >= AT_ONCE || !under_way.is_empty() && rng.random_bool(0.4) {
            promised.note(under_way.next().await.unwrap());
        }
        let host = hosts[rng.random_range(0..2)];
        under_way.push(draw(&mut rng, host, n, &promised));
        // One at each gateway comes and goes; the others stay.
        if rng.random_bool(0.15) {
            let watcher = &mut watchers[rng.random_range(0..2) * 2];
            watcher.look();
            match watcher.client.take() {
                Some(_) => {}
                None => watcher.come().await,
            }
        }
        watchers.iter_mut().for_each(Watcher::look);
    }
    while let Some(outcome) = under_way.next().await {
        promised.note(outcome);
    }
    for watcher in &mut watchers {
        if watcher.client.is_none() {
            watcher.come().await;
        }
    }
    let mut log = View::default();
    let mut left = Vec::new();
    let ends_well = async {
        loop {
            log = View::of_log(&second).await;
            watchers.iter_mut().for_each(Watcher::look);
            left = promised.broken(&log);
            if left.is_empty() && watchers.iter().all(|watcher| watcher.view == log) {
                return;
            }
        }
    };
    if tokio::time::timeout(Duration::from_secs(20), ends_well)
        .await
        .is_err()
    {
        assert!(left.is_empty(), "seed {seed}: {left:#?}");
        for watcher in &watchers {
            assert_eq!(watcher.view, log, "seed {seed}");
        }
    }
    // Who comes last sees the same.
    for host in hosts {
        let mut late = Watcher {
            host,
            client: None,
            view: View::default(),
        };
        late.come().await;
        while late.view.last() < log.last() {
            let frame = late.client.as_mut().unwrap().next().await;
            late.view.take(&frame);
        }
        assert_eq!(late.view, log, "seed {seed}");
    }
}

#[tokio::test]
async fn what_is_taken_back_is_gone_for_everybody_whatever_the_order() {
    let schedules = std::env::var("CHATTER_SCHEDULES")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(SCHEDULES);
    for seed in 0..schedules {
        run(seed).await;
    }
}
