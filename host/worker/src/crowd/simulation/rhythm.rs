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
