use super::*;
use chatter_protocol::{PersonaId, RoomId, memory::Kind};
use std::{
    future::pending,
    sync::atomic::{AtomicU32, Ordering},
};

const WAIT: Duration = Duration::from_secs(1);

/// A memory that is well, away or hangs, as it is told.
#[derive(Default)]
struct Fickle {
    mood: AtomicU32,
    searches: AtomicU32,
}

const WELL: u32 = 0;
const AWAY: u32 = 1;
const HANGS: u32 = 2;

#[async_trait]
impl Memory for Fickle {
    async fn search(&self, _: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        self.searches.fetch_add(1, Ordering::SeqCst);
        match self.mood.load(Ordering::SeqCst) {
            WELL => Ok(vec![Entry {
                id: "m-1".into(),
                entry: note(&format!("found for {}", query.text)),
                at: Timestamp::from_millis(0),
                score: 1.0,
            }]),
            AWAY => Err(Error::Unavailable("scripted".into())),
            _ => pending().await,
        }
    }

    async fn remember(&self, _: &Scope, _: &str, _: &NewEntry, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    fn describe(&self) -> String {
        "scripted".into()
    }
}

fn note(text: &str) -> NewEntry {
    NewEntry {
        kind: Kind::PersonaNote,
        text: text.into(),
        about: None,
        confidence: 0.5,
        source: None,
    }
}

fn scope(persona: &str) -> Scope {
    Scope {
        room: RoomId::new("main/lobby").unwrap(),
        persona: PersonaId::new(persona).unwrap(),
    }
}

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

fn query(text: &str) -> Query {
    Query {
        text: text.into(),
        kinds: vec![],
        limit: 5,
    }
}

async fn texts(memory: &Guarded<Fickle>, persona: &str, text: &str) -> Result<Vec<String>, Error> {
    let found = memory.search(&scope(persona), &query(text)).await?;
    Ok(found.into_iter().map(|found| found.entry.text).collect())
}

fn guarded() -> Guarded<Fickle> {
    Guarded::new(Fickle::default(), WAIT).unwrap()
}

fn unavailable(reason: &str) -> Result<Vec<String>, Error> {
    Err(Error::Unavailable(reason.into()))
}

#[tokio::test]
async fn while_it_is_away_searches_find_what_is_at_hand() {
    let memory = guarded();
    texts(&memory, "nova", "tea").await.unwrap();
    let at = Timestamp::from_millis(0);
    memory
        .expect(&scope("nova"), &note("milk is waiting"), at, Duration::ZERO)
        .await;
    memory.memory.mood.store(AWAY, Ordering::SeqCst);
    for (text, expected) in [
        ("tea", Ok(vec!["found for tea".to_owned()])),
        ("milk", Ok(vec!["milk is waiting".to_owned()])),
        ("coffee", unavailable("scripted")),
        ("coffee again", unavailable("scripted")),
    ] {
        assert_eq!(texts(&memory, "nova", text).await, expected, "{text}");
    }
    assert_eq!(texts(&memory, "rex", "tea").await, unavailable("scripted"));
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_no_more_while_it_is_away_and_again_when_it_is_back() {
    let memory = guarded();
    memory.memory.mood.store(AWAY, Ordering::SeqCst);
    for _ in 0..10 {
        assert_eq!(texts(&memory, "nova", "tea").await, unavailable("scripted"));
    }
    assert_eq!(memory.memory.searches.load(Ordering::SeqCst), 3);
    assert_eq!(memory.trouble(&tenant("main")).as_deref(), Some("scripted"));
    memory.memory.mood.store(WELL, Ordering::SeqCst);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(
        texts(&memory, "nova", "tea").await,
        Ok(vec!["found for tea".into()])
    );
    assert_eq!(memory.trouble(&tenant("main")), None);
}

#[tokio::test(start_paused = true)]
async fn who_makes_it_fail_keeps_no_other_tenant_from_searching() {
    let memory = guarded();
    memory.memory.mood.store(AWAY, Ordering::SeqCst);
    for _ in 0..10 {
        assert_eq!(texts(&memory, "nova", "tea").await, unavailable("scripted"));
    }
    memory.memory.mood.store(WELL, Ordering::SeqCst);
    let other = Scope {
        room: RoomId::new("acme/studio").unwrap(),
        ..scope("nova")
    };
    assert_eq!(memory.search(&other, &query("tea")).await.unwrap().len(), 1);
    // Nor is it told of what the memory said to that one.
    assert_eq!(memory.trouble(&tenant("acme")), None);
    let told = memory.trouble(&tenant("main"));
    assert_eq!(told.as_deref(), Some("scripted"));
    assert_eq!(texts(&memory, "nova", "tea").await, unavailable("scripted"));
    assert_eq!(memory.memory.searches.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_memory_that_hangs_is_waited_for_three_times() {
    let memory = guarded();
    memory.memory.mood.store(HANGS, Ordering::SeqCst);
    let started = Instant::now();
    for _ in 0..10 {
        assert_eq!(
            texts(&memory, "nova", "tea").await,
            unavailable("it did not answer within 1s")
        );
    }
    assert_eq!(memory.memory.searches.load(Ordering::SeqCst), 3);
    assert_eq!(started.elapsed(), 3 * WAIT);
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_after_the_better_part_of_the_time_has_seen_a_failure() {
    for (patience, asked) in [(WAIT / 10, 6), (WAIT * 3 / 4, 3)] {
        let memory = guarded();
        memory.memory.mood.store(HANGS, Ordering::SeqCst);
        for _ in 0..6 {
            let _ = timeout(patience, texts(&memory, "nova", "tea")).await;
        }
        let searches = memory.memory.searches.load(Ordering::SeqCst);
        assert_eq!(searches, asked, "{patience:?}");
    }
}

#[tokio::test]
async fn what_is_at_hand_is_bounded() {
    let memory = guarded();
    let at = Timestamp::from_millis(0);
    for n in 0..ENTRIES_AT_HAND + 20 {
        let entry = note(&format!("milk {n}"));
        memory
            .expect(&scope("nova"), &entry, at, Duration::ZERO)
            .await;
    }
    let kept = memory
        .at_hand
        .list(&scope("nova"), &Filter::default())
        .await
        .unwrap();
    assert_eq!(kept.entries.len(), ENTRIES_AT_HAND as usize);
}

#[tokio::test]
async fn what_was_pushed_out_is_at_hand_again_when_it_is_found_again() {
    let memory = guarded();
    texts(&memory, "nova", "tea").await.unwrap();
    // As old as what is found, or newer.
    for n in 0..ENTRIES_AT_HAND {
        let (entry, at) = (note(&format!("milk {n}")), Timestamp::from_millis(1_000));
        memory
            .expect(&scope("nova"), &entry, at, Duration::ZERO)
            .await;
    }
    let kept = async |memory: &Guarded<Fickle>| {
        let (scope, all) = (scope("nova"), Filter::default());
        let entries = memory.at_hand.list(&scope, &all).await.unwrap().entries;
        let is_kept = entries.iter().any(|it| it.entry.text == "found for tea");
        (is_kept, entries.len() as u32)
    };
    assert_eq!(kept(&memory).await, (false, ENTRIES_AT_HAND));
    texts(&memory, "nova", "tea").await.unwrap();
    assert_eq!(kept(&memory).await, (true, ENTRIES_AT_HAND));
}

#[tokio::test]
async fn what_waits_is_no_newer_for_being_told_again() {
    let memory = guarded();
    let expect = async |n: u32| {
        // One every second, and as late as it can be told.
        let (ago, at) = (200 - n, Timestamp::from_millis(0));
        let entry = note(&format!("milk {n}"));
        let waited = Duration::from_secs(ago.into());
        memory.expect(&scope("nova"), &entry, at, waited).await;
    };
    for n in 0..100 {
        expect(n).await;
    }
    for n in 0..90 {
        expect(n).await;
    }
    let (scope, all) = (scope("nova"), Filter::default());
    let kept = memory.at_hand.list(&scope, &all).await.unwrap().entries;
    let mut kept: Vec<_> = kept.into_iter().map(|it| it.entry.text).collect();
    kept.sort_unstable();
    let mut latest: Vec<_> = (100 - ENTRIES_AT_HAND..100)
        .map(|n| format!("milk {n}"))
        .collect();
    latest.sort_unstable();
    assert_eq!(kept, latest);
}

#[tokio::test(start_paused = true)]
async fn what_was_neither_found_nor_told_to_wait_for_long_is_given_to_nobody() {
    let memory = guarded();
    let expect = async |text| {
        let (entry, at) = (note(text), Timestamp::from_millis(0));
        // However long it has waited: it waits still.
        let long = 3 * AT_HAND;
        memory.expect(&scope("nova"), &entry, at, long).await;
    };
    texts(&memory, "nova", "tea").await.unwrap();
    texts(&memory, "nova", "coffee").await.unwrap();
    expect("milk").await;
    expect("water").await;
    tokio::time::advance(AT_HAND / 2).await;
    texts(&memory, "nova", "coffee").await.unwrap();
    expect("water").await;
    tokio::time::advance(AT_HAND / 2).await;
    memory.memory.mood.store(AWAY, Ordering::SeqCst);
    for (text, expected) in [
        ("tea", unavailable("scripted")),
        ("milk", unavailable("scripted")),
        ("coffee", Ok(vec!["found for coffee".to_owned()])),
        ("water", Ok(vec!["water".to_owned()])),
    ] {
        assert_eq!(texts(&memory, "nova", text).await, expected, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_memory_that_hangs_for_several_tenants_is_waited_for_by_no_more() {
    let memory = guarded();
    memory.memory.mood.store(HANGS, Ordering::SeqCst);
    let (started, mut ends) = (Instant::now(), Vec::new());
    for n in 0..20 {
        let asker = Scope {
            room: RoomId::new(&format!("tenant-{n}/lobby")).unwrap(),
            ..scope("nova")
        };
        ends.push(memory.search(&asker, &query("tea")).await.unwrap_err());
    }
    let away = |reason: &str| Error::Unavailable(reason.into());
    let (own, others) = ends.split_at(3);
    assert_eq!(own, vec![away("it did not answer within 1s"); 3]);
    assert_eq!(
        others,
        vec![away("it did not answer others a moment ago"); 17]
    );
    assert_eq!(started.elapsed(), 3 * WAIT);
    for (who, reason) in [
        ("tenant-0", "it did not answer within 1s"),
        ("tenant-9", "it did not answer others a moment ago"),
        ("new", "it did not answer others a moment ago"),
    ] {
        let told = memory.trouble(&tenant(who));
        assert_eq!(told.as_deref(), Some(reason), "{who}");
    }
}
