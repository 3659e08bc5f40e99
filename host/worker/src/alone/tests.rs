//! Alone is as in a room in which nobody else sits.

use super::*;
use crate::{
    crowd::{Crowd, Ended, NewSeat, Plan},
    testing::{at, context, event, guest_line, message_id, persona_line, reply},
};
use chatter_protocol::{PersonaId, call::CallLimits, context::StreamEvent};

fn nova() -> Profile {
    Profile {
        id: PersonaId::new("nova").unwrap(),
        name: "Nova".into(),
        bio: String::new(),
        style: String::new(),
        traits: [("talkativeness".to_owned(), 0.9)].into(),
        drift: Default::default(),
        relationships: Vec::new(),
    }
}

/// What happens at a moment.
enum Happens {
    Stream(StreamContext),
    Said(ChatMessage),
}

/// A quarter of an hour in the life of a chat; each is a call.
fn show() -> Vec<(i64, Happens)> {
    use Happens::{Said, Stream};
    let late = StreamEvent {
        known_ms: Some(301_000),
        ..event("change", "topic_change", 270)
    };
    let mut show = vec![
        (
            1,
            Stream(context(1, vec![event("start", "stream_start", 1)])),
        ),
        (4, Said(guest_line(1, "ana", "hi all"))),
        (6, Said(guest_line(2, "ben", "nova, what is that?"))),
        (9, Stream(context(9, vec![event("goal", "hype", 8)]))),
        (11, Stream(context(11, vec![event("goal", "hype", 8)]))),
        (14, Said(persona_line(3, "rex", "ask nova"))),
        (17, Said(guest_line(4, "ana", "why is it blue"))),
        (
            19,
            Said(reply(guest_line(5, "ben", "because"), message_id(4))),
        ),
        (25, Said(persona_line(6, "rex", "hm"))),
        (27, Said(persona_line(7, "rex", "hm"))),
        (29, Said(persona_line(8, "rex", "hm"))),
        (60, Stream(context(60, vec![event("fail", "fail", 30)]))),
        (300, Stream(context(300, vec![]))),
        (302, Stream(context(302, vec![late]))),
    ];
    for (second, happens) in &mut show {
        match happens {
            Stream(context) => context.at = at(*second),
            Said(message) => message.sent_at = at(*second),
        }
    }
    show
}

fn own(n: u8, second: i64, plan: &Impulse, call: CallId) -> ChatMessage {
    ChatMessage {
        sent_at: at(second),
        call_id: Some(call),
        reply_to: plan.answer,
        ..persona_line(n, "nova", &format!("line {n}"))
    }
}

#[test]
fn each_impulse_is_that_of_a_room_in_which_nobody_else_sits() {
    let tuning = Tuning {
        think_time_s: 0.0,
        ..Tuning::default()
    };
    let profile = nova();
    let mut spoke = 0;
    for seed in 0..20 {
        let seat = NewSeat {
            profile: &profile,
            limits: CallLimits::default(),
        };
        let mut crowd = Crowd::new(tuning.clone(), [seat], seed);
        let mut alone = Alone::new(&profile, tuning.clone());
        for (n, (second, happens)) in show().into_iter().enumerate() {
            let now = at(second);
            let (plans, on): (Vec<Plan>, _) = match happens {
                Happens::Stream(context) => (
                    crowd.on_context(now, Arc::new(context.clone())),
                    Some(context),
                ),
                Happens::Said(message) => {
                    let message = Arc::new(message);
                    alone.hear(now, &message);
                    (crowd.on_messages(now, vec![message]), None)
                }
            };
            let [plan] = &plans[..] else {
                panic!("seed {seed}, {second} s: {} calls", plans.len())
            };
            let on = on.as_ref().map_or(On::Firehose, On::Context);
            let impulse = alone.impulse(now, on, plan.impulse.roll);
            assert_eq!(impulse, plan.impulse, "seed {seed}, {second} s");
            alone.begin(now, plan.call_id, &impulse);
            let lines = if impulse.speak {
                spoke += 1;
                vec![own(100 + n as u8, second, &impulse, plan.call_id)]
            } else {
                Vec::new()
            };
            crowd.finished(now, plan.seat, &Ended::Kept(lines.clone()));
            alone.end(now, &lines);
            for line in lines {
                let line = Arc::new(line);
                alone.hear(now, &line);
                assert_eq!(crowd.on_messages(now, vec![line]).len(), 0);
            }
        }
    }
    assert!(spoke > 40, "it spoke {spoke} times");
}
