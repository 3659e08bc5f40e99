//! A clock that is set back while the room is open, and one that was before the room opened again.

use crate::support::{Hall, Scripted, eager, guest, talks};
use chatter_protocol::{AuthorId, AuthorKind, ChatMessage, Tuning};
use chatter_store::{BEAT, TTL};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Nova, that says two lines a minute at most and rests after each.
async fn open() -> (Hall, Arc<Scripted>) {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    let tuning = Tuning {
        persona_lines_per_minute: 2,
        cooldown_s: 2.0,
        ..eager()
    };
    let hall = Hall::open(tuning, &["nova"], personas.clone()).await;
    sleep(SECOND).await;
    (hall, personas)
}

/// How often nova was called to speak.
fn spoke(personas: &Scripted) -> usize {
    let calls = personas.calls_of("nova");
    calls.iter().filter(|call| call.turn.impulse.speak).count()
}

/// Something happens every ten seconds, for so many seconds.
async fn goals(hall: &Hall, seconds: std::ops::Range<u64>) {
    for second in seconds.step_by(10) {
        hall.context(second, &format!("goal {second}")).await;
        sleep(10 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_costs_the_personas_no_line() {
    let (hall, personas) = open().await;
    goals(&hall, 0..50).await;
    assert_eq!(spoke(&personas), 2, "so many a minute");
    hall.set_clock_back(HOUR);
    goals(&hall, 50..120).await;
    assert_eq!(spoke(&personas), 4, "in the minute after");
    let last = personas.calls_of("nova").pop().unwrap();
    assert!(
        last.turn.now < crate::began(),
        "a turn has the clock's time"
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_who_speaks_after_the_clock_was_set_back_is_answered() {
    let (hall, personas) = open().await;
    let before = hall.clock.now();
    hall.set_clock_back(HOUR);
    sleep(60 * SECOND).await;
    // The room's times don't go back either: they stand still until the clock is there again.
    let question = Arc::new(guest(&hall.room, 1, "nova, what is this?", before));
    let entries = hall.log(std::slice::from_ref(&question)).await;
    hall.tell(&entries[0]).await;
    sleep(20 * SECOND).await;
    let calls = personas.calls_of("nova");
    let answers = |call: &chatter_runtime::Call| call.turn.impulse.answer == Some(question.id);
    assert!(calls.iter().any(answers));
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_the_clock_was_set_back_silences_nobody_after_a_restart() {
    let (hall, _) = open().await;
    let lines = [1, 2].map(|n| {
        let mut line = guest(&hall.room, n, "goal!", hall.clock.now());
        line.author.id = AuthorId::new("persona:nova").unwrap();
        line.author.kind = AuthorKind::Persona;
        Arc::<ChatMessage>::new(line)
    });
    hall.log(&lines).await;
    hall.kill();
    hall.set_clock_back(HOUR);
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    let (end, again) = hall.another(personas.clone());
    sleep(TTL + 2 * BEAT).await;
    goals(&hall, 0..40).await;
    assert_eq!(spoke(&personas), 0, "both lines count as just said");
    goals(&hall, 40..120).await;
    assert_eq!(spoke(&personas), 2, "in the minute after");
    end.cancel();
    again.await.unwrap();
}
