//! What moderators took back.

use super::*;
use std::collections::BTreeSet;

/// What a persona is told of the chat with these calls.
fn told(plans: &[Plan]) -> BTreeSet<String> {
    let heard = plans.iter().flat_map(|plan| match &plan.input {
        CallInput::Firehose(messages) => messages.clone(),
        _ => Vec::new(),
    });
    let recent = plans.iter().flat_map(|plan| plan.recent.clone());
    heard
        .chain(recent)
        .map(|message| message.text.clone())
        .collect()
}

#[test]
fn what_is_thought_about_when_it_is_taken_back_is_not_handed_out() {
    for (others, called_on) in [(&[][..], None), (&["hi"], Some(&["hi"][..]))] {
        let tuning = Tuning {
            think_time_s: 3.0,
            ..eager()
        };
        let mut crowd = thinking_crowd(&["nova"], tuning);
        let said = std::iter::once(guest_line(1, "ana", "nova, what is the SECRET?"));
        let others = (2..)
            .zip(others)
            .map(|(n, text)| guest_line(n, "bob", text));
        let said = said.chain(others).map(Arc::new).collect();
        assert!(crowd.on_messages(at(0), said).is_empty());
        let ends = crowd.wakes_at().expect("it thinks about it");
        crowd.forget(&Act::Removed { id: message_id(1) });
        let plans = crowd.on_wake(ends);
        assert!(plans.iter().all(|plan| !plan.impulse.speak), "{plans:?}");
        let told = told(&plans);
        assert_eq!(
            told.iter().map(String::as_str).collect::<Vec<_>>(),
            called_on.unwrap_or_default()
        );
        assert_eq!(plans.len(), usize::from(called_on.is_some()));
    }
}

#[test]
fn nobody_answers_another_personas_line_that_is_taken_back_meanwhile() {
    for (removed, speaks, left) in [(1, false, "hm"), (2, true, "nova, what is the SECRET?")] {
        let tuning = Tuning {
            think_time_s: 3.0,
            // Whoever is named by another persona answers for sure.
            mention_boost: 2.0,
            ..eager()
        };
        let mut crowd = thinking_crowd(&["nova"], tuning);
        let said = [
            persona_line(1, "rex", "nova, what is the SECRET?"),
            persona_line(2, "kim", "hm"),
        ];
        assert!(
            crowd
                .on_messages(at(0), said.map(Arc::new).into())
                .is_empty()
        );
        let ends = crowd.wakes_at().expect("it thinks about it");
        let id = message_id(removed);
        crowd.forget(&Act::Removed { id });
        let plans = crowd.on_wake(ends);
        assert_eq!(plans.len(), 1);
        assert_eq!(plans[0].impulse.answer, Some(message_id(1)));
        assert_eq!(plans[0].impulse.speak, speaks, "without {removed}");
        assert_eq!(told(&plans), BTreeSet::from([left.to_owned()]));
    }
}

#[test]
fn what_was_taken_back_is_in_no_further_turn() {
    let asked = "nova, what is the SECRET?";
    for (act, left) in [
        (Act::Changed, &[asked, "hi", "more"][..]),
        (Act::Removed { id: message_id(1) }, &["hi", "more"]),
        (
            Act::Cleared {
                author: Some(AuthorId::new("guest:ana").unwrap()),
                up_to: 3,
            },
            &["hi"],
        ),
        (
            Act::Cleared {
                author: None,
                up_to: 3,
            },
            &[],
        ),
    ] {
        let mut crowd = crowd(&["nova"], eager());
        // It is in a call: what is said meanwhile waits for it, and waits for its answer.
        let busy = on_context(&mut crowd, 1);
        let said = [("ana", asked), ("bob", "hi"), ("ana", "more")];
        let said = (1..)
            .zip(said)
            .map(|(n, (author, text))| Arc::new(guest_line(n, author, text)));
        assert!(crowd.on_messages(at(2), said.collect()).is_empty());
        crowd.forget(&act);

        let mut plans = silent(&mut crowd, 3, &busy);
        let again = silent(&mut crowd, 4, &plans);
        plans.extend(again);
        plans.extend(crowd.on_tick(at(6)));
        assert_eq!(
            plans
                .iter()
                .any(|plan| plan.impulse.answer == Some(message_id(1))),
            left.contains(&asked),
            "{act:?}: {plans:?}"
        );
        silent(&mut crowd, 7, &plans);
        plans.extend(on_context(&mut crowd, 20));
        let left: BTreeSet<String> = left.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(told(&plans), left, "{act:?}");
    }
}
