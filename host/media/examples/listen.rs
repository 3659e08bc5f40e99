//! Opens a source as a room would, and tells what comes of it:
//!
//!     cargo run -p chatter-media --example listen -- SOURCE [--speed N] [--loop] [--pictures N] [--for SECONDS]

use chatter_media::{Options, Part, Pictures, Source};
use chatter_protocol::RoomId;
use std::{error::Error, time::Duration};
use tokio::time::{Instant, sleep_until};

/// How often it is told how far it is.
const EVERY: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let source: Source = words.next().unwrap_or_default().parse()?;
    let mut options = Options::new(RoomId::new("main/lobby")?);
    let mut lasts = Duration::MAX;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match &*word {
            "--speed" => options.speed = value()?.parse()?,
            "--loop" => options.looped = true,
            "--for" => lasts = Duration::from_secs(value()?.parse()?),
            "--pictures" => {
                options.pictures = Some(Pictures {
                    per_second: value()?.parse()?,
                    ..Pictures::default()
                });
            }
            _ => return Err(format!("{word} is no option").into()),
        }
    }
    let mut feed = source.open(options);
    let mut condition = feed.condition();
    let began = Instant::now();
    let at = || began.elapsed().as_secs_f64();
    println!("{:8.1} {source}: {}", at(), *condition.borrow_and_update());
    let (mut pieces, mut pictures, mut here_ms, mut power) = (0u64, 0u64, 0u64, 0.0f64);
    let mut first: Option<(Instant, u64)> = None;
    let mut next = began + EVERY;
    loop {
        tokio::select! {
            Ok(()) = condition.changed() => {
                println!("{:8.1} {}", at(), *condition.borrow_and_update());
            }
            part = feed.next() => match part {
                Part::Sound { at_ms, samples } => {
                    first.get_or_insert((Instant::now(), at_ms));
                    pieces += 1;
                    here_ms = at_ms + samples.len() as u64 / 16;
                    power = samples.iter().map(|s| f64::from(s * s)).sum::<f64>() / samples.len() as f64;
                }
                Part::Picture { at_ms, width, height, .. } => {
                    pictures += 1;
                    if pictures == 1 {
                        println!("{:8.1} the first picture, {width} by {height}, at {at_ms} ms", at());
                    }
                }
                Part::Gap { from_ms, to_ms } => {
                    here_ms = to_ms;
                    println!("{:8.1} nothing came from {from_ms} to {to_ms} ms", at());
                }
                Part::Ended => break,
            },
            () = sleep_until(next) => {
                next += EVERY;
                let ahead = first.map(|(then, ms)| {
                    (here_ms - ms) as i128 - then.elapsed().as_millis() as i128
                });
                println!(
                    "{:8.1} {here_ms} ms, {} ms before the clock on the wall; {pieces} pieces, {pictures} pictures, {:.0} dB",
                    at(),
                    ahead.unwrap_or_default(),
                    10.0 * (power + 1e-9).log10(),
                );
                if began.elapsed() >= lasts {
                    break;
                }
            }
        }
    }
    println!(
        "{:8.1} {here_ms} ms in {pieces} pieces, {pictures} pictures, {} restarts; {}",
        at(),
        feed.restarts(),
        *condition.borrow()
    );
    Ok(())
}
