use super::*;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

const PATIENCE: Patience = Patience {
    failures: 3,
    first_rest: FIRST,
    longest_rest: LONGEST,
};

/// A breaker, with a clock that the test moves.
struct Bench {
    breaker: Breaker<&'static str, &'static str>,
    now: Instant,
}

/// Who asks where it is no matter who does.
const ONE: &str = "one";

impl Bench {
    fn new(patience: Patience) -> Self {
        Self {
            breaker: Breaker::new(patience),
            now: Instant::now(),
        }
    }

    /// Open for [`ONE`], for the first time.
    fn open() -> Self {
        let bench = Self::new(PATIENCE);
        for _ in 1..PATIENCE.failures {
            assert_eq!(bench.fail(ONE), None);
        }
        assert_eq!(bench.fail(ONE), Some(Change::Opened(FIRST)));
        bench
    }

    fn pass(&self, who: &'static str) -> Pass<'_, &'static str, &'static str> {
        self.breaker.pass(who, self.now).unwrap()
    }

    fn fail(&self, who: &'static str) -> Option<Change> {
        self.pass(who).bad(self.now, "gone")
    }

    fn is_asked(&self, who: &'static str) -> bool {
        self.breaker.pass(who, self.now).is_ok()
    }

    fn level(&self) -> f64 {
        self.breaker.level(self.now)
    }

    fn outage(&self, who: &'static str) -> Option<Outage<&'static str>> {
        self.breaker.outage(&who, self.now)
    }

    fn rests(&self, who: &'static str) -> bool {
        self.breaker.rests(&who, self.now)
    }
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn failures_in_a_row_open_it() {
    for failures in [1, 3, 5] {
        let it = Bench::new(Patience {
            failures,
            ..PATIENCE
        });
        for _ in 0..10 {
            for _ in 1..failures {
                assert_eq!(it.fail(ONE), None, "{failures}");
            }
            assert_eq!(it.pass(ONE).good(it.now), None);
        }
        for _ in 1..failures {
            assert_eq!(it.fail(ONE), None, "{failures}");
        }
        assert_eq!((it.level(), it.outage(ONE)), (0.0, None));
        assert_eq!(it.fail(ONE), Some(Change::Opened(FIRST)), "{failures}");
        let why = Outage::Own("gone");
        assert_eq!(it.breaker.pass(ONE, it.now).err(), Some(why));
        assert_eq!((it.level(), it.outage(ONE)), (2.0, Some(why)));
    }
}

#[test]
fn one_probe_closes_it_again() {
    let mut it = Bench::open();
    it.now += FIRST - MS;
    assert!(!it.is_asked(ONE) && it.rests(ONE));
    it.now += MS;
    assert!(!it.rests(ONE));
    let probe = it.pass(ONE);
    assert_eq!(it.level(), 1.0);
    assert!(!it.is_asked(ONE), "a second probe");
    assert!(it.rests(ONE));
    assert_eq!(probe.good(it.now), Some(Change::Closed(FIRST)));
    assert!(it.is_asked(ONE) && it.is_asked(ONE));
    // It counts from the beginning again.
    assert_eq!((it.fail(ONE), it.fail(ONE)), (None, None));
    assert_eq!(it.fail(ONE), Some(Change::Opened(FIRST)));
}

#[test]
fn a_probe_that_fails_makes_it_rest_longer() {
    let mut it = Bench::open();
    let mut waited = Duration::ZERO;
    let mut rest = FIRST;
    for next in [10, 20, 40, 60, 60].map(Duration::from_secs) {
        it.now += rest - MS;
        assert!(!it.is_asked(ONE), "{rest:?}");
        it.now += MS;
        let change = it.pass(ONE).bad(it.now, "still gone");
        assert_eq!(change, Some(Change::StaysOpen(next)));
        assert_eq!(it.outage(ONE), Some(Outage::Own("still gone")));
        waited += rest;
        rest = next;
    }
    it.now += rest;
    let back = it.pass(ONE).good(it.now);
    assert_eq!(back, Some(Change::Closed(waited + rest)));
}

#[test]
fn a_probe_that_was_given_up_leaves_its_place() {
    let mut it = Bench::open();
    it.now += FIRST;
    drop(it.pass(ONE));
    assert_eq!(it.level(), 0.0);
    assert!(it.is_asked(ONE));
}

#[test]
fn what_was_asked_before_it_opened_makes_it_no_worse_but_may_close_it() {
    let mut it = Bench::new(PATIENCE);
    let start = it.now;
    let mut early: Vec<_> = (0..8)
        .map(|_| it.breaker.pass(ONE, start).unwrap())
        .collect();
    let answered = early.pop().unwrap();
    let changes: Vec<_> = early
        .drain(..6)
        .filter_map(|pass| pass.bad(start, "gone"))
        .collect();
    assert_eq!(changes, [Change::Opened(FIRST)]);
    let now = start + FIRST;
    let probe = it.breaker.pass(ONE, now).unwrap();
    let late = early.pop().unwrap();
    assert_eq!(late.bad(now, "late"), None);
    assert_eq!(it.breaker.level(now), 1.0);
    assert_eq!(answered.good(now), Some(Change::Closed(FIRST)));
    drop(probe);
    it.now = now;
    assert_eq!((it.level(), it.outage(ONE)), (0.0, None));
}

#[test]
fn a_probe_of_an_earlier_outage_has_no_say_in_this_one() {
    let breaker = Breaker::<_, &str>::new(PATIENCE);
    let mut now = Instant::now();
    let answered = breaker.pass(ONE, now).unwrap();
    let fail = |now| breaker.pass(ONE, now).unwrap().bad(now, "gone");
    for _ in 0..PATIENCE.failures {
        fail(now);
    }
    now += FIRST;
    let old = breaker.pass(ONE, now).unwrap();
    answered.good(now);
    for _ in 0..PATIENCE.failures {
        fail(now);
    }
    now += FIRST;
    let probe = breaker.pass(ONE, now).unwrap();
    assert_eq!(old.bad(now, "late"), None);
    assert!(breaker.rests(&ONE, now), "a second probe");
    assert!(probe.good(now).is_some());
}

/// What came of a request.
#[derive(Clone, Copy, Debug)]
enum End {
    Good,
    Bad,
}

use End::{Bad, Good};

#[test]
fn it_is_the_server_that_fails_if_it_fails_for_several_with_no_good_answer_between() {
    type Case = (
        &'static str,
        &'static [(&'static str, End)],
        Extent,
        bool,
        bool,
    );
    // Who asked, and how it ended; for whom it is open, whether `a` rests, and whether somebody new does.
    #[rustfmt::skip]
    let cases: [Case; 8] = [
        ("nothing", &[], Extent::Nobody, false, false),
        ("two of one", &[("a", Bad), ("a", Bad)], Extent::Nobody, false, false),
        ("one that fails", &[("a", Bad), ("a", Bad), ("a", Bad)], Extent::Some, true, false),
        ("one that fails, for others it works",
         &[("a", Bad), ("b", Good), ("a", Bad), ("c", Good), ("a", Bad), ("b", Good)], Extent::Some, true, false),
        ("two that fail", &[("a", Bad), ("b", Bad), ("a", Bad), ("b", Bad), ("a", Bad)], Extent::Some, true, false),
        ("three", &[("a", Bad), ("b", Bad), ("c", Bad)], Extent::All, true, true),
        ("three, with a good answer between", &[("a", Bad), ("b", Bad), ("d", Good), ("c", Bad)], Extent::Nobody, false, false),
        ("three, and then a good answer", &[("a", Bad), ("b", Bad), ("c", Bad), ("a", Good)], Extent::Nobody, false, false),
    ];
    for (what, ends, extent, one, new) in cases {
        let it = Bench::new(PATIENCE);
        // They were all asking when the first of them ended.
        let asked: Vec<_> = ends.iter().map(|(who, _)| it.pass(who)).collect();
        for (pass, (_, end)) in asked.into_iter().zip(ends) {
            match end {
                Good => pass.good(it.now),
                Bad => pass.bad(it.now, "gone"),
            };
        }
        assert_eq!(it.breaker.extent(it.now), extent, "{what}");
        assert_eq!(it.rests("a"), one, "{what}");
        assert_eq!(it.rests("new"), new, "{what}");
    }
}

#[test]
fn it_takes_as_many_failures_as_one_alone_has() {
    let it = Bench::new(Patience {
        failures: 5,
        ..PATIENCE
    });
    for who in ["a", "b", "c", "d"] {
        assert_eq!(it.fail(who), None);
    }
    assert_eq!(it.fail("a"), Some(Change::Opened(FIRST)));
    assert_eq!(it.breaker.extent(it.now), Extent::All);
}

/// Open for all, after it failed for `a`, `b` and `c`.
fn down() -> Bench {
    let it = Bench::new(PATIENCE);
    assert_eq!((it.fail("a"), it.fail("b")), (None, None));
    assert_eq!(it.fail("c"), Some(Change::Opened(FIRST)));
    it
}

#[test]
fn one_probes_for_all() {
    let mut it = down();
    it.now += FIRST;
    let probe = it.pass("a");
    assert_eq!(it.level(), 1.0);
    for who in ["a", "b", "c", "new"] {
        assert!(!it.is_asked(who), "{who}");
    }
    assert_eq!(probe.good(it.now), Some(Change::Closed(FIRST)));
    for who in ["a", "b", "c", "new"] {
        assert!(it.is_asked(who), "{who}");
    }
    assert_eq!((it.level(), it.outage("b")), (0.0, None));
}

#[test]
fn a_probe_in_vain_makes_all_wait_longer() {
    let mut it = down();
    // Each time somebody else, so that it is nobody's own failures that count.
    for (who, seconds) in [("e", 10), ("f", 20), ("g", 40)] {
        let next = Duration::from_secs(seconds);
        it.now += FIRST;
        assert_eq!(it.fail(who), Some(Change::StaysOpen(next)));
        it.now += next - MS;
        assert!(!it.is_asked("a"), "{next:?}");
        it.now += MS;
        assert!(!it.rests("a"), "{next:?}");
    }
}

/// It may be what the others ask that fails: whom it has not failed finds that out, although they ask all the time and
/// this one seldom.
#[test]
fn whom_it_has_not_failed_need_not_wait_for_all_of_a_long_rest() {
    let mut it = down();
    for who in ["a", "b", "a", "c", "b"] {
        it.now += LONGEST;
        it.fail(who);
    }
    it.now += FIRST - MS;
    assert!(!it.is_asked("quiet"), "others asked a moment ago");
    it.now += MS;
    assert!(!it.is_asked("a") && !it.is_asked("c"));
    let quiet = it.pass("quiet");
    assert!(!it.is_asked("other"), "two at once");
    assert!(quiet.good(it.now).is_some());
    assert!(it.is_asked("other"));
    assert_eq!(it.breaker.extent(it.now), Extent::Some, "a and b are");

    let mut it = down();
    for who in ["a", "b", "c"] {
        it.now += LONGEST;
        it.fail(who);
    }
    it.now += FIRST;
    it.fail("quiet");
    it.now += FIRST;
    assert!(!it.is_asked("quiet"), "now it is one of them");
}

#[test]
fn why_it_failed_for_others_is_for_them_alone() {
    let it = down();
    for (who, why) in [("a", Outage::Own("gone")), ("new", Outage::Others)] {
        assert_eq!(it.outage(who), Some(why));
        assert_eq!(it.breaker.pass(who, it.now).err(), Some(why));
    }
    let it = Bench::open();
    assert_eq!(it.outage("new"), None);
}

/// An outage whose end nobody has seen: for how long it is told.
#[test]
fn of_an_outage_that_nobody_asks_about_any_more_nothing_is_told() {
    let ms = |ms: u64| Duration::from_millis(ms);
    let cases: [(Duration, f64, Extent); 5] = [
        (ms(0), 2.0, Extent::Some),
        (FIRST - MS, 2.0, Extent::Some),
        (FIRST, 0.0, Extent::Some),
        (FIRST + LONGEST - MS, 0.0, Extent::Some),
        (FIRST + LONGEST, 0.0, Extent::Nobody),
    ];
    for (after, level, extent) in cases {
        let mut it = Bench::open();
        it.now += after;
        assert_eq!(it.level(), level, "{after:?}");
        assert_eq!(it.breaker.extent(it.now), extent, "{after:?}");
        assert_eq!(it.outage(ONE).is_some(), extent == Extent::Some);
    }
}

#[test]
fn who_has_nothing_to_tell_is_forgotten() {
    let breaker = Breaker::<usize>::new(PATIENCE);
    let start = Instant::now();
    let fail = |who, times| {
        for _ in 0..times {
            breaker.pass(who, start).unwrap().bad(start, ());
        }
    };
    // Good answers between, so that it is not the server that fails.
    let works = |who, now| {
        breaker.pass(who, now).unwrap().good(now);
    };
    fail(0, PATIENCE.failures);
    works(1, start);
    fail(2, PATIENCE.failures - 1);
    let held = breaker.pass(1, start).unwrap();
    let known = || {
        let each = &breaker.state().each;
        ([0, 1, 2].map(|who| each.contains_key(&who)), each.len())
    };
    for who in 3..5 * EACH {
        works(who, start);
    }
    let (kept, len) = known();
    assert!(kept == [true; 3] && len <= EACH, "{kept:?} {len}");
    assert!(breaker.rests(&0, start));
    // The outage is over for so long, and the failures are as old.
    let later = start + FIRST + LONGEST;
    for who in 5 * EACH..7 * EACH {
        works(who, later);
    }
    let (kept, len) = known();
    assert!(
        kept == [false, true, false] && len <= EACH,
        "{kept:?} {len}"
    );
    drop(held);
    for who in 7 * EACH..9 * EACH {
        works(who, later);
    }
    assert_eq!(known().0, [false; 3]);
}

/// If more fail at once than are kept at most, it isn't looked in vain each time who can be forgotten.
#[test]
fn many_that_fail_are_looked_through_seldom() {
    let breaker = Breaker::<usize>::new(Patience {
        failures: u32::MAX,
        ..PATIENCE
    });
    let now = Instant::now();
    for who in 0..3 * EACH {
        breaker.pass(who, now).unwrap().bad(now, ());
    }
    assert_eq!(breaker.state().full, 4 * EACH);
}
