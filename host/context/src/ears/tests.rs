//! Listeners that come and go, on a clock that is moved by hand.

use super::*;
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

/// When each attempt to begin is made, in seconds; each comes out as the script says, and all after it well.
async fn attempts(listens: bool, script: &[bool], ends: usize) -> (Vec<u64>, Vec<Hearing>) {
    let began = Instant::now();
    let script = RefCell::new(script.iter().copied().collect::<VecDeque<_>>());
    let tried = RefCell::new(Vec::new());
    let begin = || {
        tried.borrow_mut().push(began.elapsed().as_secs());
        let is_well = script.borrow_mut().pop_front().unwrap_or(true);
        std::future::ready(match is_well {
            true => Ok((Nobody, by_model())),
            false => Err(deaf("the model is not here".into())),
        })
    };
    let (told, mut hears) = watch::channel(if listens {
        by_model()
    } else {
        deaf(String::new())
    });
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
    tokio::join!(play, keep(begin, listens, &told, come, lost));
    (tried.into_inner(), all)
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_is_followed_by_another_after_ever_longer_pauses() {
    let (tried, told) = attempts(true, &[], 8).await;
    assert_eq!(tried, [1, 3, 7, 15, 31, 63, 123, 183]);
    assert_eq!(
        told[0],
        deaf("no memory; another listener is started in 1 s".into())
    );
    assert_eq!(told[1], by_model());
    assert_eq!(
        told[14].detail,
        "no memory; another listener is started in 60 s"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_yet_is_looked_for() {
    let (tried, told) = attempts(false, &[false, false, true], 0).await;
    assert_eq!(tried, [0, 3, 6]);
    assert_eq!(told, [by_model()]);
}
