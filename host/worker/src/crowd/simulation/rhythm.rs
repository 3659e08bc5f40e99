//! When lines are said.

use super::*;

/// The share of lines within 300 ms of another persona's, and the times to the first answers, sorted.
fn rhythm(think_time_s: f64) -> (f64, Vec<u64>) {
    let (mut close, mut all, mut waits) = (0, 0, Vec::new());
    for seed in 0..6 {
        let mut scene = Scene {
            human_every_s: 10,
            slowest_ms: 100,
            ..Scene::default()
        };
        scene.tuning.think_time_s = think_time_s;
        let simulation = Simulation::run(scene, seed);
        let said = &simulation.said;
        let is_close = |(at, line): &&(u64, ChatMessage)| {
            said.iter()
                .any(|(other, by)| by.author.id != line.author.id && other.abs_diff(*at) <= 300)
        };
        close += said.iter().filter(is_close).count();
        all += said.len();
        waits.extend(simulation.asked.iter().filter_map(|(asked, message)| {
            let answers = said.iter().filter(|(_, l)| l.reply_to == Some(message.id));
            answers.map(|(at, _)| at - asked).min()
        }));
    }
    waits.sort_unstable();
    (close as f64 / all as f64, waits)
}

#[test]
fn personas_take_their_time_and_keep_apart() {
    let (close, waits) = rhythm(2.0);
    assert!(close < 0.05, "{close} of the lines are said at once");
    let (fastest, median) = (waits[0], waits[waits.len() / 2]);
    assert!(fastest >= 1_000, "an answer after {fastest} ms");
    assert!(median < 4_000, "the median answer comes after {median} ms");

    let (close, waits) = rhythm(0.0);
    assert!(
        close > 0.2,
        "without thinking only {close} are said at once"
    );
    assert!(waits[0] < 200, "and the first answer took {} ms", waits[0]);
}

/// Without limits a wave would grow by `1 / (1 - contagion)`; rests between lines take some of it.
#[test]
fn excitement_draws_further_lines_and_every_wave_ends() {
    let lines = |contagion: f64| -> f64 {
        let said = (0..6).map(|seed| {
            // Nobody talks but for what happens, and no budget holds anybody back.
            let scene = Scene {
                personas: 12,
                slowest_ms: 100,
                tuning: Tuning {
                    base_lines_per_minute: 0.0,
                    question_boost: 0.0,
                    mention_boost: 0.0,
                    unasked_share: 0.0,
                    cooldown_s: 2.0,
                    persona_lines_per_minute: 120,
                    room_lines_per_minute: 1200,
                    contagion,
                    ..Scene::default().tuning
                },
                ..Scene::default()
            };
            Simulation::run(scene, seed).said.len() as f64
        });
        said.sum()
    };
    let alone = lines(0.0);
    for contagion in [0.3, 0.6, 0.9] {
        let (grown, most) = (lines(contagion) / alone, 1.0 / (1.0 - contagion));
        assert!(
            (1.0 + contagion * 0.5..=most).contains(&grown),
            "with {contagion} there are {grown} times as many lines, and {most} at the most"
        );
    }
}
