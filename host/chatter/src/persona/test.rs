//! `chatter persona test`.

use crate::{Failure, persona};
use anstyle::{AnsiColor, Style};
use chatter_workbench::{
    Wrong,
    cases::{self, Ran, Report, Suite},
};
use clap::Args;
use std::{io::Write, path::PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "\
A case is a TOML file: what happens, what the language model answers, what is expected. Each step is one
call of the built component in the sandbox. docs/persona-tests.md has the format.

Examples:
  chatter persona test                          the cases in ./tests on ./dist/NAME.wasm
  chatter persona test hype.wasm --cases tests --filter greets
  chatter persona test --junit report.xml

Exit codes: 0 all passed, 1 a case failed, 2 a file is wrong or there is nothing to test.")]
pub(crate) struct TestOptions {
    /// A project's folder, or a component's file
    #[arg(default_value = ".")]
    what: PathBuf,
    /// The folder of the cases, or one case [default: tests beside the project's persona.toml]
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// The character for cases that name none and have no ../persona.toml
    #[arg(long, value_name = "FILE")]
    persona: Option<PathBuf>,
    /// Only cases whose name or file holds this
    #[arg(long, value_name = "WORD")]
    filter: Option<String>,
    /// Write the results as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Put what comes in the place of exact values that are expected otherwise; for you to read before
    /// you keep it
    #[arg(long)]
    update: bool,
}

pub(crate) fn run(options: TestOptions) -> Result<(), Failure> {
    let subject = persona::subject(&options.what, options.persona.as_deref())?;
    let folder = options.cases.unwrap_or_else(|| subject.cases.clone());
    let suite = Suite {
        files: cases::find(&folder).map_err(wrong)?,
        filter: options.filter,
        cache: persona::cache()?,
        subject,
    };
    let Ran { reports, left_out } = cases::run(&suite, tell)
        .map_err(|wrong| Failure::Usage(wrong.iter().map(Wrong::to_string).collect()))?;
    if let Some(file) = options.junit {
        let xml = cases::junit(&suite.subject.module, &reports).map_err(Failure::failed)?;
        std::fs::write(&file, xml)
            .map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    }
    let mut stdout = anstream::stdout().lock();
    if options.update {
        for report in &reports {
            let values = cases::update(report).map_err(wrong)?;
            if values > 0 {
                let _ = writeln!(stdout, "{}: {values} updated", report.file.display());
            }
        }
    }
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let passed = reports.len() - failed;
    let mut line = format!("{passed} passed, {failed} failed");
    if left_out > 0 {
        line.push_str(&format!(", {left_out} left out by --filter"));
    }
    let _ = writeln!(stdout, "\n{line}");
    match (failed, passed) {
        (0, 0) => Err(Failure::usage(
            "no case is left: none has the word that --filter names",
        )),
        (0, _) => Ok(()),
        (1, _) => Err(Failure::failed("1 case failed")),
        _ => Err(Failure::failed(format!("{failed} cases failed"))),
    }
}

/// One case, as soon as it is known.
fn tell(report: &Report) {
    let (word, colour) = if report.passed() {
        ("ok  ", AnsiColor::Green)
    } else {
        ("FAIL", AnsiColor::Red)
    };
    let (style, dim) = (colour.on_default().bold(), Style::new().dimmed());
    let mut stdout = anstream::stdout().lock();
    let steps = if report.steps == 1 { "step" } else { "steps" };
    let _ = writeln!(
        stdout,
        "{style}{word}{style:#} {} {dim}{} {steps}, {:.1} ms{dim:#}",
        report.name,
        report.steps,
        report.took.as_secs_f64() * 1000.0
    );
    let (red, green) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    for failure in &report.failures {
        for line in failure.explained(&report.file).lines() {
            let line = crate::client::line::printable(line);
            let style = match line.trim_start().get(..2) {
                Some("- ") => green,
                Some("+ ") => red,
                _ if line.starts_with("    ") => dim,
                _ => Style::new(),
            };
            let _ = writeln!(stdout, "     {style}{line}{style:#}");
        }
    }
}

fn wrong(wrong: Wrong) -> Failure {
    Failure::usage(wrong.to_string())
}
