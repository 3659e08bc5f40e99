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
