use super::{
    scripted::{NEVER, SECOND, Script, broken, busy, down, empty, request, says, scope},
    *,
};
use crate::{
    budget::{Budgets, Ledger},
    gate::PATIENCE,
};
use chatter_protocol::Clock;
use std::{collections::HashMap, sync::Arc};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{sleep_until, timeout},
};

/// Asks for somebody in `main/lobby`, within a time.
async fn ask(provider: &Provider, deadline: Duration) -> Result<Answer, Failure> {
    ask_in("main/lobby", provider, deadline).await
}

async fn ask_in(room: &str, provider: &Provider, deadline: Duration) -> Result<Answer, Failure> {
    let ledger = Ledger::new(Budgets::default(), Clock::system());
    let who = scope(room, "nova");
    let charge = ledger.charge(&who, None, 20, 0, &mut 40).unwrap();
    let until = Instant::now() + deadline;
    provider.complete(&who, &request(), 7, until, &charge).await
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_again_only_where_that_helps() {
    let ok = || Ok(says("gg"));
    let ms = Duration::from_millis;
    // What it answers at once, one after the other; how long there is; how it ends, and after how many tries
    // and how long.
    type Case = (
        Vec<Result<Answer, Failure>>,
        u64,
        Result<Answer, Failure>,
        usize,
        (Duration, Duration),
    );
    let cases: [Case; 9] = [
        (vec![ok()], 10, ok(), 1, (ms(0), ms(0))),
        (
            vec![Err(busy(Some(3))), ok()],
            10,
            ok(),
            2,
            (ms(3_000), ms(3_000)),
        ),
        (
            vec![Err(busy(Some(3))), ok()],
            3,
            Err(busy(Some(3))),
            1,
            (ms(0), ms(0)),
        ),
        (vec![Err(busy(None)), ok()], 10, ok(), 2, (ms(300), ms(450))),
        (
            vec![Err(busy(Some(1))), Err(busy(Some(1))), ok()],
            10,
            Err(busy(Some(1))),
            2,
            (ms(1_000), ms(1_000)),
        ),
        (vec![Err(down()), ok()], 10, ok(), 2, (ms(300), ms(450))),
        (
            vec![Err(down()), Err(down()), ok()],
            10,
            Err(down()),
            2,
            (ms(300), ms(450)),
        ),
        (
            vec![Err(broken()), ok()],
            10,
            Err(broken()),
            1,
            (ms(0), ms(0)),
        ),
        (
            vec![Err(Failure::Refused("too long".into())), ok()],
            10,
            Err(Failure::Refused("too long".into())),
            1,
            (ms(0), ms(0)),
        ),
    ];
    for (at, (answers, seconds, expected, tries, (least, most))) in cases.into_iter().enumerate() {
        let script = Script::of(answers.into_iter().map(|answer| (Duration::ZERO, answer)));
        let provider = script.provider("it", |_| ());
        let began = Instant::now();
        let answer = ask(&provider, Duration::from_secs(seconds)).await;
        let took = began.elapsed();
        assert_eq!(answer, expected, "case {at}");
        assert_eq!(script.asked().len(), tries, "case {at}");
        // Timers are as fine as a millisecond.
        assert!(took >= least && took <= most + ms(2), "case {at}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_take_as_long_as_is_said_and_the_deadline_counts_the_queue() {
    let script = Script::of([(NEVER, Ok(says("late")))]);
    let provider = script.provider("it", |config| config.timeout = Some(4 * SECOND));
    let began = Instant::now();
    assert_eq!(ask(&provider, 60 * SECOND).await, Err(Failure::TimedOut));
    assert_eq!(began.elapsed(), 4 * SECOND);

    let script = Script::of([(10 * SECOND, Ok(says("first")))]);
    let provider = script.provider("it", |config| config.concurrency = 1);
    let began = Instant::now();
    let (first, second, third) = tokio::join!(
        biased;
        ask(&provider, 20 * SECOND),
        ask(&provider, 5 * SECOND),
        ask(&provider, 12 * SECOND),
    );
    assert_eq!(first, Ok(says("first")));
    assert_eq!(second, Err(Failure::Full));
    assert_eq!(third, Ok(says("gg")), "it waited for 10 of its 12 seconds");
    assert_eq!(began.elapsed(), 11 * SECOND);
}

/// One is told to come back in 20 s, and has the time; what others do meanwhile that share its one place.
#[tokio::test(start_paused = true)]
async fn no_place_is_held_while_it_is_waited_for() {
    let script = Script::of([(SECOND, Err(busy(Some(20)))), (SECOND, Ok(says("first")))]);
    let provider = script.provider("it", |config| config.concurrency = 1);
    let timed = async |deadline| {
        let began = Instant::now();
        (ask(&provider, deadline).await, began.elapsed())
    };
    let (patient, hurried, other) = tokio::join!(
        biased;
        timed(60 * SECOND),
        timed(8 * SECOND),
        timed(60 * SECOND),
    );
    assert_eq!(patient.0, Ok(says("first")));
    assert_eq!(
        hurried,
        (Err(Failure::Paused), SECOND),
        "it goes on to the next at once"
    );
    assert_eq!(other.0, Ok(says("gg")));
    assert!(other.1 <= 24 * SECOND, "{:?}", other.1);
}

/// All places are taken when one of those who ask is told to come later.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_hears_of_a_pause() {
    let script = Script::of([
        (30 * SECOND, Ok(says("slow"))),
        (SECOND, Err(busy(Some(20)))),
    ]);
    let provider = script.provider("it", |config| config.concurrency = 2);
    let began = Instant::now();
    let (slow, told, hurried) = tokio::join!(
        biased;
        ask(&provider, 60 * SECOND),
        ask(&provider, 5 * SECOND),
        async {
            let answer = ask(&provider, 10 * SECOND).await;
            (answer, began.elapsed())
        },
    );
    assert_eq!((slow, told), (Ok(says("slow")), Err(busy(Some(20)))));
    assert_eq!(hurried, (Err(Failure::Paused), SECOND));
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_failing_is_left_alone_and_tried_by_one() {
    let fails = || (SECOND, Err(broken()));
    let script = Script::of([fails(), fails(), fails(), fails(), fails()]);
    let provider = script.provider("it", |_| ());
    for _ in 0..5 {
        assert_eq!(ask(&provider, 30 * SECOND).await, Err(broken()));
    }
    let began = Instant::now();
    for _ in 0..10 {
        let answer = ask(&provider, 30 * SECOND).await;
        assert!(matches!(answer, Err(Failure::Resting)), "{answer:?}");
    }
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits for it");
    assert_eq!(script.asked().len(), 5);

    tokio::time::advance(6 * SECOND).await;
    let (probe, other) = tokio::join!(
        biased;
        ask(&provider, 30 * SECOND),
        ask(&provider, 30 * SECOND),
    );
    assert_eq!(probe, Ok(says("gg")));
    assert!(matches!(other, Err(Failure::Resting)), "{other:?}");
    assert!(ask(&provider, 30 * SECOND).await.is_ok());
}

/// What hangs on a request alone must not keep others from being answered.
#[tokio::test(start_paused = true)]
async fn answers_that_are_of_no_use_do_not_rest_it() {
    let nothing = || (SECOND, Err(empty(None)));
    let refused = || (SECOND, Err(Failure::Refused("no such thing".into())));
    let script = Script::of((0..10).flat_map(|_| [nothing(), refused()]));
    let provider = script.provider("it", |_| ());
    for _ in 0..20 {
        let answer = ask(&provider, 30 * SECOND).await;
        assert!(!matches!(answer, Err(Failure::Resting)), "{answer:?}");
    }
    assert!(ask(&provider, 30 * SECOND).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_had_no_time_says_nothing_of_the_provider() {
    let script = Script::of((0..20).map(|_| (2 * SECOND, Ok(says("gg")))));
    let provider = script.provider("it", |_| ());
    for _ in 0..10 {
        let answer = ask(&provider, Duration::from_millis(500)).await;
        assert_eq!(answer, Err(Failure::TimedOut));
    }
    assert!(ask(&provider, 30 * SECOND).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_that_may_take_less_than_a_second_is_left_alone_as_well() {
    let script = Script::of((0..6).map(|_| (NEVER, Ok(says("late")))));
    let provider = script.provider("it", |config| config.timeout = Some(SECOND / 2));
    for _ in 0..5 {
        assert_eq!(ask(&provider, 30 * SECOND).await, Err(Failure::TimedOut));
    }
    assert_eq!(ask(&provider, 30 * SECOND).await, Err(Failure::Resting));
}

/// Fifty personas in one room that ask as soon as they are answered, and one in another that does the same: the
/// next place of the two is that one's whenever it asks.
#[tokio::test(start_paused = true)]
async fn a_busy_room_does_not_starve_a_quiet_one() {
    let provider = Arc::new(Script::default().provider("it", |config| config.concurrency = 2));
    let (tell, mut answered) = mpsc::unbounded_channel();
    let ledger = Arc::new(Ledger::new(Budgets::default(), Clock::system()));
    let mut tasks = Vec::new();
    let busy = (0..50).map(|n| scope("main/busy", &format!("p{n}")));
    for who in busy.chain([scope("main/quiet", "one")]) {
        let (provider, ledger, tell) = (provider.clone(), ledger.clone(), tell.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                let charge = ledger.charge(&who, None, 20, 0, &mut 40).unwrap();
                let until = Instant::now() + 600 * SECOND;
                let asked = request();
                let answer = provider.complete(&who, &asked, 7, until, &charge);
                answer.await.unwrap();
                let _ = tell.send(who.room.to_string());
            }
        }));
    }
    sleep_until(Instant::now() + Duration::from_millis(100_500)).await;
    for task in tasks {
        task.abort();
    }
    let mut answers: HashMap<String, u32> = HashMap::new();
    while let Ok(room) = answered.try_recv() {
        *answers.entry(room).or_default() += 1;
    }
    // A second for the next place, and a second for the answer. If all took turns, it would have four.
    assert_eq!(answers["main/quiet"] + answers["main/busy"], 200);
    assert_eq!(answers["main/quiet"], 50);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_place() {
    let script = Script::of([(NEVER, Ok(says("late")))]);
    let provider = script.provider("it", |config| config.concurrency = 1);
    let given_up = timeout(SECOND, ask(&provider, 60 * SECOND)).await;
    assert!(given_up.is_err());
    assert_eq!(ask(&provider, 60 * SECOND).await, Ok(says("gg")));
}

#[tokio::test(start_paused = true)]
async fn who_makes_it_fail_keeps_no_other_tenant_from_asking() {
    let failing = (0..PATIENCE.failures).map(|_| (Duration::ZERO, Err(broken())));
    let script = Script::of(failing);
    let provider = script.provider("it", |_| ());
    for _ in 0..PATIENCE.failures {
        assert_eq!(ask(&provider, 10 * SECOND).await, Err(broken()));
    }
    assert_eq!(ask(&provider, 10 * SECOND).await, Err(Failure::Resting));
    assert_eq!(provider.gate.level(), 2.0);
    let other = ask_in("acme/studio", &provider, 10 * SECOND).await;
    assert_eq!(other, Ok(says("gg")));
    let neighbour = ask_in("main/studio", &provider, 10 * SECOND).await;
    assert_eq!(neighbour, Err(Failure::Resting));
}

/// It accepts requests and never answers. Two dozen tenants find that out together.
#[tokio::test(start_paused = true)]
async fn who_comes_to_a_server_that_hangs_does_not_wait_to_learn_it_alone() {
    const TENANTS: usize = 24;
    let script = Script::of((0..9).map(|_| (NEVER, Ok(says("late")))));
    let provider = Arc::new(script.provider("it", |config| config.timeout = Some(10 * SECOND)));
    // How those of all tenants end who ask at once, and when the last one of them does.
    let all_ask = async || {
        let (began, mut asking) = (Instant::now(), JoinSet::new());
        for n in 0..TENANTS {
            let provider = Arc::clone(&provider);
            let room = format!("tenant-{n}/lobby");
            asking.spawn(async move { ask_in(&room, &provider, 60 * SECOND).await });
        }
        let ends = asking.join_all().await;
        let ended = |how: Result<Answer, Failure>| ends.iter().filter(|end| **end == how).count();
        (
            ended(Err(Failure::TimedOut)),
            ended(Err(Failure::Resting)),
            ended(Ok(says("gg"))),
            began.elapsed().as_secs(),
        )
    };
    // Four at a time: the fifth failure ends it for all who wait.
    assert_eq!(all_ask().await, (8, TENANTS - 8, 0, 20));
    assert_eq!(all_ask().await, (0, TENANTS, 0, 0));
    tokio::time::advance(PATIENCE.first_rest).await;
    assert_eq!(all_ask().await, (1, TENANTS - 1, 0, 10), "one probes");
    assert_eq!(script.asked().len(), 9);
    // It is back.
    tokio::time::advance(2 * PATIENCE.first_rest).await;
    assert_eq!(all_ask().await, (0, TENANTS - 1, 1, 1));
    let (_, _, answered, _) = all_ask().await;
    assert_eq!(answered, TENANTS);
}
