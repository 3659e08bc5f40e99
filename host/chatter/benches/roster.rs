//! What registered personas cost at rest, in memory and processor time: the program with so many of them,
//! each in a room with nineteen others and none of them called, beside the program with the same rooms and
//! nobody in them.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark ends by it, and uses its part of what the tests share"
)]

#[path = "common/mod.rs"]
mod common;
#[path = "../tests/support/mod.rs"]
mod support;

use common::{
    options,
    process::{end, processor_time, resident},
};
use std::{
    fmt::Write as _,
    thread,
    time::{Duration, Instant},
};
use support::Home;

const HELP: &str = "\
What registered personas cost at rest, in memory and processor time.

Usage: cargo xtask bench roster [OPTIONS]

Options:
  --personas N    so many of them (default 1000)
";

/// Personas of one room.
const SEATS: usize = 20;

/// Their modules, in turn.
const MODULES: [&str; 2] = ["regular", "hype"];

fn main() {
    let mut personas = 1000;
    options::read(HELP, |name, mut value| match name {
        "--personas" => Some(value.amount().map(|count| personas = count)),
        _ => None,
    });
    let rooms = usize::div_ceil(personas, SEATS);
    let none = at_rest(rooms, 0);
    let all = at_rest(rooms, personas);
    println!(
        "{:<28} {:>13} {:>15}",
        "", "resident, MiB", "of one core, %"
    );
    for (who, cost) in [
        ("nobody in them".to_owned(), &none),
        (format!("{personas} personas"), &all),
    ] {
        println!(
            "{:<28} {:>13.1} {:>15.1}",
            format!("{rooms} rooms, {who}"),
            mib(cost.resident),
            cost.busy * 100.0
        );
    }
    let each = all.resident.saturating_sub(none.resident) as f64 / personas as f64 / 1024.0;
    println!("\na registered persona: {each:.1} KiB");
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// What a program costs that has nothing to do.
struct Cost {
    /// In bytes.
    resident: u64,
    /// The share of one core that it is busy.
    busy: f64,
}

/// A program that serves so many rooms and personas, once it is at rest.
fn at_rest(rooms: usize, personas: usize) -> Cost {
    let home = Home::empty();
    home.write("configs/moderation/default.toml", "name = \"default\"\n");
    for n in 0..personas {
        home.write(
            &format!("configs/personas/p{n}.toml"),
            format!(
                "id = \"p{n}\"\nname = \"Persona {n}\"\nmodule = \"{}\"\n\
                 bio = \"Keeps a lighthouse, number {n}, and a cat that is afraid of gulls.\"\n\
                 style = \"short and warm, seldom more than eight words\"\n\
                 [traits]\ntalkativeness = 0.5\nexcitability = 0.4\nhumour = 0.6\n",
                MODULES[n % MODULES.len()]
            ),
        );
    }
    for room in 0..rooms {
        let mut text = format!("id = \"main/room-{room}\"\ntitle = \"Room {room}\"\n");
        for n in (room * SEATS..(room + 1) * SEATS).take_while(|n| *n < personas) {
            write!(text, "[[roster]]\npersona = \"p{n}\"\n").unwrap();
        }
        home.write(&format!("configs/rooms/room-{room}.toml"), text);
    }
    let server = home.serve(&[]);
    let mut last = u64::MAX;
    // At rest: the same to a hundredth for five seconds.
    loop {
        thread::sleep(Duration::from_secs(5));
        let now = resident(server.process.id());
        if now.abs_diff(last) < now / 100 {
            break;
        }
        last = now;
    }
    let id = server.process.id();
    let (before, since) = (processor_time(id), Instant::now());
    thread::sleep(Duration::from_secs(20));
    let cost = Cost {
        resident: resident(id),
        busy: (processor_time(id) - before).as_secs_f64() / since.elapsed().as_secs_f64(),
    };
    end(server);
    cost
}
