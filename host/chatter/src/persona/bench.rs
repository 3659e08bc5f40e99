//! `chatter persona bench`.

use crate::{Failure, client::block_on, persona};
use chatter_workbench::cost::{self, Cost, Spread};
use clap::Args;
use std::{fmt::Write as _, io::Write as _, path::PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "\
Every call runs in a fresh instance, as in a room, on a turn with 20 recent messages, a minute of
transcript and the state of an earlier call. The language model answers at once, so that only the persona
and the host are measured. Figures are of this machine and this moment; `cargo xtask bench` compares them
with a floor in the same run.

Example:
  chatter persona bench hype.wasm --json")]
pub(crate) struct BenchOptions {
    /// A project's folder, or a component's file
    #[arg(default_value = ".")]
    what: PathBuf,
    /// The character [default: persona.toml in the project, or somebody made up]
    #[arg(long, value_name = "FILE")]
    persona: Option<PathBuf>,
    /// As JSON, times in microseconds
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: BenchOptions) -> Result<(), Failure> {
    let wrong = |wrong: chatter_workbench::Wrong| Failure::usage(wrong.to_string());
    let subject = persona::subject(&options.what, options.persona.as_deref())?;
    let cost = block_on(async { cost::measure(&subject).await.map_err(wrong) })?;
    let text = if options.json {
        serde_json::to_string_pretty(&cost).map_err(Failure::failed)? + "\n"
    } else {
        table(&cost)
    };
    if cfg!(debug_assertions) {
        let _ = writeln!(
            std::io::stderr().lock(),
            "note: this chatter was built without optimisation; `cargo build --release` makes one to measure with"
        );
    }
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    let failing = cost.calls.iter().find_map(|call| {
        let why = call.fails.as_ref()?;
        Some(format!("{} fails: {why}", call.export))
    });
    failing.map_or(Ok(()), |why| Err(Failure::Failed(why)))
}

fn table(cost: &Cost) -> String {
    let mut text = String::new();
    let mut row = |what: &str, values: [String; 6]| {
        let [a, b, c, d, e, f] = values;
        let _ = writeln!(
            text,
            "{what:<22} {a:>10} {b:>10} {c:>10} {d:>10} {e:>10} {f:>5}"
        );
    };
    row(
        &cost.module,
        ["median", "p99", "memory", "state", "record", "llm"].map(str::to_owned),
    );
    for call in &cost.calls {
        let values = match &call.fails {
            Some(_) => ["fails", "", "", "", "", ""].map(str::to_owned),
            None => {
                let [median, p99] = spread(&call.call);
                [
                    median,
                    p99,
                    bytes(call.memory_bytes),
                    bytes(call.state_bytes as u64),
                    bytes(call.record_bytes as u64),
                    call.llm_calls.to_string(),
                ]
            }
        };
        row(call.export, values);
    }
    let once = |a: String, b: String| [a, b, "".into(), "".into(), "".into(), "".into()];
    if let Some(instantiate) = &cost.instantiate {
        let [median, p99] = spread(instantiate);
        row("a fresh instance", once(median, p99));
    }
    row(
        "compile, from cache",
        once(
            micros(cost.compile_us as f64),
            micros(cost.cached_us as f64),
        ),
    );
    row(
        "component",
        once(bytes(cost.component_bytes), String::new()),
    );
    text
}

fn spread(spread: &Spread) -> [String; 2] {
    [micros(spread.median), micros(spread.p99)]
}

fn micros(micros: f64) -> String {
    if micros < 1_000.0 {
        format!("{micros:.1} µs")
    } else if micros < 1e6 {
        format!("{:.2} ms", micros / 1e3)
    } else {
        format!("{:.2} s", micros / 1e6)
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} KB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_workbench::cost::CallCost;

    #[test]
    fn a_table_has_a_row_for_each_export() {
        let call = |export, fails: Option<&str>| CallCost {
            export,
            call: Spread {
                count: 1,
                median: 33.04,
                p99: 1_250.0,
            },
            memory_bytes: 1 << 20,
            state_bytes: 120,
            record_bytes: 12_345,
            llm_calls: 0,
            fails: fails.map(str::to_owned),
        };
        let table = table(&Cost {
            module: "hype".into(),
            component_bytes: 79_000,
            compile_us: 60_000,
            cached_us: 300,
            instantiate: None,
            calls: vec![
                call("on-context", None),
                call("reflect", Some("it trapped")),
            ],
        });
        let words =
            |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
        let rows: Vec<Vec<String>> = table.lines().map(words).collect();
        assert_eq!(
            rows[1].join(" "),
            "on-context 33.0 µs 1.25 ms 1048 KB 120 B 12 KB 0"
        );
        assert_eq!(rows[2].join(" "), "reflect fails");
        assert_eq!(rows[3].join(" "), "compile, from cache 60.00 ms 300.0 µs");
    }
}
