mod calls;
mod removed;
mod roster;
mod thought;

use super::*;
use crate::testing::{at, context, event, guest_line, message_id, persona_line, reply};
use chatter_protocol::{
    PersonaId,
    call::{CallInput, Profile},
    context::{ChatQuestion, StreamEvent},
};

fn profile(name: &str) -> Profile {
    Profile {
        id: PersonaId::new(name).unwrap(),
        name: name.into(),
        bio: String::new(),
        style: String::new(),
        traits: Default::default(),
        drift: Default::default(),
        relationships: Vec::new(),
    }
}

/// A crowd that doesn't think first.
fn crowd(names: &[&str], tuning: Tuning) -> Crowd {
    thinking_crowd(
        names,
        Tuning {
            think_time_s: 0.0,
            ..tuning
        },
    )
}

fn thinking_crowd(names: &[&str], tuning: Tuning) -> Crowd {
    let profiles: Vec<Profile> = names.iter().map(|name| profile(name)).collect();
    let seats = profiles.iter().map(|profile| NewSeat {
        profile,
        limits: CallLimits::default(),
    });
    Crowd::new(tuning, seats, 7)
}

/// Talks and reacts at every occasion.
fn eager() -> Tuning {
    Tuning {
        event_boost: 1.0,
        mention_boost: 1.0,
        question_boost: 1.0,
        cooldown_s: 0.0,
        bot_share: 1.0,
        ..Tuning::default()
    }
}

fn on_context(crowd: &mut Crowd, second: i64) -> Vec<Plan> {
    let position = u64::try_from(second).unwrap();
    crowd.on_context(at(second), Arc::new(context(position, vec![])))
}

fn part(plan: &Plan, name: &str) -> f64 {
    plan.impulse
        .parts
        .iter()
        .find(|part| part.name == name)
        .unwrap()
        .value
}

fn silent(crowd: &mut Crowd, second: i64, plans: &[Plan]) -> Vec<Plan> {
    let ended = Ended::Kept(Vec::new());
    plans
        .iter()
        .flat_map(|plan| crowd.finished(at(second), plan.seat, &ended))
        .collect()
}

#[test]
fn one_call_at_a_time_and_then_the_newest_context() {
    let mut crowd = crowd(&["nova"], Tuning::default());
    let first = on_context(&mut crowd, 2);
    assert_eq!(first.len(), 1);
    assert!(on_context(&mut crowd, 4).is_empty());
    assert!(on_context(&mut crowd, 6).is_empty());
    let next = silent(&mut crowd, 7, &first);
    match &next[..] {
        [
            Plan {
                input: CallInput::Context(context),
                ..
            },
        ] => assert_eq!(context.position_ms, 6_000),
        other => panic!("{other:?}"),
    }
    assert!(silent(&mut crowd, 8, &next).is_empty());
    assert_eq!(crowd.take_gave_way(), 1);
}

#[test]
fn nobody_is_called_on_its_own_lines() {
    let mut crowd = crowd(&["nova", "rex"], Tuning::default());
    let plans = crowd.on_messages(at(1), vec![Arc::new(persona_line(1, "nova", "hi"))]);
    let called: Vec<usize> = plans.iter().map(|plan| plan.seat).collect();
    assert_eq!(called, [1]);
}

#[test]
fn an_event_is_offered_once_and_only_while_fresh() {
    let mut crowd = crowd(&["nova"], eager());
    let mut offered = |second: u64, events: Vec<_>| {
        let now = at(i64::try_from(second).unwrap());
        let plans = crowd.on_context(now, Arc::new(context(second, events)));
        silent(&mut crowd, i64::try_from(second).unwrap(), &plans);
        part(&plans[0], "event") > 0.0
    };
    let goal = event("goal", "hype", 1);
    assert!(offered(2, vec![goal.clone()]));
    assert!(!offered(4, vec![goal.clone()]));
    assert!(!offered(14, vec![goal, event("old", "hype", 3)]));
    assert!(
        offered(90, vec![event("fast-forward", "hype", 20)]),
        "nothing came in between"
    );
}

