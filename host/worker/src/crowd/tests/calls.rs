//! What becomes of calls that a module does not want.

use super::*;

const ONLY_CONTEXT: Calls = Calls {
    firehose: false,
    ..Calls::ALL
};
const ONLY_FIREHOSE: Calls = Calls {
    context: false,
    ..Calls::ALL
};

fn seats(plans: &[Plan]) -> Vec<usize> {
    let mut seats: Vec<usize> = plans.iter().map(|plan| plan.seat).collect();
    seats.sort_unstable();
    seats
}

#[test]
fn nobody_is_called_on_what_it_ignores() {
    let mut crowd = crowd(&["nova", "rex", "kim"], eager());
    crowd.set_calls(0, ONLY_CONTEXT);
    crowd.set_calls(1, ONLY_FIREHOSE);
    let watching = on_context(&mut crowd, 2);
    assert_eq!(seats(&watching), [0, 2]);
    silent(&mut crowd, 3, &watching);
    let listening = crowd.on_messages(at(20), vec![Arc::new(persona_line(1, "max", "hm"))]);
    assert_eq!(seats(&listening), [1, 2]);
    assert!(silent(&mut crowd, 21, &listening).is_empty());
}

#[test]
fn who_does_not_hear_the_chat_is_asked_nothing_and_others_answer_in_its_place() {
    let mut crowd = crowd(&["nova", "rex"], eager());
    crowd.set_calls(0, ONLY_CONTEXT);
    let asked = Arc::new(guest_line(1, "ana", "nova, what is this?"));
    let heard = crowd.on_messages(at(1), vec![asked.clone()]);
    assert_eq!(seats(&heard), [1]);
    assert_eq!(heard[0].impulse.answer, Some(asked.id));
    for plan in on_context(&mut crowd, 2) {
        assert_eq!((plan.seat, plan.impulse.answer), (0, None));
    }
}

#[test]
fn what_waits_for_a_call_is_dropped_when_a_new_module_does_not_want_it() {
    let mut crowd = crowd(&["nova"], Tuning::default());
    let first = on_context(&mut crowd, 2);
    assert!(on_context(&mut crowd, 4).is_empty());
    crowd.on_messages(at(5), vec![Arc::new(guest_line(1, "ana", "hi"))]);
    crowd.set_calls(0, ONLY_CONTEXT);
    let next = silent(&mut crowd, 6, &first);
    assert!(matches!(next[0].input, CallInput::Context(_)));
    assert!(silent(&mut crowd, 8, &next).is_empty());
}
