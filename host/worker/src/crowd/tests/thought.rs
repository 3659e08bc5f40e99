//! Personas that think before they speak.

use super::*;

/// Whoever is asked speaks.
fn certain() -> Tuning {
    Tuning {
        base_lines_per_minute: 0.0,
        reply_boost: 1.0,
        human_first: 1.0,
        think_time_s: 2.0,
        ..eager()
    }
}

fn thinkers(names: &[&str], tuning: Tuning) -> Crowd {
    let mut crowd = thinking_crowd(names, tuning);
    for seat in crowd.seats.values_mut() {
        seat.traits.excitability = 1.0;
    }
    crowd
}

/// Everybody is sure to speak about it.
fn goal(crowd: &mut Crowd, second: u64) -> Vec<Plan> {
    happens(crowd, "hype", second)
}

fn happens(crowd: &mut Crowd, kind: &str, second: u64) -> Vec<Plan> {
    let mut sure = event(&format!("{kind}{second}"), kind, second);
    sure.confidence = 1.0;
    let now = at(i64::try_from(second).unwrap());
    crowd.on_context(now, Arc::new(context(second, vec![sure])))
}

/// Goes on to the next moment at which somebody has thought for long enough.
fn wake(crowd: &mut Crowd) -> (Timestamp, Vec<Plan>) {
    let now = crowd.wakes_at().expect("somebody thinks");
    (now, crowd.on_wake(now))
}

/// Somebody asks nobody in particular, until somebody thinks about it.
fn ask(crowd: &mut Crowd) {
    let message = Arc::new(guest_line(1, "ana", "what is this?"));
    let mut plans = crowd.on_messages(at(0), vec![message]);
    for second in 1..10 {
        silent(crowd, second, &plans);
        if crowd.wakes_at().is_some() {
            return;
        }
        plans = crowd.on_tick(at(second));
    }
    panic!("nobody is moved");
}

fn answered_by_ben(crowd: &mut Crowd, now: Timestamp) {
    let answer = reply(guest_line(2, "ben", "a lighthouse"), message_id(1));
    crowd.recall(now, vec![Arc::new(answer)]);
}

#[test]
fn two_that_are_chosen_on_one_context_speak_one_after_the_other() {
    let mut crowd = thinkers(&["nova", "rex"], certain());
    assert!(goal(&mut crowd, 10).is_empty(), "they think first");
    let (first_at, first) = wake(&mut crowd);
    assert_eq!(first.len(), 1);
    assert!(first[0].recent.is_empty() && first[0].impulse.speak);
    let name = ["nova", "rex"][first[0].seat];
    let line = persona_line(1, name, "wow");
    crowd.finished(first_at, first[0].seat, &Ended::Kept(vec![line.clone()]));
    crowd.on_messages(first_at, vec![Arc::new(line.clone())]);

    let (second_at, second) = wake(&mut crowd);
    assert_ne!(second[0].seat, first[0].seat);
    assert!(second_at.since(first_at) >= Duration::from_millis(600));
    assert_eq!(*second[0].recent[0], line, "it has read the other's line");
    for at_ms in [first_at, second_at].map(|moment| moment.since(at(10)).as_millis()) {
        assert!((800..=4000).contains(&at_ms), "{at_ms} ms");
    }
}

#[test]
fn whoever_thinks_is_busy_and_gets_the_newest_context() {
    let mut crowd = thinkers(&["nova"], certain());
    goal(&mut crowd, 10);
    for second in [11, 12] {
        let mut newer = context(second, vec![event("late", "hype", 11)]);
        newer.position_ms = second * 1000;
        assert!(crowd.on_context(at(10), Arc::new(newer)).is_empty());
    }
    let (now, plans) = wake(&mut crowd);
    match &plans[0].input {
        CallInput::Context(context) => assert_eq!(context.position_ms, 12_000),
        other => panic!("{other:?}"),
    }
    assert_eq!(crowd.take_gave_way(), 2);
    let next = crowd.finished(now, 0, &Ended::Kept(Vec::new()));
    assert!(next.is_empty(), "the newest context was handed out");
    let again = crowd.on_context(
        at(14),
        Arc::new(context(13, vec![event("late", "hype", 11)])),
    );
    assert_eq!(
        part(&again[0], "event"),
        0.0,
        "and what it holds is not news"
    );
}

