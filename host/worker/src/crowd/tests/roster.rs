use super::*;

fn new(profile: &Profile) -> NewSeat<'_> {
    NewSeat {
        profile,
        limits: CallLimits::default(),
    }
}

/// Whose turn it is, by seat.
fn called(plans: &[Plan]) -> Vec<SeatNumber> {
    let mut seats: Vec<SeatNumber> = plans.iter().map(|plan| plan.seat).collect();
    seats.sort_unstable();
    seats
}

#[test]
fn whoever_leaves_is_called_no_more_and_its_number_is_nobody_elses() {
    let mut crowd = crowd(&["nova", "rex"], Tuning::default());
    crowd.leave(at(1), 0);
    assert!(!crowd.holds(0));
    assert_eq!(called(&on_context(&mut crowd, 2)), [1]);
    assert_eq!(crowd.sit_down(at(3), new(&profile("zed"))), 2);
    assert_eq!(
        called(&on_context(&mut crowd, 4)),
        [2],
        "rex is in its call"
    );
    assert_eq!(crowd.sit_down(at(5), new(&profile("nova"))), 3);
}

#[test]
fn a_call_in_flight_ends_before_its_persona_is_gone() {
    let mut crowd = crowd(&["nova"], eager());
    let plans = crowd.on_context(at(2), Arc::new(context(2, vec![event("goal", "hype", 1)])));
    crowd.leave(at(3), 0);
    assert!(crowd.holds(0));
    assert!(on_context(&mut crowd, 4).is_empty());
    let line = persona_line(1, "nova", "what a goal");
    let after = crowd.finished(at(5), plans[0].seat, &Ended::Kept(vec![line.clone()]));
    assert!(after.is_empty() && !crowd.holds(0));
    assert_eq!(
        crowd.chains.depth_after(line.id),
        1,
        "its line is known all the same"
    );
    assert_eq!(crowd.budget.left(at(5), true), 39, "and was counted");
}

#[test]
fn whoever_comes_back_before_its_call_has_ended_keeps_its_seat() {
    let mut crowd = crowd(&["nova"], Tuning::default());
    let plans = on_context(&mut crowd, 2);
    crowd.leave(at(3), 0);
    assert_eq!(crowd.sit_down(at(4), new(&profile("nova"))), 0);
    assert!(
        on_context(&mut crowd, 6).is_empty(),
        "one call at a time for each persona"
    );
    assert_eq!(called(&silent(&mut crowd, 7, &plans)), [0]);
}

#[test]
fn a_thought_ends_with_its_persona_and_gives_back_what_was_set_aside() {
    let mut crowd = thinking_crowd(&["nova", "rex"], eager());
    let question = guest_line(1, "ana", "nova, what was that?");
    crowd.on_messages(at(1), vec![Arc::new(question)]);
    assert!(
        crowd.seats[&0].thought.is_some(),
        "nova thinks of an answer"
    );
    let before = crowd.budget.left(at(1), true);
    crowd.leave(at(2), 0);
    assert!(crowd.budget.left(at(2), true) > before);
    assert!(!crowd.holds(0));
}

#[test]
fn a_question_to_whoever_left_is_anybodys() {
    let mut crowd = crowd(&["nova", "rex"], eager());
    on_context(&mut crowd, 1);
    crowd.on_messages(at(2), vec![Arc::new(guest_line(1, "ana", "nova, why?"))]);
    let readiness = crowd.readiness(at(3));
    assert!(crowd.asks.for_seat(1, at(3), &readiness).is_none());
    crowd.leave(at(3), 0);
    let readiness = crowd.readiness(at(3));
    assert!(crowd.asks.for_seat(1, at(3), &readiness).is_some());
}

#[test]
fn who_is_described_in_another_way_keeps_what_it_has() {
    let mut crowd = crowd(&["nova"], Tuning::default());
    let plans = on_context(&mut crowd, 2);
    crowd.on_messages(at(3), vec![Arc::new(guest_line(1, "ana", "hello"))]);
    crowd.finished(at(4), 0, &Ended::Failed);
    let mut other = profile("nova");
    other.name = "Supernova".into();
    crowd.change(0, new(&other));
    assert!(
        plans[0].seat == 0 && !crowd.seats[&0].is_free(at(4)),
        "it pauses still"
    );
    crowd.start_afresh(0);
    let plans = crowd.on_messages(at(5), vec![Arc::new(guest_line(2, "ana", "supernova?"))]);
    match &plans[0].input {
        CallInput::Firehose(messages) => assert_eq!(messages.len(), 2, "what waited is there"),
        other => panic!("{other:?}"),
    }
    assert!(
        part(&plans[0], "mention") > 0.0,
        "it is known by its new name"
    );
}

#[test]
fn a_newcomer_is_not_moved_by_what_was_shouted_before() {
    let mut crowd = crowd(&["nova"], eager());
    for n in 1..20 {
        let line = guest_line(n, "ana", "wooo");
        crowd.on_messages(at(i64::from(n)), vec![Arc::new(line)]);
    }
    crowd.sit_down(at(60), new(&profile("rex")));
    let plans = on_context(&mut crowd, 60);
    let rex = plans.iter().find(|plan| plan.seat == 1).unwrap();
    assert!(part(rex, "contagion") < 1e-6);
}

#[test]
fn other_numbers_count_at_once() {
    let mut crowd = crowd(&["nova"], eager());
    let plans = crowd.on_context(at(2), Arc::new(context(2, vec![event("goal", "hype", 1)])));
    let line = persona_line(1, "nova", "goal");
    crowd.finished(at(3), plans[0].seat, &Ended::Kept(vec![line]));
    assert!(crowd.budget.left(at(3), true) > 0);
    crowd.set_tuning(Tuning {
        room_lines_per_minute: 1,
        max_chain: 0,
        ..eager()
    });
    assert_eq!(crowd.budget.left(at(3), true), 0);
    assert!(!crowd.chains.is_open(message_id(1)));
}