#[test]
fn what_is_known_late_moves_once_and_nobody_who_comes_after_it() {
    // A context every two seconds; the new topic begins at 100 s and is clear at 128 s.
    let told = |second: u64| {
        let known = |event: StreamEvent| StreamEvent {
            known_ms: Some(128_000),
            ..event
        };
        let change = known(event("change", "topic_change", 100));
        let events = if second < 128 { vec![] } else { vec![change] };
        Arc::new(context(second, events))
    };
    for (comes_at, moved_at) in [(90, &[128][..]), (128, &[128]), (138, &[138]), (140, &[])] {
        let mut crowd = crowd(&["nova"], eager());
        let mut moved = Vec::new();
        for second in (comes_at..160).step_by(2) {
            let now = at(i64::try_from(second).unwrap());
            let plans = crowd.on_context(now, told(second));
            if part(&plans[0], "event") > 0.0 {
                moved.push(second);
            }
            silent(&mut crowd, i64::try_from(second).unwrap(), &plans);
        }
        assert_eq!(moved, moved_at, "who comes at {comes_at} s");
    }
}

#[test]
fn the_streamers_question_is_put_once_and_not_as_an_event_too() {
    let mut crowd = crowd(&["nova"], eager());
    let mut asked = context(2, vec![event("q", "question", 1)]);
    asked.chat_question = Some(ChatQuestion {
        id: "q".into(),
        text: "boss?".into(),
        at_ms: 1000,
    });
    let asked = Arc::new(asked);
    let plans = crowd.on_context(at(2), asked.clone());
    assert!(part(&plans[0], "chat_question") > 0.0);
    assert_eq!(part(&plans[0], "event"), 0.0);
    silent(&mut crowd, 2, &plans);
    let again = crowd.on_context(at(4), asked);
    assert_eq!(part(&again[0], "chat_question"), 0.0);
}

#[test]
fn a_chain_of_personas_ends_and_a_person_reopens_it() {
    let tuning = Tuning {
        max_chain: 2,
        ..eager()
    };
    let mut crowd = crowd(&["nova", "rex"], tuning);
    let started = on_context(&mut crowd, 1);
    let mut line = persona_line(1, "nova", "opening");
    crowd.finished(at(1), 0, &Ended::Kept(vec![line.clone()]));
    crowd.finished(at(1), 1, &Ended::Kept(Vec::new()));
    assert_eq!(started.len(), 2);

    // Each answers the other, as readily as may be.
    let mut spoken = 0;
    for n in 2..12_u8 {
        let second = i64::from(n) * 2;
        let mut plans = crowd.on_messages(at(second), vec![Arc::new(line.clone())]);
        plans.retain(|plan| {
            plan.impulse.speak || {
                crowd.finished(at(second), plan.seat, &Ended::Kept(Vec::new()));
                false
            }
        });
        let Some(plan) = plans.pop() else { break };
        let name = ["nova", "rex"][plan.seat];
        line = reply(persona_line(n, name, &format!("line {n}")), line.id);
        crowd.finished(at(second), plan.seat, &Ended::Kept(vec![line.clone()]));
        spoken += 1;
    }
    assert!(spoken <= 2, "{spoken} answers to one opening");

    // At the end of the chain no roll would help.
    let closed = reply(persona_line(40, "nova", "deep"), line.id);
    crowd.chains.remember(
        closed.id,
        Origin::Persona {
            seat: Some(0),
            depth: 2,
        },
    );
    let plans = crowd.on_messages(at(60), vec![Arc::new(closed)]);
    assert_eq!((plans[0].impulse.p, part(&plans[0], "chain")), (0.0, 0.0));
    silent(&mut crowd, 60, &plans);

    let mut human = guest_line(41, "ana", "rex, say something");
    human.sent_at = at(62);
    let plans = crowd.on_messages(at(62), vec![Arc::new(human)]);
    let rex = plans.iter().find(|plan| plan.seat == 1).unwrap();
    assert!(rex.impulse.speak);
    assert_eq!(rex.impulse.answer, Some(message_id(41)));
}

#[test]
fn a_line_that_is_heard_before_its_call_is_finished_has_its_calls_depth() {
    let mut crowd = crowd(
        &["nova", "rex"],
        Tuning {
            max_chain: 1,
            ..eager()
        },
    );
    let plans = crowd.on_messages(at(1), vec![Arc::new(persona_line(1, "kim", "rex?"))]);
    let rex = plans.iter().find(|plan| plan.seat == 1).unwrap();
    let mut line = persona_line(2, "rex", "yes?");
    line.call_id = Some(rex.call_id);
    crowd.on_messages(at(2), vec![Arc::new(line)]);
    // Kim sits elsewhere, so nobody knows how deep that line is: 1, and what rex says to it is one deeper.
    assert_eq!(
        crowd.chains.origin(message_id(2)),
        Some(Origin::Persona {
            seat: Some(1),
            depth: 2
        })
    );
}

