//! Listeners that come and go, on a clock that is moved by hand.

use super::*;
use chatter_protocol::Timestamp;
use chatter_speech::Heard;
use std::{cell::RefCell, collections::VecDeque};

struct Nobody;

impl Listening for Nobody {
    fn hear(&mut self, _: u64, _: Vec<f32>) {}
    fn gap(&mut self, _: u64) {}
    fn end(&mut self) {}
    async fn next(&mut self) -> Option<Heard> {
        None
    }
}

fn by_model() -> Hearing {
    Hearing {
        by: HearingBy::Model,
        name: "whisper tiny".into(),
        detail: String::new(),
    }
}

/// A clock that stands at noon.
fn noon() -> Clock {
    Clock::from_fn(|| Timestamp::from_millis(1_769_860_800_000))
}

/// When each attempt to begin is made, in seconds; each comes out as the script says, and all after it well.
async fn attempts(
    without: Option<Deaf>,
    script: Vec<Deaf>,
    ends: usize,
) -> (Vec<u64>, Vec<Hearing>) {
    let began = Instant::now();
    let script = RefCell::new(VecDeque::from(script));
    let tried = RefCell::new(Vec::new());
    let begin = || {
        tried.borrow_mut().push(began.elapsed().as_secs());
        let failed = script.borrow_mut().pop_front();
        std::future::ready(failed.map_or_else(|| Ok((Nobody, by_model())), Err))
    };
    let (told, mut hears) = watch::channel(match &without {
        None => by_model(),
        Some(why) => why.hearing(),
    });
    let listens = without.is_none();
    let (mut from, come, lost) = listeners();
    let mut all = Vec::new();
    let play = async {
        for n in 0..=ends {
            if n > 0 || !listens {
                from.begun.recv().await.unwrap();
                all.push(hears.borrow_and_update().clone());
            }
            if n < ends {
                from.lost.send("no memory".into()).await.unwrap();
                hears.changed().await.unwrap();
                all.push(hears.borrow_and_update().clone());
            }
        }
        drop(from);
    };
    let clock = noon();
    tokio::join!(play, keep(begin, without, &told, &clock, come, lost));
    (tried.into_inner(), all)
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_is_followed_by_another_after_ever_longer_pauses() {
    let (tried, told) = attempts(None, Vec::new(), 8).await;
    assert_eq!(tried, [1, 3, 7, 15, 31, 63, 123, 183]);
    let again = |at: &str| deaf(format!("no memory; it is tried again at 2026-01-31T{at}Z"));
    assert_eq!(told[0], again("12:00:01"));
    assert_eq!(told[1], by_model());
    assert_eq!(told[14], again("12:01:00"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_looked_for_and_what_fails_is_tried_less_and_less() {
    let missing = || Deaf::Missing("there is no model".into());
    let failed = || Deaf::Failed("it is no model".into());
    // Why nobody listened so far, and at each attempt before the one that goes well; when they are made.
    let cases = [
        (
            "missing",
            vec![missing(), missing(), missing()],
            &[3, 6, 9][..],
        ),
        (
            "it can't be loaded",
            vec![failed(); 8],
            &[2, 6, 14, 30, 62, 122, 182, 242],
        ),
        (
            "broken, gone, broken",
            vec![failed(), failed(), missing(), failed()],
            &[2, 6, 9, 11],
        ),
    ];
    for (case, mut script, expected) in cases {
        let first = script.remove(0);
        let (tried, told) = attempts(Some(first), script, 0).await;
        assert_eq!(tried, expected, "{case}");
        assert_eq!(told, [by_model()], "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_told_when_what_failed_is_tried_again() {
    let (told, mut hears) = watch::channel(deaf(String::new()));
    let clock = noon();
    let failed = || Deaf::Failed("it is no model".into());
    let begin = || std::future::ready(Begun::<Nobody>::Err(failed()));
    let waiting = awaited(&begin, failed(), &told, &clock);
    let looking = async {
        for at in ["12:00:02", "12:00:04", "12:00:08"] {
            hears.changed().await.unwrap();
            let detail = hears.borrow_and_update().detail.clone();
            assert_eq!(
                detail,
                format!("it is no model; it is tried again at 2026-01-31T{at}Z")
            );
        }
    };
    tokio::select! {
        _ = waiting => unreachable!("every attempt fails"),
        () = looking => {}
    }
}