#[test]
fn a_withdrawn_impulse_hands_out_what_waits_but_not_to_speak() {
    let mut crowd = thinkers(&["nova"], certain());
    crowd.set_available(0, false);
    let question = guest_line(1, "ana", "what is this?");
    crowd.on_messages(at(0), vec![Arc::new(question)]);
    crowd.set_available(0, true);
    // After 9 s a question moves whoever is there almost surely.
    assert!(crowd.on_tick(at(9)).is_empty());
    assert!(crowd.wakes_at().is_some());
    answered_by_ben(&mut crowd, at(9));
    let (_, plans) = wake(&mut crowd);
    assert!(matches!(&plans[0].input, CallInput::Firehose(batch) if batch.len() == 1));
    let impulse = &plans[0].impulse;
    assert_eq!(
        (impulse.speak, impulse.p, part(&plans[0], "matter")),
        (false, 0.0, 0.0)
    );
    assert_eq!(plans[0].granted, 0);
    assert_eq!(
        crowd.seats.get_mut(&0).unwrap().budget.left(at(12), true),
        8,
        "its line is free again"
    );
}

#[test]
fn a_withdrawn_impulse_with_nothing_to_hand_out_is_no_call() {
    let mut crowd = thinkers(&["nova"], certain());
    let old = guest_line(1, "ana", "what is this?");
    crowd.recall(at(0), vec![Arc::new(old)]);
    for second in 1..15 {
        assert!(crowd.on_tick(at(second)).is_empty());
        if crowd.wakes_at().is_some() {
            break;
        }
    }
    let now = crowd.wakes_at().expect("it was moved");
    answered_by_ben(&mut crowd, now);
    assert!(crowd.on_wake(now).is_empty());
    assert_eq!(crowd.wakes_at(), None);
    assert!(crowd.seats[&0].is_free(now));
    assert_eq!(crowd.seats.get_mut(&0).unwrap().budget.left(now, true), 8);
}

#[test]
fn whoever_is_named_answers_even_if_another_did() {
    let mut crowd = thinkers(&["nova"], certain());
    crowd.on_messages(
        at(0),
        vec![Arc::new(guest_line(1, "ana", "nova, what is this?"))],
    );
    answered_by_ben(&mut crowd, at(0));
    let (_, plans) = wake(&mut crowd);
    assert!(plans[0].impulse.speak);
    assert_eq!(plans[0].impulse.answer, Some(message_id(1)));
}

#[test]
fn three_lines_about_a_small_event_are_enough() {
    for (kind, lines, speaks) in [
        ("other", 2, true),
        ("other", 3, false),
        ("hype", 3, true),
        ("fail", 9, true),
    ] {
        let mut crowd = thinkers(
            &["nova"],
            Tuning {
                event_boost: 1.0,
                ..certain()
            },
        );
        happens(&mut crowd, kind, 10);
        let others = (0..lines).map(|n| Arc::new(persona_line(n, "kim", &n.to_string())));
        crowd.on_messages(at(10), others.collect());
        let (_, plans) = wake(&mut crowd);
        assert_eq!(
            plans[0].impulse.speak, speaks,
            "{kind}, after {lines} lines"
        );
        assert!(matches!(plans[0].input, CallInput::Context(_)));
    }
}

#[test]
fn lines_are_set_aside_while_it_thinks() {
    let tuning = Tuning {
        room_lines_per_minute: 1,
        ..certain()
    };
    let mut crowd = thinkers(&["nova", "rex", "kim"], tuning);
    let plans = goal(&mut crowd, 10);
    assert_eq!(plans.len(), 2);
    assert!(plans.iter().all(|plan| part(plan, "budget") == 0.0));
    let (_, last) = wake(&mut crowd);
    assert_eq!(last[0].granted, 1);
}

#[test]
fn a_claim_holds_from_the_start_of_the_call() {
    let mut crowd = thinkers(&["nova", "rex"], certain());
    ask(&mut crowd);
    let (now, plans) = wake(&mut crowd);
    assert_eq!(plans[0].impulse.answer, Some(message_id(1)));
    let readiness = crowd.readiness(now);
    let other = 1 - plans[0].seat;
    let late = now.plus(Duration::from_millis(5_900));
    assert!(crowd.asks.for_seat(other, late, &readiness).is_none());
    let too_late = now.plus(Duration::from_secs(6));
    assert!(crowd.asks.for_seat(other, too_late, &readiness).is_some());
}

#[test]
fn without_a_think_time_everybody_is_called_at_once() {
    let tuning = Tuning {
        think_time_s: 0.0,
        ..certain()
    };
    let mut crowd = thinkers(&["nova", "rex"], tuning);
    let plans = goal(&mut crowd, 10);
    assert!(plans.len() == 2 && plans.iter().all(|plan| plan.impulse.speak));
    assert_eq!(crowd.wakes_at(), None);
}
