//! What is said in a room whose policy asks a moderation provider.

use crate::{
    host::{Answer, Host, LOBBY, MESSAGES, TOKEN, soon},
    personas::{commit, fates, line},
};
use async_trait::async_trait;
use chatter_gateway::{Assessors, Config};
use chatter_llm::{Assessment, Assessor, Unassessed};
use chatter_protocol::{
    AuthorKind, CallId, ModerationPolicy, RoomId, Schematic, TenantId, TopicKind, call::Fate,
};
use chatter_store::Sqlite;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{sync::watch, time::Instant};

/// A provider that answers by the words of a text: what holds `rude` is harassment, `vile` has to do with minors,
/// `down` gets no answer, `garbage` is refused with whatever is asked with it, and `slow` gets one when it is let go. It changes its mind: `mellowing` is harassment the
/// first time that it is asked, `souring` has to do with minors from the second time on, and `waning` gets no answer
/// then.
#[derive(Debug)]
pub(crate) struct ByWords {
    asked: Mutex<Vec<Vec<String>>>,
    seen: watch::Sender<usize>,
    go: watch::Sender<bool>,
}

impl ByWords {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            asked: Mutex::default(),
            seen: watch::Sender::new(0),
            go: watch::Sender::new(false),
        })
    }

    pub(crate) fn asked(&self) -> Vec<Vec<String>> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until it was asked about this text.
    pub(crate) async fn is_asked(&self, text: &str) {
        let mut seen = self.seen.subscribe();
        let is_there = |_: &usize| self.asked().iter().flatten().any(|asked| asked == text);
        soon(seen.wait_for(is_there)).await.unwrap();
    }

    pub(crate) fn let_go(&self) {
        self.go.send_replace(true);
    }
}

#[async_trait]
impl Assessor for ByWords {
    async fn assess(
        &self,
        texts: &[String],
        _: &RoomId,
        _: Instant,
    ) -> Result<Vec<Assessment>, Unassessed> {
        self.asked.lock().unwrap().push(texts.to_vec());
        self.seen.send_modify(|seen| *seen += 1);
        let holds = |word: &str| texts.iter().any(|text| text.contains(word));
        if holds("slow") {
            self.go.subscribe().wait_for(|go| *go).await.unwrap();
        }
        let asked_before = |text: &String| {
            let asked = self.asked().into_iter().flatten();
            asked.filter(|before| before == text).count() > 1
        };
        let wanes = |text: &String| text.contains("waning") && asked_before(text);
        if holds("down") || texts.iter().any(wanes) {
            return Err(Unassessed::unknown("down"));
        }
        if holds("garbage") {
            return Err(Unassessed::of_the_texts("garbage"));
        }
        let assessment = |text: &String| {
            let (holds, again) = (|word| text.contains(word), asked_before(text));
            let rude = holds("rude") || holds("mellowing") && !again;
            let vile = holds("vile") || holds("souring") && again;
            let score = |is_so| if is_so { 0.9 } else { 0.01 };
            Assessment {
                flagged: false,
                scores: [("harassment", rude), ("sexual/minors", vile)]
                    .map(|(category, is_so)| (category.to_owned(), score(is_so)))
                    .into(),
            }
        };
        Ok(texts.iter().map(assessment).collect())
    }

    fn trouble(&self, tenant: &TenantId) -> Option<String> {
        (tenant.as_str() == "main").then(|| "the moderation provider it does not answer".into())
    }
}

pub(crate) fn asking(provider: &Arc<ByWords>, rules: Value) -> impl FnOnce(&mut Config) {
    let assessor: Arc<dyn Assessor> = Arc::clone(provider) as _;
    let policy = ModerationPolicy::from_value(json!({
        "name": "test", "patterns": { "email": "redact" }, "blocklist": ["frobnicate"], "provider": rules,
    }))
    .unwrap();
    move |config| {
        config.assessors = Assessors::new(BTreeMap::from([("it".to_owned(), assessor)]));
        config.rooms[0].policy = policy;
    }
}

pub(crate) async fn host(rules: Value) -> (Host, Arc<ByWords>) {
    let provider = ByWords::new();
    let host = Host::with(asking(&provider, rules)).await;
    (host, provider)
}

