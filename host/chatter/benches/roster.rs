//! The memory of registered personas: the program with so many of them, each in a room with nineteen
//! others and none of them called, beside the program with the same rooms and nobody in them.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark ends by it, and uses its part of what the tests share"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use rustix::process::Signal;
use std::{fmt::Write as _, fs, thread, time::Duration};
use support::Home;

const HELP: &str = "\
The memory of registered personas.

Usage: cargo xtask bench roster [OPTIONS]

Options:
  --personas N    so many of them (default 1000)
";

/// Personas of one room.
const SEATS: usize = 20;

/// Their modules, in turn.
const MODULES: [&str; 2] = ["regular", "hype"];

fn main() {
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let personas = match words[..] {
        [] => Some(1000),
        ["-h" | "--help"] => return print!("{HELP}"),
        ["--personas", count] => count.parse().ok().filter(|count| *count > 0),
        _ => None,
    };
    let Some(personas) = personas else {
        eprint!("{HELP}");
        std::process::exit(2);
    };
    let rooms = usize::div_ceil(personas, SEATS);
    let none = resident(rooms, 0);
    let all = resident(rooms, personas);
    println!("{:<28} {:>12}", "", "resident, MiB");
    println!(
        "{:<28} {:>12.1}",
        format!("{rooms} rooms, nobody in them"),
        mib(none)
    );
    println!(
        "{:<28} {:>12.1}",
        format!("{rooms} rooms, {personas} personas"),
        mib(all)
    );
    let each = all.saturating_sub(none) as f64 / personas as f64 / 1024.0;
    println!("\na registered persona: {each:.1} KiB");
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The resident set of a program that serves so many rooms and personas, in bytes, once it is at rest.
fn resident(rooms: usize, personas: usize) -> u64 {
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
    let mut server = home.serve(&[]);
    let mut last = u64::MAX;
    // At rest: the same to a hundredth for five seconds.
    loop {
        thread::sleep(Duration::from_secs(5));
        let now = of_process(server.process.id());
        if now.abs_diff(last) < now / 100 {
            break;
        }
        last = now;
    }
    let resident = of_process(server.process.id());
    server.process.signal(Signal::TERM);
    assert!(
        server.process.wait().success(),
        "{}",
        server.process.stderr()
    );
    resident
}

/// The resident set of a process, in bytes (proc(5)).
fn of_process(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("a process, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a resident set") << 10
}
