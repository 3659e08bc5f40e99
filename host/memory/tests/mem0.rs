//! Mem0, of either interface, keeps to what every memory promises, and whatever it answers does no
//! harm.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;
mod fake;

use chatter_memory::{Api, Archive, Filter, Guarded, Mem0, Mem0Config, Memory};
use chatter_protocol::{
    Timestamp,
    memory::{Error, NewEntry, Scope},
};
use conformance::{Subject, about, at, conformance, note, nova, scope, texts, words};
use fake::{Fake, Fault};
use std::time::Duration;
use wiremock::MockServer;

struct Wire<const HOSTED: bool> {
    fake: Fake,
    server: MockServer,
}

impl<const HOSTED: bool> Subject for Wire<HOSTED> {
    type Memory = Guarded<Mem0>;

    async fn new() -> Self {
        let api = if HOSTED { Api::Hosted } else { Api::OpenSource };
        let fake = Fake::new(api);
        let server = fake.start().await;
        Self { fake, server }
    }

    async fn open(&self) -> Guarded<Mem0> {
        Guarded::mem0(self.fake.client(&self.server)).unwrap()
    }
}

mod open_source {
    use super::{Wire, conformance};
    conformance!(Wire<false>);
}

mod hosted {
    use super::{Wire, conformance};
    conformance!(Wire<true>);
}

const APIS: [Api; 2] = [Api::OpenSource, Api::Hosted];

/// A memory that is kept at a server.
struct Bed {
    fake: Fake,
    memory: Mem0,
    server: MockServer,
}

impl Bed {
    async fn new(api: Api) -> Self {
        Self::with(api, |_| {}).await
    }

    async fn with(api: Api, change: impl FnOnce(&mut Mem0Config)) -> Self {
        let fake = Fake::new(api);
        let server = fake.start().await;
        let memory = fake.client_with(&server, change);
        Self {
            fake,
            memory,
            server,
        }
    }
}

async fn keep(memory: &Mem0, scope: &Scope, write_id: &str, entry: &NewEntry, at: Timestamp) {
    let kept = memory.remember(scope, write_id, entry, at).await;
    kept.unwrap();
}

fn all() -> Filter {
    Filter::default()
}

fn of_ana() -> Filter {
    Filter {
        about: Some("guest:ana".parse().unwrap()),
        ..all()
    }
}

fn only(id: &str) -> Filter {
    Filter {
        id: Some(id.to_owned()),
        ..all()
    }
}

fn unavailable<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Unavailable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_delivers_learns_how_long_a_write_may_take() {
    let long = Duration::from_secs(90);
    let memory = Bed::with(Api::Hosted, |config| config.write_wait = long)
        .await
        .memory;
    assert_eq!(Guarded::mem0(memory).unwrap().write_wait(), long);
}

