use super::*;
use tokio::time::advance;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

const PATIENCE: Patience = Patience {
    failures: 3,
    first_rest: FIRST,
    longest_rest: LONGEST,
};

type Breaker = super::Breaker<&'static str>;

fn pass(breaker: &Breaker) -> Pass<'_, &'static str> {
    breaker.pass(Instant::now()).unwrap()
}

fn fail(breaker: &Breaker) -> Option<Change> {
    pass(breaker).bad(Instant::now(), "gone")
}

fn is_asked(breaker: &Breaker) -> bool {
    breaker.pass(Instant::now()).is_ok()
}

/// Open for the first time.
fn open() -> Breaker {
    let breaker = Breaker::new(PATIENCE);
    for _ in 1..PATIENCE.failures {
        assert_eq!(fail(&breaker), None);
    }
    assert_eq!(fail(&breaker), Some(Change::Opened(FIRST)));
    breaker
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it() {
    for failures in [1, 3, 5] {
        let breaker = Breaker::new(Patience {
            failures,
            ..PATIENCE
        });
        for _ in 0..10 {
            for _ in 1..failures {
                assert_eq!(fail(&breaker), None, "{failures}");
            }
            assert_eq!(pass(&breaker).good(Instant::now()), None);
        }
        for _ in 1..failures {
            assert_eq!(fail(&breaker), None, "{failures}");
        }
        assert_eq!((breaker.level(), breaker.reason()), (0.0, None));
        assert_eq!(fail(&breaker), Some(Change::Opened(FIRST)), "{failures}");
        assert_eq!(breaker.pass(Instant::now()).err(), Some("gone"));
        assert_eq!((breaker.level(), breaker.reason()), (2.0, Some("gone")));
    }
}

#[tokio::test(start_paused = true)]
async fn one_probe_closes_it_again() {
    let breaker = open();
    advance(FIRST - Duration::from_millis(1)).await;
    assert!(!is_asked(&breaker) && breaker.rests(Instant::now()));
    advance(Duration::from_millis(1)).await;
    assert!(!breaker.rests(Instant::now()));
    let probe = pass(&breaker);
    assert_eq!(breaker.level(), 1.0);
    assert!(!is_asked(&breaker), "a second probe");
    assert!(breaker.rests(Instant::now()));
    let now = Instant::now();
    assert_eq!(probe.good(now), Some(Change::Closed(FIRST)));
    assert!(is_asked(&breaker) && is_asked(&breaker));
    // It counts from the beginning again.
    assert_eq!((fail(&breaker), fail(&breaker)), (None, None));
    assert_eq!(fail(&breaker), Some(Change::Opened(FIRST)));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_makes_it_rest_longer() {
    let breaker = open();
    let mut waited = Duration::ZERO;
    let mut rest = FIRST;
    for next in [10, 20, 40, 60, 60].map(Duration::from_secs) {
        advance(rest - Duration::from_millis(1)).await;
        assert!(!is_asked(&breaker), "{rest:?}");
        advance(Duration::from_millis(1)).await;
        let change = pass(&breaker).bad(Instant::now(), "still gone");
        assert_eq!(change, Some(Change::StaysOpen(next)));
        assert_eq!(breaker.reason(), Some("still gone"));
        waited += rest;
        rest = next;
    }
    advance(rest).await;
    let back = pass(&breaker).good(Instant::now());
    assert_eq!(back, Some(Change::Closed(waited + rest)));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_given_up_leaves_its_place() {
    let breaker = open();
    advance(FIRST).await;
    drop(pass(&breaker));
    assert_eq!(breaker.level(), 2.0);
    assert!(is_asked(&breaker));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_before_it_opened_makes_it_no_worse_but_may_close_it() {
    let breaker = Breaker::new(PATIENCE);
    let mut early: Vec<_> = (0..8).map(|_| pass(&breaker)).collect();
    let answered = early.pop().unwrap();
    let changes: Vec<_> = early
        .drain(..6)
        .filter_map(|pass| pass.bad(Instant::now(), "gone"))
        .collect();
    assert_eq!(changes, [Change::Opened(FIRST)]);
    advance(FIRST).await;
    let probe = pass(&breaker);
    let late = early.pop().unwrap();
    assert_eq!(late.bad(Instant::now(), "late"), None);
    assert_eq!((breaker.level(), breaker.reason()), (1.0, Some("gone")));
    assert_eq!(answered.good(Instant::now()), Some(Change::Closed(FIRST)));
    drop(probe);
    assert_eq!(breaker.level(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_probe_of_an_earlier_outage_has_no_say_in_this_one() {
    let breaker = Breaker::new(PATIENCE);
    let answered = pass(&breaker);
    for _ in 0..PATIENCE.failures {
        fail(&breaker);
    }
    advance(FIRST).await;
    let (old, older) = (pass(&breaker), answered);
    older.good(Instant::now());
    for _ in 0..PATIENCE.failures {
        fail(&breaker);
    }
    advance(FIRST).await;
    let probe = pass(&breaker);
    assert_eq!(old.bad(Instant::now(), "late"), None);
    assert!(!is_asked(&breaker), "a second probe");
    assert!(probe.good(Instant::now()).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_one_is_asked_by_the_others() {
    let breakers = Breakers::new(PATIENCE);
    let (bad, good) = (breakers.of("bad"), breakers.of("good"));
    for _ in 0..PATIENCE.failures {
        assert_eq!(breakers.rests(Instant::now()), None);
        fail(&bad);
    }
    assert!(!is_asked(&bad) && is_asked(&good));
    assert!(!is_asked(&breakers.of("bad")) && is_asked(&breakers.of("new")));
    assert_eq!(breakers.level(), 2.0);
    assert_eq!(breakers.rests(Instant::now()), Some("gone"));
    // Nobody rests whom the next question would let through.
    advance(FIRST).await;
    assert_eq!(breakers.rests(Instant::now()), None);
}

#[test]
fn those_with_nothing_to_tell_are_forgotten() {
    let breakers = Breakers::new(PATIENCE);
    for _ in 0..PATIENCE.failures {
        fail(&breakers.of(0));
    }
    let held = breakers.of(1);
    for who in 2..5 * EACH {
        breakers.of(who);
    }
    assert!(breakers.each().len() <= EACH);
    assert!(!is_asked(&breakers.of(0)));
    assert!(Arc::ptr_eq(&held, &breakers.of(1)));
}