#[test]
fn a_used_up_budget_forbids_and_says_so() {
    let tuning = Tuning {
        persona_lines_per_minute: 1,
        ..eager()
    };
    let mut crowd = crowd(&["nova"], tuning);
    let plans = crowd.on_context(at(2), Arc::new(context(2, vec![event("a", "hype", 2)])));
    assert_eq!(plans[0].granted, 1, "of three lines one is left");
    crowd.finished(at(3), 0, &Ended::Kept(vec![persona_line(1, "nova", "wow")]));
    let plans = crowd.on_context(at(4), Arc::new(context(4, vec![event("b", "hype", 4)])));
    assert_eq!(
        (plans[0].impulse.speak, part(&plans[0], "budget")),
        (false, 0.0)
    );
    assert_eq!(plans[0].granted, 0);
}

#[test]
fn a_persona_that_keeps_failing_is_called_ever_more_rarely() {
    let mut crowd = crowd(&["nova"], Tuning::default());
    let mut calls = Vec::new();
    for second in 0..300 {
        for plan in on_context(&mut crowd, second) {
            calls.push(second);
            crowd.finished(at(second), plan.seat, &Ended::Failed);
        }
    }
    assert_eq!(calls, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
}

#[test]
fn a_persona_without_a_module_is_not_called() {
    let mut crowd = crowd(&["nova"], Tuning::default());
    crowd.set_available(0, false);
    assert!(on_context(&mut crowd, 1).is_empty());
    crowd.set_available(0, true);
    assert_eq!(crowd.on_tick(at(2)).len(), 1, "what waited is delivered");
}

#[test]
fn what_was_said_before_the_start_calls_nobody_but_who_waits_is_answered() {
    let mut crowd = crowd(&["nova"], Tuning::default());
    let mut old = guest_line(1, "ben", "nova, are you there?");
    old.sent_at = at(0);
    let mut fresh = guest_line(2, "ana", "what is this?");
    fresh.sent_at = at(55);
    crowd.recall(at(60), vec![Arc::new(old), Arc::new(fresh)]);
    let answered = (60..75).flat_map(|second| {
        let plans = crowd.on_tick(at(second));
        plans
            .into_iter()
            .filter_map(|plan| plan.impulse.answer)
            .collect::<Vec<_>>()
    });
    assert_eq!(answered.collect::<Vec<_>>(), [message_id(2)]);
}

#[test]
fn unasked_lines_are_granted_in_a_small_share_of_calls() {
    let tuning = Tuning {
        base_lines_per_minute: 0.0,
        unasked_share: 0.1,
        ..Tuning::default()
    };
    let mut crowd = crowd(&["nova"], tuning);
    let mut granted = 0;
    for n in 0..200_u8 {
        let second = i64::from(n) * 20;
        for plan in on_context(&mut crowd, second) {
            assert!(!plan.impulse.speak);
            assert_eq!(plan.granted, 0);
            let lines = match crowd.grant_unasked(at(second), plan.seat, 1) {
                0 => vec![],
                _ => vec![persona_line(n, "nova", "psst")],
            };
            granted += lines.len();
            crowd.finished(at(second), plan.seat, &Ended::Kept(lines));
        }
    }
    assert_eq!(granted, 20);
}

#[test]
fn what_waits_is_among_the_recent_messages_however_busy_the_room_is() {
    let mut crowd = crowd(&["nova"], eager());
    let question = Arc::new(guest_line(1, "ana", "nova, what is this?"));
    crowd.recall(at(0), vec![question.clone()]);
    crowd.recall(
        at(1),
        (2..40)
            .map(|n| Arc::new(persona_line(n, "kim", "la")))
            .collect(),
    );
    let plans = on_context(&mut crowd, 2);
    assert_eq!(plans[0].impulse.answer, Some(question.id));
    assert_eq!(plans[0].recent.len(), RECENT);
    assert_eq!(plans[0].recent[0], question);
}