pub(crate) fn plain() -> Value {
    json!({ "name": "it" })
}

async fn say(host: &Host, author: &str, text: &str) -> (u16, Value) {
    let answer = host
        .post(MESSAGES, &json!({ "author": author, "text": text }))
        .await;
    (answer.status, answer.json())
}

pub(crate) async fn as_operator(host: &Host, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    host.http(method, &format!("{LOBBY}{path}"), &headers, body)
        .await
}

/// A command of the operator's.
async fn order(host: &Host, text: &str) {
    let answer = as_operator(host, "POST", "/messages", &json!({ "text": text })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The texts of the room's log.
pub(crate) async fn texts(host: &Host) -> Vec<String> {
    let page = host.get(&format!("{MESSAGES}?after=0")).await.json();
    let texts = page["messages"].as_array().unwrap().iter();
    texts
        .map(|placed| placed["message"]["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_it_objects_to_is_held_or_dropped_and_leaves_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    let provider = ByWords::new();
    let change = asking(&provider, plain());
    let host = Host::with(|config| {
        change(config);
        config.audit = Some(audit);
    })
    .await;
    assert_eq!(say(&host, "ana", "hello").await.0, 201);
    let (status, held) = say(&host, "ana", "a rude thing").await;
    assert_eq!(status, 202, "{held}");
    let (status, dropped) = say(&host, "ben", "a vile thing").await;
    assert_eq!((status, &dropped["code"]), (422, &json!("provider")));
    assert!(
        dropped["detail"]
            .as_str()
            .unwrap()
            .contains("sexual/minors"),
        "{dropped}"
    );
    assert_eq!(texts(&host).await, ["hello"]);
    // The moderator sees it, and why.
    let waiting = as_operator(&host, "GET", "/held", &Value::Null)
        .await
        .json();
    let verdict = &waiting["held"][0]["verdict"];
    assert_eq!(
        (
            &waiting["held"][0]["message"]["text"],
            &verdict["rule"],
            &verdict["score"]
        ),
        (&json!("a rude thing"), &json!("provider"), &json!(0.9)),
    );
    let by = json!({ "name": "it", "category": "harassment" });
    assert_eq!(verdict["provider"], by);
    let audit = as_operator(&host, "GET", "/audit", &Value::Null)
        .await
        .json();
    let verdicts: Vec<_> = audit["verdicts"].as_array().unwrap().iter().collect();
    let told: Vec<_> = verdicts
        .iter()
        .map(|it| (&it["action"], &it["provider"]["category"], &it["policy"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("drop"), &json!("sexual/minors"), &json!("test@1")),
            (&json!("hold"), &json!("harassment"), &json!("test@1")),
        ]
    );
    // Let out, it is in the room, and nobody is asked again.
    let id = held["id"].as_str().unwrap();
    let path = format!("/held/{id}");
    let decided = as_operator(&host, "POST", &path, &json!({ "decision": "approve" })).await;
    assert_eq!(decided.status, 200, "{}", decided.text());
    assert_eq!(texts(&host).await, ["hello", "a rude thing"]);
    assert_eq!(
        provider.asked().concat(),
        ["hello", "a rude thing", "a vile thing"]
    );
}

#[tokio::test]
async fn it_is_sent_what_the_policy_leaves_and_of_those_whom_it_is_about() {
    let (host, provider) = host(json!({ "name": "it", "about": ["people"] })).await;
    assert_eq!(say(&host, "ana", "frobnicate").await.0, 422);
    assert_eq!(say(&host, "ana", "mail ana@example.org").await.0, 201);
    commit(&host, vec![line(CallId::new(), "rude, says Nova")]).await;
    assert_eq!(fates(&host).await, [Fate::Accepted]);
    assert_eq!(provider.asked(), [["mail ***"]]);
    assert_eq!(texts(&host).await, ["mail ***", "rude, says Nova"]);
}

#[tokio::test]
async fn who_waits_holds_up_nobody_else_and_their_own_come_in_order() {
    let (host, provider) = host(plain()).await;
    let (mut ana, _) = host.watch("?name=ana").await;
    ana.say("1", "slow one").await;
    provider.is_asked("slow one").await;
    ana.say("2", "two").await;
    ana.say("3", "three").await;
    provider.is_asked("three").await;
    // Enough wait.
    ana.say("4", "four").await;
    let refused = ana.next_of("error").await;
    assert_eq!(
        (&refused["nonce"], &refused["code"]),
        (&json!("4"), &json!("rate_limited"))
    );
    // Others and personas go on.
    assert_eq!(host.say("ben", "hi").await, 1);
    commit(&host, vec![line(CallId::new(), "hi, Ben")]).await;
    assert_eq!(fates(&host).await, [Fate::Accepted]);
    assert_eq!(texts(&host).await, ["hi", "hi, Ben"]);
    provider.let_go();
    for (nonce, offset) in [("1", 3), ("2", 4), ("3", 5)] {
        let ack = ana.next_of("ack").await;
        assert_eq!(
            (&ack["nonce"], &ack["offset"]),
            (&json!(nonce), &json!(offset))
        );
    }
    assert_eq!(
        texts(&host).await,
        ["hi", "hi, Ben", "slow one", "two", "three"]
    );
    ana.say("5", "five").await;
    assert_eq!(ana.next_of("ack").await["offset"], 6);
}

#[tokio::test]
async fn what_comes_while_requests_are_under_way_shares_the_next() {
    let (host, provider) = host(plain()).await;
    let host = Arc::new(host);
    let post = |author: String, text: String| {
        let host = Arc::clone(&host);
        tokio::spawn(async move { say(&host, &author, &text).await.0 })
    };
    let mut said = Vec::new();
    for n in 0..4 {
        let text = format!("slow {n}");
        said.push(post(format!("a{n}"), text.clone()));
        provider.is_asked(&text).await;
    }
    // All ways are taken. What is refused at once was considered after these.
    for n in 0..5 {
        said.push(post(format!("b{n}"), format!("quick {n}")));
    }
    let mut watcher = host.listen(TopicKind::ChatAudit).await;
    for n in 0..5 {
        said.push(post(format!("b{n}"), "frobnicate".into()));
    }
    for _ in 0..5 {
        crate::host::heard(&mut watcher).await;
    }
    assert_eq!(provider.asked().len(), 4);
    provider.let_go();
    let mut statuses = Vec::new();
    for said in said {
        statuses.push(soon(said).await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 9].as_slice(), &[422; 5]].concat());
    let later: Vec<usize> = provider.asked()[4..].iter().map(Vec::len).collect();
    assert!(
        later.len() < 5 && later.iter().sum::<usize>() == 5,
        "{later:?}"
    );
}

#[tokio::test]
async fn what_moderators_decide_meanwhile_counts() {
    // What the moderator does, and how the message that waits ends.
    let cases = [
        ("/ban @Ana", 403, "banned"),
        ("/timeout @Ana 5m", 403, "timed_out"),
        ("/clear", 409, "cleared"),
        ("/emoteonly", 422, "emote_only"),
    ];
    for (command, status, code) in cases {
        let (host, provider) = host(plain()).await;
        let host = Arc::new(host);
        assert_eq!(host.say("ana", "hello").await, 1);
        let waiting = tokio::spawn({
            let host = Arc::clone(&host);
            async move { say(&host, "ana", "slow one").await }
        });
        provider.is_asked("slow one").await;
        host.time
            .fetch_add(1000, std::sync::atomic::Ordering::Relaxed);
        order(&host, command).await;
        provider.let_go();
        let (got, answer) = soon(waiting).await.unwrap();
        assert_eq!((got, &answer["code"]), (status, &json!(code)), "{command}");
        assert_eq!(texts(&host).await.len(), 1, "{command}");
    }
}

#[tokio::test]
async fn a_clear_counts_for_a_line_that_waits() {
    let (host, provider) = host(plain()).await;
    assert_eq!(host.say("ana", "hello").await, 1);
    commit(&host, vec![line(CallId::new(), "slow line")]).await;
    provider.is_asked("slow line").await;
    host.time
        .fetch_add(1000, std::sync::atomic::Ordering::Relaxed);
    order(&host, "/clear").await;
    provider.let_go();
    assert_eq!(fates(&host).await, [Fate::Dropped("cleared".into())]);
    assert_eq!(texts(&host).await.len(), 1);
    // What is said after that goes out.
    commit(&host, vec![line(CallId::new(), "slow no more")]).await;
    assert_eq!(fates(&host).await.last(), Some(&Fate::Accepted));
}

#[tokio::test]
async fn what_the_policy_itself_holds_waits_behind_its_authors_own() {
    for is_slow in [false, true] {
        let provider = ByWords::new();
        let change = asking(&provider, plain());
        let host = Host::with(|config| {
            change(config);
            crate::moderators::hold(config);
        })
        .await;
        if is_slow {
            order(&host, "/slow 30").await;
        }
        let (mut ana, _) = host.watch("?name=ana").await;
        ana.say("1", "slow one").await;
        provider.is_asked("slow one").await;
        ana.say("2", "numpty").await;
        ana.say("3", "three").await;
        provider.is_asked("three").await;
        let held = as_operator(&host, "GET", "/held", &Value::Null).await;
        assert_eq!(held.json()["held"], json!([]), "{is_slow}");
        provider.let_go();
        let mut told = Vec::new();
        while told.len() < 3 {
            let frame = ana.next().await;
            let word = |name: &str| frame[name].as_str().map(str::to_owned);
            if let Some(nonce) = word("nonce") {
                told.push((nonce, word("code").or(word("type")).unwrap()));
            }
        }
        told.sort();
        let became: Vec<&str> = told.iter().map(|(_, became)| became.as_str()).collect();
        assert_eq!(provider.asked(), [["slow one"], ["three"]]);
        if is_slow {
            assert_eq!(became, ["ack", "slow_mode", "slow_mode"]);
            continue;
        }
        assert_eq!(became, ["ack", "waiting", "ack"]);
        let held = as_operator(&host, "GET", "/held", &Value::Null).await;
        let verdict = &held.json()["held"][0]["verdict"];
        assert_eq!(verdict["category"], "bullying");
        assert!(verdict["provider"].is_null(), "{verdict}");
        assert_eq!(texts(&host).await, ["slow one", "three"]);
    }
}

#[tokio::test]
async fn without_an_answer_the_policy_decides() {
    for (on_failure, status, rule) in [("allow", 201, None), ("hold", 202, Some("provider_failed"))]
    {
        let (host, _) = host(json!({ "name": "it", "on_failure": on_failure })).await;
        let mut audit = host.listen(TopicKind::ChatAudit).await;
        assert_eq!(
            say(&host, "ana", "it is down").await.0,
            status,
            "{on_failure}"
        );
        commit(&host, vec![line(CallId::new(), "down again")]).await;
        let fate = match rule {
            None => Fate::Accepted,
            Some(_) => Fate::Dropped("held".into()),
        };
        assert_eq!(fates(&host).await, [fate]);
        if let Some(rule) = rule {
            let verdict = crate::host::heard(&mut audit).await;
            assert_eq!(
                (&verdict["rule"], &verdict["provider"]),
                (&json!(rule), &json!({ "name": "it" }))
            );
        }
    }
    // And so if the program was told of no such provider.
    let (host, provider) = host(json!({ "name": "other", "on_failure": "hold" })).await;
    assert_eq!(say(&host, "ana", "hello").await.0, 202);
    assert!(provider.asked().is_empty());
}

#[tokio::test]
async fn lines_of_personas_are_asked_about_together_and_dropped() {
    let (host, provider) = host(json!({ "name": "it", "about": ["personas"] })).await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let call = CallId::new();
    let lines = ["Nova: fine", "a vile line", "a rude line", "frobnicate"];
    commit(&host, lines.map(|text| line(call, text)).into()).await;
    let mut fates = fates(&host).await;
    fates.sort_by_key(|fate| format!("{fate:?}"));
    assert_eq!(
        fates,
        [
            Fate::Accepted,
            Fate::Dropped("blocklist".into()),
            Fate::Dropped("held".into()),
            Fate::Dropped("provider".into()),
        ]
    );
    // Without what its own rules took away.
    assert_eq!(provider.asked(), [["fine", "a vile line", "a rude line"]]);
    assert_eq!(texts(&host).await, ["fine"]);
    let mut rules = Vec::new();
    for _ in 0..4 {
        let verdict = crate::host::heard(&mut audit).await;
        assert_eq!(verdict["author"]["kind"], AuthorKind::Persona.as_str());
        rules.push((verdict["rule"].clone(), verdict["action"].clone()));
    }
    assert_eq!(
        rules,
        [
            (json!("speaker_name"), json!("redact")),
            (json!("provider"), json!("drop")),
            (json!("provider"), json!("hold")),
            (json!("blocklist"), json!("drop")),
        ]
    );
    assert_eq!(
        say(&host, "ana", "rude").await.0,
        201,
        "people are not asked about"
    );
}

#[tokio::test]
async fn a_text_that_it_does_not_take_is_found_in_few_requests() {
    let (host, provider) = host(json!({ "name": "it", "on_failure": "hold" })).await;
    let call = CallId::new();
    let lines = (0..32).map(|n| match n {
        20 => line(call, "garbage"),
        n => line(call, &format!("line {n}")),
    });
    commit(&host, lines.collect()).await;
    fates(&host).await;
    assert_eq!(texts(&host).await.len(), 31);
    let held = as_operator(&host, "GET", "/held", &Value::Null).await;
    assert_eq!(held.json()["held"][0]["message"]["text"], "garbage");
    // All of them, and two halves of what holds it, five times.
    assert_eq!(provider.asked().len(), 11);
}

#[tokio::test]
async fn a_line_that_waited_when_the_gateway_was_killed_is_asked_about_anew() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Arc::new(Sqlite::open(&folder.path().join("chatter.db")).unwrap());
    let provider = ByWords::new();
    let killed = Host::over(
        Arc::clone(&folder),
        store.clone(),
        asking(&provider, plain()),
    )
    .await;
    let call = CallId::new();
    commit(
        &killed,
        vec![line(call, "slow and rude"), line(call, "slow and fine")],
    )
    .await;
    provider.is_asked("slow and fine").await;
    killed.served.abort();
    soon(killed.served).await.unwrap_err();
    let second = ByWords::new();
    second.let_go();
    let host = Host::over(folder, store, asking(&second, plain())).await;
    let mut fates = fates(&host).await;
    fates.sort_by_key(|fate| format!("{fate:?}"));
    assert_eq!(fates, [Fate::Accepted, Fate::Dropped("held".into())]);
    assert_eq!(second.asked(), [["slow and rude", "slow and fine"]]);
    assert_eq!(texts(&host).await, ["slow and fine"]);
}

#[tokio::test]
async fn a_policy_that_changes_while_a_line_waits_counts_for_it() {
    let (host, provider) = host(plain()).await;
    commit(&host, vec![line(CallId::new(), "slow and tame")]).await;
    provider.is_asked("slow and tame").await;
    let mut rooms = host.rooms.clone();
    let stricter = json!({ "name": "it", "categories": { "harassment": { "action": "drop", "from_score": 0.0 } } });
    rooms[0].policy =
        ModerationPolicy::from_value(json!({ "name": "test", "provider": stricter })).unwrap();
    rooms[0].title = "Stricter".into();
    host.handle.set_rooms(rooms);
    soon(async { while host.get(LOBBY).await.json()["title"] != "Stricter" {} }).await;
    provider.let_go();
    assert_eq!(fates(&host).await, [Fate::Dropped("provider".into())]);
    assert_eq!(provider.asked().len(), 2);
}

#[tokio::test]
async fn who_waits_when_the_gateway_ends_is_told_so() {
    let (host, provider) = host(plain()).await;
    let host = Arc::new(host);
    let waiting = tokio::spawn({
        let host = Arc::clone(&host);
        async move { say(&host, "ana", "slow one").await }
    });
    provider.is_asked("slow one").await;
    host.cancel.cancel();
    let (status, answer) = soon(waiting).await.unwrap();
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("not_ready")),
        "{answer}"
    );
}

#[tokio::test]
async fn operators_see_that_it_is_down() {
    let (host, _) = host(plain()).await;
    let status = as_operator(&host, "GET", "", &Value::Null).await.json();
    assert_eq!(
        status["moderation"],
        "the moderation provider it does not answer"
    );
    assert!(host.get(LOBBY).await.json()["moderation"].is_null());
}
