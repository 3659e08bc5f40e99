//! What registered personas cost at rest, in memory and processor time: the program with so many of them,
//! each in a room with nineteen others and none of them called, beside the program with the same rooms and
//! nobody in them.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark ends by it, and uses its part of what the tests share"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use rustix::process::Signal;
use std::{
    fmt::Write as _,
    fs, thread,
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
    let id = server.process.id();
    let (before, since) = (processor_time(id), Instant::now());
    thread::sleep(Duration::from_secs(20));
    let cost = Cost {
        resident: of_process(id),
        busy: (processor_time(id) - before).as_secs_f64() / since.elapsed().as_secs_f64(),
    };
    server.process.signal(Signal::TERM);
    assert!(
        server.process.wait().success(),
        "{}",
        server.process.stderr()
    );
    cost
}

/// What a process has used of processors, its kernel's work included (proc(5)).
fn processor_time(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("a process, on Linux");
    // The program's name, in parentheses, may hold anything.
    let (_, after) = stat.rsplit_once(") ").expect("a name");
    let ticks: u64 = after
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The resident set of a process, in bytes (proc(5)).
fn of_process(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("a process, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a resident set") << 10
}