#[tokio::test]
async fn what_goes_wrong_is_told_and_nothing_of_it_gets_through() {
    for api in APIS {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        keep(memory, &nova(), "w", &note("x"), at(0)).await;
        let big = format!("{{\"results\":[\"{}\"]}}", "x".repeat(5 << 20));
        let cases = [
            (
                Fault::Answer(502, "{\"detail\":\"Provider timed out.\"}".into()),
                "Provider timed out.",
            ),
            (Fault::Answer(500, String::new()), "answered 500"),
            (Fault::Answer(401, "{}".into()), "is the key right"),
            (
                Fault::Answer(404, "<html>".into()),
                "are base_url and api right?",
            ),
            (Fault::Answer(302, String::new()), "it is not followed"),
            (Fault::Answer(200, big), "more than"),
            (Fault::Answer(200, "<html>hello</html>".into()), "no JSON"),
            (Fault::Answer(200, "null".into()), "no results"),
            (Fault::Answer(200, "{\"results\":7}".into()), "no results"),
            (
                Fault::Answer(200, format!("{{\"detail\":\"{}\"}}", fake::KEY)),
                "no results",
            ),
            (
                Fault::Answer(503, format!("{{\"detail\":\"{} busy\"}}", fake::KEY)),
                "[key] busy",
            ),
        ];
        for (fault, why) in cases {
            let what = format!("{api:?} {why}");
            fake.breaks(fault);
            let reasons = [
                unavailable(memory.search(&nova(), &words("x")).await),
                unavailable(memory.search(&nova(), &words("")).await),
                unavailable(memory.remember(&nova(), "w2", &note("y"), at(0)).await),
            ];
            for reason in reasons {
                assert!(
                    reason.contains(why) && !reason.contains(fake::KEY),
                    "{what}: {reason}"
                );
                assert!(reason.chars().count() < 400, "{what}: {reason}");
            }
        }
        fake.breaks(Fault::Answer(
            400,
            "{\"detail\":\"Invalid user_id\"}".into(),
        ));
        let refused = memory.remember(&nova(), "w2", &note("y"), at(0)).await;
        assert!(
            matches!(&refused, Err(Error::Refused(why)) if why.contains("Invalid user_id")),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_waited_for_no_longer_than_was_said() {
    for api in APIS {
        let short = Duration::from_millis(60);
        let Bed { fake, memory, .. } = &Bed::with(api, |config| {
            config.search_wait = short;
            config.write_wait = short;
        })
        .await;
        fake.breaks(Fault::Hang);
        let reasons = [
            unavailable(memory.search(&nova(), &words("x")).await),
            unavailable(memory.remember(&nova(), "w", &note("x"), at(0)).await),
        ];
        assert!(
            reasons.iter().all(|reason| reason.contains("within 60ms")),
            "{reasons:?}"
        );
    }
}

#[tokio::test]
async fn another_scopes_entries_never_get_through() {
    for api in APIS {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        let rex = scope("main/lobby", "rex");
        keep(memory, &rex, "w", &note("rex has a secret"), at(0)).await;
        fake.breaks(Fault::Mistakes("room:main/lobby|agent:rex"));
        assert_eq!(memory.search(&nova(), &words("secret")).await, Ok(vec![]));
        assert_eq!(memory.search(&nova(), &words("")).await, Ok(vec![]));
        assert_eq!(memory.list(&nova(), &all()).await.unwrap().entries, []);
        assert_eq!(memory.forget(&nova(), &of_ana()).await, Ok(0));
        assert_eq!(fake.kept(), 1);
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_doubled_at_the_server_and_recalled_once() {
    for api in APIS {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        fake.breaks(Fault::Unheard);
        unavailable(
            memory
                .remember(&nova(), "call/0", &note("the boss fell"), at(0))
                .await,
        );
        fake.is_mended();
        keep(memory, &nova(), "call/0", &note("the boss fell"), at(0)).await;
        assert_eq!(fake.kept(), 2);
        for query in [words("boss"), words("")] {
            let found = memory.search(&nova(), &query).await.unwrap();
            assert_eq!(texts(&found), ["the boss fell"]);
        }
        // To forget it is to forget all copies.
        let listing = memory.list(&nova(), &all()).await.unwrap();
        assert_eq!(listing.entries.len(), 1);
        memory.forget(&nova(), &all()).await.unwrap();
        assert_eq!(fake.kept(), 0);
    }
}

#[tokio::test]
async fn copies_about_a_person_are_forgotten_too() {
    for api in APIS {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        for _ in 0..3 {
            let entry = about("guest:ana", "likes tea");
            keep(memory, &nova(), "call/0", &entry, at(0)).await;
        }
        memory.forget(&nova(), &of_ana()).await.unwrap();
        assert_eq!(fake.kept(), 0);
    }
}

#[tokio::test]
async fn to_forget_an_entry_is_to_forget_its_copies() {
    for api in APIS {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        // One write twice, the same said again, and others.
        for (write_id, text) in [
            ("call/0", "The boss fell."),
            ("call/0", "The boss fell."),
            ("call/1", "the boss  fell"),
            ("call/2", "the boss won"),
        ] {
            keep(memory, &nova(), write_id, &note(text), at(0)).await;
        }
        let entry = about("guest:ana", "the boss fell");
        keep(memory, &nova(), "call/3", &entry, at(0)).await;
        let listing = memory.list(&nova(), &all()).await.unwrap();
        assert_eq!(listing.entries.len(), 3);
        // Those that a reader is not shown are listed by their ids, too.
        for id in fake.ids() {
            let listing = memory.list(&nova(), &only(&id)).await.unwrap();
            assert!(listing.entries.iter().map(|it| &it.id).eq([&id]), "{id}");
        }
        let one = only(&listing.entries[0].id);
        assert_eq!(memory.forget(&nova(), &one).await, Ok(3));
        let found = memory.search(&nova(), &words("boss")).await.unwrap();
        let mut found = texts(&found);
        found.sort_unstable();
        assert_eq!(found, ["the boss fell", "the boss won"]);
        assert_eq!(fake.kept(), 2);
    }
}

#[tokio::test]
async fn an_entry_beyond_what_is_listed_is_forgotten_by_its_id_and_anothers_is_not() {
    let Bed { fake, memory, .. } = &Bed::new(Api::OpenSource).await;
    let rex = scope("main/lobby", "rex");
    keep(memory, &rex, "w", &note("rex has a secret"), at(0)).await;
    let rexs = memory.list(&rex, &all()).await.unwrap();
    for n in 0..1_000 {
        let entry = note(&format!("note {n}"));
        keep(memory, &nova(), &format!("w{n}"), &entry, at(n)).await;
    }
    keep(memory, &nova(), "last", &note("the last one"), at(2_000)).await;
    let last = memory
        .search(&nova(), &words("the last one"))
        .await
        .unwrap();
    for (id, gone) in [(&rexs.entries[0].id, 0), (&last[0].id, 1)] {
        let one = only(id);
        let listing = memory.list(&nova(), &one).await.unwrap();
        assert_eq!(listing.entries.len() as u64, gone, "{id}");
        assert_eq!(memory.forget(&nova(), &one).await, Ok(gone), "{id}");
    }
    assert_eq!(fake.kept(), 1_001);
}

#[tokio::test]
async fn what_cannot_be_read_can_be_forgotten() {
    for api in APIS {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        keep(memory, &nova(), "w", &note("x"), at(0)).await;
        fake.breaks(Fault::Unreadable);
        memory.forget(&nova(), &all()).await.unwrap();
        assert_eq!(fake.kept(), 0, "{api:?}");
    }
}

#[tokio::test]
async fn entries_whose_user_is_not_said_are_known_by_what_was_written_along() {
    for api in APIS {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        for persona in ["nova", "rex"] {
            let whose = scope("main/lobby", persona);
            let entry = about("guest:ana", &format!("{persona} knows a secret"));
            keep(memory, &whose, "w", &entry, at(0)).await;
        }
        fake.breaks(Fault::Nameless);
        for query in [words("secret"), words("")] {
            let found = memory.search(&nova(), &query).await.unwrap();
            assert_eq!(texts(&found), ["nova knows a secret"], "{api:?}");
        }
        assert_eq!(memory.forget(&nova(), &of_ana()).await, Ok(1));
        assert_eq!(fake.kept(), 1);
    }
}

#[tokio::test]
async fn an_addition_that_is_done_at_once_is_asked_about_no_more() {
    let Bed { fake, memory, .. } = &Bed::new(Api::Hosted).await;
    fake.breaks(Fault::AtOnce);
    keep(memory, &nova(), "w", &note("x"), at(0)).await;
    assert_eq!(fake.state().seen, ["POST /v3/memories/add/"]);
}

#[tokio::test]
async fn an_addition_that_is_under_way_is_not_made_again() {
    let Bed { fake, memory, .. } = &Bed::with(Api::Hosted, |config| {
        config.write_wait = Duration::from_millis(200);
    })
    .await;
    let remember = async || memory.remember(&nova(), "w", &note("x"), at(0)).await;
    fake.breaks(Fault::EventsHang);
    for _ in 0..3 {
        unavailable(remember().await);
    }
    assert_eq!(fake.kept(), 1);
    fake.is_mended();
    remember().await.unwrap();
    assert_eq!(fake.kept(), 1);
    // What has failed, or of which nobody knows any more, is made again.
    for fault in [Fault::EventsFail, Fault::EventsLost] {
        let before = fake.kept();
        fake.breaks(fault);
        unavailable(remember().await);
        unavailable(remember().await);
        assert_eq!(fake.kept(), before + 2);
    }
}

#[tokio::test]
async fn of_a_long_list_those_beyond_its_end_are_forgotten_too() {
    let Bed { fake, memory, .. } = &Bed::new(Api::OpenSource).await;
    for n in 0..1_000 {
        let entry = note(&format!("note {n}"));
        keep(memory, &nova(), &format!("w{n}"), &entry, at(n)).await;
    }
    for n in 0..3 {
        let entry = about("guest:ana", &format!("likes tea {n}"));
        keep(memory, &nova(), &format!("ana{n}"), &entry, at(n)).await;
    }
    let listing = memory.list(&nova(), &of_ana()).await.unwrap();
    assert_eq!((listing.entries.len(), listing.more), (3, true));
    assert_eq!(memory.forget(&nova(), &of_ana()).await, Ok(3));
    assert_eq!(fake.kept(), 1_000);
    assert_eq!(memory.forget(&nova(), &all()).await, Ok(1_000));
    assert_eq!(fake.kept(), 0);
}

#[tokio::test]
async fn the_hosted_api_keeps_a_write_when_its_event_says_so() {
    let Bed {
        fake,
        memory,
        server,
    } = &Bed::new(Api::Hosted).await;
    fake.breaks(Fault::EventsSlow);
    keep(memory, &nova(), "w", &note("x"), at(0)).await;
    let events = fake
        .state()
        .seen
        .iter()
        .filter(|seen| seen.contains("/v1/event/"))
        .count();
    assert_eq!(events, 2, "under way, then done");

    fake.breaks(Fault::EventsFail);
    let reason = unavailable(memory.remember(&nova(), "w", &note("x"), at(0)).await);
    assert!(reason.contains("over quota"), "{reason}");

    fake.breaks(Fault::EventsHang);
    let memory = fake.client_with(server, |config| {
        config.write_wait = Duration::from_millis(300)
    });
    let reason = unavailable(memory.remember(&nova(), "w", &note("x"), at(0)).await);
    assert!(reason.contains("did not finish"), "{reason}");
}

#[tokio::test]
async fn both_are_asked_at_their_routes_with_the_same_metadata() {
    let mut metadata = Vec::new();
    for (api, routes) in [
        (Api::OpenSource, ["POST /memories", "POST /search"]),
        (
            Api::Hosted,
            ["POST /v3/memories/add/", "POST /v3/memories/search/"],
        ),
    ] {
        let Bed { fake, memory, .. } = &Bed::new(api).await;
        let entry = about("guest:ana", "likes tea");
        keep(memory, &nova(), "call/0", &entry, at(0)).await;
        memory.search(&nova(), &words("tea")).await.unwrap();
        let state = fake.state();
        for route in routes {
            assert!(
                state.seen.iter().any(|seen| seen == route),
                "{route}: {:?}",
                state.seen
            );
        }
        metadata.push(state.bodies[0]["metadata"].clone());
    }
    assert_eq!(metadata[0], metadata[1]);
    let keys: Vec<_> = metadata[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "type",
            "confidence",
            "room",
            "agent",
            "at",
            "write_id",
            "about"
        ]
    );
}
