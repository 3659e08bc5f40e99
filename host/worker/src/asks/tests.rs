use super::*;
use crate::testing::{at, guest_line, message_id, persona_line, reply};

fn ready(count: usize) -> Readiness {
    Readiness::new((0..count).map(|number| {
        let traits = Traits {
            talkativeness: 0.5,
            excitability: 0.5,
            helpfulness: 0.5,
            sociability: 0.5,
        };
        (number, traits, 1.0)
    }))
}

fn asks(names: Vec<usize>) -> Asks {
    let message = guest_line(1, "ana", "what was that?");
    let mut asks = Asks::default();
    asks.add(NewAsk {
        message: Arc::new(message),
        at: at(0),
        question: true,
        aside: false,
        names,
    });
    asks
}

#[test]
fn readiness_is_shared_out() {
    let asks = asks(vec![]);
    let shares: Vec<f64> = (0..4)
        .filter_map(|seat| asks.for_seat(seat, at(0), &ready(4)))
        .map(|a| a.share)
        .collect();
    assert_eq!(shares, [0.25; 4]);
}

#[test]
fn a_claim_keeps_the_others_away_until_it_holds_no_more() {
    let mut asks = asks(vec![]);
    asks.put(message_id(1), 0, at(1), true);
    assert!(asks.for_seat(1, at(2), &ready(2)).is_none());
    assert!(
        asks.for_seat(1, at(8), &ready(2)).is_some(),
        "the claimant is slow"
    );
}

#[test]
fn a_silent_call_gives_the_message_back() {
    let mut asks = asks(vec![]);
    asks.put(message_id(1), 0, at(1), true);
    asks.called(message_id(1), 0, at(2), &[]);
    let share = |seat| {
        asks.for_seat(seat, at(2), &ready(2))
            .map(|asked| asked.share)
    };
    assert!(share(1).unwrap() > 0.8 && share(0).unwrap() < 0.2);
}

#[test]
fn whom_it_names_goes_first_and_the_others_follow() {
    let mut asks = asks(vec![1]);
    assert_eq!(
        asks.for_seat(1, at(1), &ready(2)).unwrap().kind,
        AskKind::Mention
    );
    assert!(asks.for_seat(0, at(1), &ready(2)).is_none());
    assert!(
        asks.for_seat(0, at(9), &ready(2)).is_some(),
        "it has waited for too long"
    );
    asks.put(message_id(1), 1, at(1), true);
    asks.called(message_id(1), 1, at(2), &[]);
    assert!(
        asks.for_seat(0, at(3), &ready(2)).is_some(),
        "the one that was named is silent"
    );
}

#[test]
fn an_answer_is_a_reply_or_names_the_person() {
    let table = [
        (
            reply(persona_line(2, "nova", "a goal"), message_id(1)),
            true,
        ),
        (persona_line(2, "nova", "a goal, ana"), true),
        (persona_line(2, "nova", "banana"), false),
        (reply(guest_line(2, "ben", "a goal"), message_id(1)), true),
        (guest_line(2, "ben", "hi ana"), false),
        (reply(guest_line(2, "ana", "anyone?"), message_id(1)), false),
    ];
    for (message, answers) in table {
        let mut asks = asks(vec![]);
        asks.heard(&message, &message.text.to_lowercase(), Some(0));
        assert_eq!(!asks.anybody_waits(at(1)), answers, "{}", message.text);
    }
}

#[test]
fn two_that_are_named_may_both_answer() {
    let mut asks = asks(vec![0, 1]);
    asks.put(message_id(1), 0, at(1), true);
    let answer = reply(persona_line(2, "nova", "a goal"), message_id(1));
    asks.heard(&answer, "a goal", Some(0));
    assert!(asks.for_seat(0, at(2), &ready(3)).is_none());
    assert!(asks.for_seat(1, at(2), &ready(3)).is_some());
    assert!(asks.for_seat(2, at(9), &ready(3)).is_none());
    assert!(!asks.anybody_waits(at(2)));
}

#[test]
fn what_waited_too_long_is_forgotten() {
    let mut asks = asks(vec![]);
    asks.forget_old(at(31));
    assert!(asks.is_empty());
}

#[test]
fn so_many_wait_and_no_more() {
    let mut asks = Asks::default();
    for n in 0..40 {
        let message = guest_line(n, "ana", "hi");
        asks.add(NewAsk {
            message: Arc::new(message),
            at: at(0),
            question: false,
            aside: false,
            names: vec![],
        });
    }
    assert_eq!(asks.0.len(), OPEN);
    assert_eq!(asks.0[0].message.id, message_id(8));
}
