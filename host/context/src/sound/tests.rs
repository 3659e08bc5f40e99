//! Made sound: tones for speech, since here it is said what is speech.

use super::*;

/// Sound of so many seconds and decibels: `tone`, `noise` or `silence`.
type Stretch = (&'static str, f32, f32);

/// Kind and time of what happens, when somebody speaks as long as there is a tone.
fn events(stretches: &[Stretch]) -> Vec<(String, u64)> {
    let mut ear = Ear::default();
    let mut state = 0x9e37_79b9_u32;
    let mut noise = || {
        // xorshift32 (Marsaglia 2003), so that each run hears the same.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    let mut at = 0;
    let mut events = Vec::new();
    for &(kind, seconds, db) in stretches {
        let gain = 10_f32.powf(db / 20.0);
        for _ in 0..(seconds * 10.0) as usize {
            let samples: Vec<f32> = (0..PIECE)
                .map(|n| match kind {
                    "tone" => {
                        let tone = |hz: f32| {
                            (std::f32::consts::TAU * hz * (at + n) as f32 / RATE as f32).sin()
                        };
                        gain * (tone(220.0) + tone(440.0)) / 2.0 * 1.41
                    }
                    "noise" => gain * noise() * 1.73,
                    _ => 0.0,
                })
                .collect();
            ear.hear(ms(at), &samples);
            at += PIECE;
            events.extend(ear.listened(ms(at), kind == "tone"));
        }
    }
    let events = events.into_iter();
    events
        .map(|event| (event.kind.into_owned(), event.at_ms))
        .collect()
}

#[test]
fn loudness_and_noise_are_told_from_what_is_usual() {
    type Case = (
        &'static str,
        &'static [Stretch],
        &'static [(&'static str, u64)],
    );
    let cases: [Case; 9] = [
        ("silence", &[("silence", 60.0, 0.0)], &[]),
        ("speech", &[("tone", 60.0, -25.0)], &[]),
        ("loud speech", &[("tone", 60.0, -6.0)], &[]),
        ("noise", &[("noise", 60.0, -20.0)], &[]),
        (
            "a shout",
            &[
                ("tone", 20.0, -30.0),
                ("tone", 2.0, -15.0),
                ("tone", 20.0, -30.0),
            ],
            &[("shouting", 20_000)],
        ),
        (
            "two shouts",
            &[
                ("tone", 20.0, -30.0),
                ("tone", 1.0, -15.0),
                ("tone", 5.0, -30.0),
                ("tone", 1.0, -15.0),
            ],
            &[("shouting", 20_000), ("shouting", 26_000)],
        ),
        (
            "a bang",
            &[
                ("tone", 20.0, -30.0),
                ("tone", 0.3, -15.0),
                ("tone", 9.0, -30.0),
            ],
            &[],
        ),
        (
            "a shout at once",
            &[("tone", 5.0, -30.0), ("tone", 2.0, -15.0)],
            &[],
        ),
        (
            "a loud noise",
            &[("tone", 20.0, -30.0), ("noise", 5.0, -10.0)],
            &[],
        ),
    ];
    for (case, stretches, expected) in cases {
        let told = events(stretches);
        let told: Vec<_> = told.iter().map(|(kind, at_ms)| (&**kind, *at_ms)).collect();
        // A tone that begins or ends within a piece moves it by one.
        let near = |(a, b): (&(&str, u64), &(&str, u64))| a.0 == b.0 && a.1.abs_diff(b.1) <= 400;
        assert!(
            told.len() == expected.len() && told.iter().zip(expected).all(near),
            "{case}: {told:?}"
        );
    }
}

#[test]
fn pieces_may_be_of_any_length_and_samples_of_any_value() {
    let mut ear = Ear::default();
    let mut at = 0;
    for len in [1, 1599, 1600, 7, 5000, 0, 333] {
        assert_eq!(ear.hear(ms(at), &vec![f32::NAN; len]), None);
        at += len;
    }
    assert_eq!(ear.hear(90_000, &[0.5; 1600]), Some(90_100));
    assert_eq!(ear.hear(90_100, &[0.0001; 1600]), None);
}
