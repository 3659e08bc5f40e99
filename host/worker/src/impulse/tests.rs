use super::*;

fn tuning() -> Tuning {
    Tuning {
        base_lines_per_minute: 6.0,
        event_boost: 0.4,
        mention_boost: 0.9,
        question_boost: 0.6,
        reply_boost: 0.3,
        cooldown_s: 8.0,
        human_first: 0.25,
        bot_share: 0.6,
        ..Tuning::default()
    }
}

fn quiet() -> Moment<'static> {
    Moment {
        traits: Traits {
            talkativeness: 0.5,
            excitability: 1.0,
            helpfulness: 1.0,
            sociability: 0.0,
        },
        dt: Duration::ZERO,
        events: &[],
        chat_question: false,
        contagion: 0.0,
        banter: None,
        asked: None,
        since_line: None,
        human_waits: false,
        humans_present: true,
        bot_share: 0.0,
        chain_open: true,
        within_budget: true,
    }
}

fn asked(kind: AskKind, age_s: u64) -> Option<Asked> {
    Some(Asked {
        message: MessageId::from_parts(1, [1; 10]),
        kind,
        age: Duration::from_secs(age_s),
        dt: Duration::from_secs(2),
        share: 0.5,
    })
}

const HYPE: Happening<'_> = Happening {
    kind: "hype",
    confidence: 0.5,
};

#[test]
fn the_formula_is_as_documented() {
    let table: Vec<(&str, Moment<'_>, f64)> = vec![
        ("nothing happens", quiet(), 0.0),
        (
            "talk is a rate",
            Moment {
                dt: Duration::from_secs(2),
                ..quiet()
            },
            1.0 - (-0.1_f64).exp(),
        ),
        (
            "talk makes up for 10 s at most",
            Moment {
                dt: Duration::from_secs(60),
                ..quiet()
            },
            1.0 - (-0.5_f64).exp(),
        ),
        (
            "one event",
            Moment {
                events: &[HYPE],
                ..quiet()
            },
            0.2,
        ),
        (
            "two events",
            Moment {
                events: &[HYPE, HYPE],
                ..quiet()
            },
            1.0 - 0.8 * 0.8,
        ),
        (
            "an unknown kind",
            Moment {
                events: &[Happening {
                    kind: "quake",
                    confidence: 1.0,
                }],
                ..quiet()
            },
            0.4 * 0.7,
        ),
        (
            "the streamer asks",
            Moment {
                chat_question: true,
                ..quiet()
            },
            0.6,
        ),
        (
            "a persona names it",
            Moment {
                banter: Some(MessageId::from_parts(2, [0; 10])),
                ..quiet()
            },
            0.45,
        ),
        (
            "a person waits",
            Moment {
                events: &[HYPE],
                human_waits: true,
                ..quiet()
            },
            0.2 * 0.25,
        ),
        (
            "personas outweigh people",
            Moment {
                events: &[HYPE],
                bot_share: 0.8,
                ..quiet()
            },
            0.2 * 0.5,
        ),
        (
            "but are never silenced",
            Moment {
                events: &[HYPE],
                bot_share: 1.0,
                ..quiet()
            },
            0.2 * 0.2,
        ),
        (
            "nobody else is there",
            Moment {
                events: &[HYPE],
                bot_share: 1.0,
                humans_present: false,
                ..quiet()
            },
            0.2,
        ),
        (
            "the chain is over",
            Moment {
                events: &[HYPE],
                chain_open: false,
                ..quiet()
            },
            0.0,
        ),
        (
            "a person names it",
            Moment {
                asked: asked(AskKind::Mention, 0),
                human_waits: true,
                ..quiet()
            },
            0.9,
        ),
        (
            "and named too long ago",
            Moment {
                asked: asked(AskKind::Mention, 30),
                ..quiet()
            },
            0.0,
        ),
        (
            "a question",
            Moment {
                asked: asked(AskKind::Question, 0),
                ..quiet()
            },
            1.0 - (-0.6_f64).exp(),
        ),
        (
            "a question that waited",
            Moment {
                asked: asked(AskKind::Question, 10),
                ..quiet()
            },
            1.0 - (-1.8_f64).exp(),
        ),
        (
            "a question that fades",
            Moment {
                asked: asked(AskKind::Question, 25),
                ..quiet()
            },
            1.0 - (-0.6 * 6.0 * 0.5_f64).exp(),
        ),
        (
            "a remark, to somebody unsociable",
            Moment {
                asked: asked(AskKind::Reply, 0),
                ..quiet()
            },
            1.0 - (-0.15_f64).exp(),
        ),
        (
            "just spoke",
            Moment {
                events: &[HYPE],
                since_line: Some(Duration::from_secs(2)),
                ..quiet()
            },
            0.2 * 0.25,
        ),
        (
            "just spoke, and is named",
            Moment {
                asked: asked(AskKind::Mention, 0),
                since_line: Some(Duration::from_secs(2)),
                ..quiet()
            },
            0.9 * 0.625,
        ),
        (
            "others' lines should draw two more from it",
            Moment {
                contagion: 2.0,
                ..quiet()
            },
            1.0 - (-2.0_f64).exp(),
        ),
        (
            "the budget is used up",
            Moment {
                asked: asked(AskKind::Mention, 0),
                within_budget: false,
                ..quiet()
            },
            0.0,
        ),
    ];
    for (what, moment, expected) in table {
        let impulse = decide(&tuning(), &moment, 0.5);
        assert!(
            (impulse.p - expected).abs() < 1e-9,
            "{what}: p is {}, not {expected}: {:?}",
            impulse.p,
            impulse.parts
        );
    }
}

