//! `chatter persona check`.

use super::progress::size;
use crate::{Failure, client::line::printable};
use anstyle::{AnsiColor, Style};
use chatter_workbench::check::{self, Error, Report, Weight};
use clap::Args;
use std::{
    io::{self, Write},
    path::PathBuf,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  chatter persona check nova
  chatter persona check plugins/nova.wasm --json | jq '.findings[].text'

Exit codes: 0 good, 1 there is something to mend, 2 wrong use.")]
pub(crate) struct CheckOptions {
    /// A component's file, or a project's folder
    #[arg(default_value = ".", value_name = "FILE.wasm|DIR")]
    pub(crate) path: PathBuf,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(options: CheckOptions) -> Result<(), Failure> {
    let work = async {
        check::check(&options.path)
            .await
            .map_err(|error| match error {
                Error::Project(_) | Error::NoFile(_) | Error::NotBuilt { .. } => {
                    Failure::usage(error.to_string())
                }
                error => Failure::failed(error),
            })
    };
    let report = crate::client::block_on(work)?;
    if options.json {
        let text = serde_json::to_string_pretty(&report).map_err(Failure::failed)?;
        let _ = writeln!(io::stdout().lock(), "{text}");
    } else {
        let _ = tell(&report, &mut anstream::stdout().lock());
    }
    let problems = report
        .findings
        .iter()
        .filter(|found| found.weight == Weight::Problem)
        .count();
    match problems {
        0 => Ok(()),
        1 => Err(Failure::failed("there is one problem")),
        more => Err(Failure::failed(format!("there are {more} problems"))),
    }
}

fn tell(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    writeln!(
        out,
        "{bold}{}{bold:#} {}",
        report.component.display(),
        size(report.bytes)
    )?;
    let mut fact =
        |label: &str, text: String| writeln!(out, "  {dim}{label:<9}{dim:#} {}", printable(&text));
    if let Some(about) = &report.about {
        fact(
            "module",
            format!(
                "{} {}, state version {}",
                about.name, about.version, about.state_version
            ),
        )?;
        if !about.traits.is_empty() {
            fact("traits", about.traits.join(", "))?;
        }
    }
    if let Some(contract) = report.contract {
        fact("contract", contract.to_owned())?;
    }
    if let Some(needs) = &report.needs {
        let places = needs.places.map_or(String::new(), |places| {
            format!(", places in the pool: {places}")
        });
        fact(
            "begins",
            format!("with {} of memory{places}", size(needs.memory_bytes)),
        )?;
        fact("compiled", format!("in {} ms", needs.compile_ms))?;
    }
    for tried in &report.tried {
        let took = f64::from(u32::try_from(tried.ran_us).unwrap_or(u32::MAX)) / 1000.0;
        fact(
            "call",
            format!("{}: {} ({took:.2} ms)", tried.call, tried.ended),
        )?;
    }
    for found in &report.findings {
        let (colour, label) = match found.weight {
            Weight::Problem => (AnsiColor::Red.on_default().bold(), "problem"),
            Weight::Remark => (AnsiColor::Yellow.on_default(), "remark"),
        };
        writeln!(
            out,
            "  {colour}{label:<9}{colour:#} {}",
            printable(&found.text)
        )?;
    }
    if report.is_good() {
        let green = AnsiColor::Green.on_default().bold();
        writeln!(out, "  {green}good{green:#}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_workbench::check::{About, Finding};

    #[test]
    fn a_component_gives_the_terminal_no_orders() {
        let evil = "1\u{1b}[2A\u{1b}]52;c;eA==\u{7}\n  good".to_owned();
        let report = Report {
            component: "nova.wasm".into(),
            bytes: 1,
            contract: None,
            about: Some(About {
                name: evil.clone(),
                version: evil.clone(),
                state_version: 1,
                traits: vec![evil.clone()],
            }),
            needs: None,
            tried: vec![],
            findings: vec![Finding {
                weight: Weight::Problem,
                text: evil,
            }],
        };
        let mut out = Vec::new();
        tell(&report, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(
            out.matches("\u{fffd}[2A\u{fffd}]52;c;eA==\u{fffd}\u{fffd}")
                .count(),
            4,
            "{out:?}"
        );
    }
}
