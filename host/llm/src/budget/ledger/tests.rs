use super::*;
use chatter_protocol::{PersonaId, RoomId, Timestamp};
use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};
use tokio::time::advance;

const PRICE: Price = Price {
    input: 1.0,
    cached_input: Some(0.1),
    cache_write: None,
    output: 5.0,
};

fn scope(room: &str, persona: &str) -> Scope {
    Scope {
        room: RoomId::new(room).unwrap(),
        persona: PersonaId::new(persona).unwrap(),
    }
}

fn used(input: u32, output: u32) -> Usage {
    Usage {
        input,
        cached_input: 0,
        cache_writes: 0,
        output,
    }
}

fn tokens(per_minute: Option<u64>, per_day: Option<u64>) -> Bounds {
    Bounds {
        tokens_per_minute: per_minute,
        tokens_per_day: per_day,
        ..Bounds::default()
    }
}

/// A ledger, and its clock in milliseconds.
fn ledger(budgets: Budgets) -> (Ledger, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(20_000 * DAY_MS + 1));
    let read = Arc::clone(&now);
    let clock = Clock::from_fn(move || Timestamp::from_millis(read.load(Ordering::Relaxed)));
    (Ledger::new(budgets, clock), now)
}

#[tokio::test(start_paused = true)]
async fn every_level_bounds_who_is_in_it() {
    let (ledger, _) = ledger(Budgets {
        tenant: tokens(None, Some(3_000)),
        room: tokens(None, Some(2_000)),
        persona: tokens(Some(1_000), None),
    });
    let spend = |who: &Scope, usage: Usage| {
        let mut most = 100;
        let charge = ledger.charge(who, None, usage.input, 0, &mut most).unwrap();
        charge.settle(&usage);
    };
    let (nova, gus) = (scope("a/one", "nova"), scope("a/one", "gus"));
    let (far, other) = (scope("a/two", "nova"), scope("b/one", "nova"));
    spend(&nova, used(600, 100));
    let left = |who: &Scope| ledger.left(who, None);
    assert_eq!(
        [&nova, &gus, &far, &other].map(left),
        [300, 1_000, 1_000, 1_000]
    );
    spend(&gus, used(800, 100));
    assert_eq!(left(&nova), 300);
    advance(Duration::from_secs(60)).await;
    assert_eq!(left(&nova), 400, "the room's day");
    spend(&far, used(900, 50));
    assert_eq!([&nova, &far].map(left), [400, 50]);
    advance(Duration::from_secs(60)).await;
    assert_eq!([&nova, &far].map(left), [400, 450], "the tenant's day");
}

#[tokio::test(start_paused = true)]
async fn a_minute_comes_back_evenly() {
    let (ledger, _) = ledger(Budgets {
        persona: tokens(Some(600), None),
        ..Budgets::default()
    });
    let who = scope("a/one", "nova");
    let mut most = 100;
    ledger
        .charge(&who, None, 300, 0, &mut most)
        .unwrap()
        .settle(&used(300, 100));
    assert_eq!(ledger.left(&who, None), 200);
    advance(Duration::from_secs(10)).await;
    assert_eq!(ledger.left(&who, None), 300);
    advance(Duration::from_secs(600)).await;
    assert_eq!(ledger.left(&who, None), 600, "no more is saved up");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_costs_nothing_and_what_was_costs_its_most_until_it_is_known() {
    let bounds = tokens(None, Some(1_000));
    let (ledger, _) = ledger(Budgets {
        room: bounds,
        ..Budgets::default()
    });
    let who = scope("a/one", "nova");
    let left = || ledger.left(&who, None);
    let charge = |input, mut most| ledger.charge(&who, None, input, 0, &mut most).unwrap();

    let waiting = charge(100, 200);
    assert_eq!(left(), 700, "it is put aside");
    drop(waiting);
    assert_eq!(left(), 1_000);

    let given_up = charge(100, 200);
    given_up.sent();
    drop(given_up);
    assert_eq!(left(), 700);

    let answered = charge(100, 200);
    answered.sent();
    answered.settle(&used(120, 10));
    assert_eq!(left(), 570);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_as_long_as_is_left() {
    let (ledger, _) = ledger(Budgets {
        persona: tokens(None, Some(500)),
        ..Budgets::default()
    });
    let who = scope("a/one", "nova");
    // Asked for, of the request, put aside for the answer.
    let cases = [
        (100, 300, Some(100)),
        (100, 450, Some(50)),
        (100, 490, None),
        (5, 490, Some(5)),
        (5, 500, None),
    ];
    for (wanted, input, expected) in cases {
        let mut most = wanted;
        let charge = ledger.charge(&who, None, input, 0, &mut most);
        assert_eq!(charge.map(|_| most), expected, "{wanted} {input}");
    }
}

#[tokio::test(start_paused = true)]
async fn money_is_what_providers_ask() {
    let (ledger, _) = ledger(Budgets {
        tenant: Bounds {
            money_per_day: Some(0.01),
            ..Bounds::default()
        },
        ..Budgets::default()
    });
    let who = scope("a/one", "nova");
    assert_eq!(ledger.left(&who, Some(&PRICE)), 2_000);
    assert_eq!(ledger.left(&who, None), u32::MAX, "a provider that is free");
    let mut most = 100;
    let charge = ledger
        .charge(&who, Some(&PRICE), 1_000, 0, &mut most)
        .unwrap();
    // 0.0002 + 0.00008 + 0.0005
    charge.settle(&Usage {
        input: 1_000,
        cached_input: 800,
        cache_writes: 0,
        output: 100,
    });
    assert_eq!(ledger.left(&who, Some(&PRICE)), 1_844);
}

#[tokio::test(start_paused = true)]
async fn a_day_ends_at_midnight_and_is_kept_over_restarts() {
    let budgets = Budgets {
        room: tokens(None, Some(1_000)),
        persona: tokens(None, Some(1_000)),
        ..Budgets::default()
    };
    let who = scope("a/one", "nova");
    let (before, _) = ledger(budgets);
    assert_eq!(before.spent(), None);
    let mut most = 10;
    before
        .charge(&who, None, 90, 0, &mut most)
        .unwrap()
        .settle(&used(90, 10));
    let spent = before.spent().unwrap();
    assert_eq!(before.spent(), None, "nothing new");
    let names: Vec<_> = spent
        .by
        .iter()
        .map(|by| (by.who.as_str(), by.tokens))
        .collect();
    assert_eq!(names, [("a/one", 100), ("a/one/nova", 100)]);

    let (after, now) = ledger(budgets);
    after.resume(&spent);
    assert_eq!(after.left(&who, None), 900);
    now.fetch_add(DAY_MS, Ordering::Relaxed);
    assert_eq!(after.left(&who, None), 1_000);
    after.resume(&spent);
    assert_eq!(after.left(&who, None), 1_000, "that was yesterday");
}

#[tokio::test(start_paused = true)]
async fn without_bounds_nothing_is_kept() {
    let (ledger, _) = ledger(Budgets::default());
    let who = scope("a/one", "nova");
    let mut most = 100;
    let charge = ledger
        .charge(&who, Some(&PRICE), 1_000, 0, &mut most)
        .unwrap();
    charge.settle(&used(1_000, 100));
    assert_eq!(ledger.left(&who, Some(&PRICE)), u32::MAX);
    assert_eq!(ledger.spent(), None);
    assert!(ledger.accounts().of.is_empty());
}