#[test]
fn the_parts_multiply_out_to_p() {
    let moment = Moment {
        dt: Duration::from_secs(3),
        events: &[HYPE],
        chat_question: true,
        contagion: 0.3,
        asked: asked(AskKind::Question, 3),
        since_line: Some(Duration::from_secs(4)),
        human_waits: true,
        bot_share: 0.7,
        ..quiet()
    };
    let impulse = decide(&tuning(), &moment, 0.0);
    let names: Vec<&str> = impulse
        .parts
        .iter()
        .map(|part| part.name.as_ref())
        .collect();
    let expected = "talk event chat_question contagion banter human_first bot_share chain mention \
                    question reply cooldown budget matter";
    assert_eq!(names.join(" "), expected);
    let v: Vec<f64> = impulse.parts.iter().map(|part| part.value).collect();
    let p = ((v[0] + v[1] + v[2] + v[3] + v[4]) * v[5] * v[6] * v[7] + v[8] + v[9] + v[10])
        .clamp(0.0, 1.0)
        * v[11]
        * v[12]
        * v[13];
    assert!((impulse.p - p).abs() < 1e-12);

    let mut withdrawn = impulse;
    withdraw(&mut withdrawn);
    assert_eq!((withdrawn.p, withdrawn.speak), (0.0, false));
    assert_eq!(withdrawn.parts[13].value, 0.0);
}

#[test]
fn it_speaks_if_the_roll_is_below_p_and_names_what_it_answers() {
    let moment = Moment {
        asked: asked(AskKind::Mention, 0),
        ..quiet()
    };
    assert!(decide(&tuning(), &moment, 0.89).speak);
    assert!(!decide(&tuning(), &moment, 0.91).speak);
    assert_eq!(
        decide(&tuning(), &moment, 0.91).answer,
        moment.asked.map(|asked| asked.message),
        "what asks is named whether or not it speaks"
    );
    let late = Moment {
        asked: asked(AskKind::Mention, 31),
        ..quiet()
    };
    assert_eq!(decide(&tuning(), &late, 0.0).answer, None);
}

#[test]
fn extreme_tunings_stay_probabilities() {
    let tuning = Tuning {
        event_boost: 1.0,
        mention_boost: 1.0,
        question_boost: 1.0,
        bot_share: 1.0,
        cooldown_s: 0.0,
        ..tuning()
    };
    let moment = Moment {
        events: &[Happening {
            kind: "hype",
            confidence: 1.0,
        }; 4],
        chat_question: true,
        asked: asked(AskKind::Mention, 0),
        bot_share: 1.0,
        since_line: Some(Duration::ZERO),
        ..quiet()
    };
    assert!((decide(&tuning, &moment, 0.5).p - 1.0).abs() < 1e-12);
}
