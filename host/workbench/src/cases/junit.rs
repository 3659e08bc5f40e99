//! Reports as JUnit XML, for whoever shows test results.

use super::Report;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::path::Path;

/// The reports of one component's cases; each file is a suite, as its case is the one test in it.
///
/// # Errors
///
/// If it can't be written as XML.
pub fn junit(module: &str, reports: &[Report]) -> Result<String, String> {
    let mut all = quick_junit::Report::new("chatter persona test");
    let mut suite = TestSuite::new(module);
    for report in reports {
        let status = if report.passed() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let whole: Vec<String> = report
                .failures
                .iter()
                .map(|failure| failure.explained(&report.file))
                .collect();
            if let Some(first) = report.failures.first() {
                status.set_message(format!(
                    "step {}: {}: expected {}, got {}",
                    first.step, first.what, first.expected, first.got
                ));
            }
            status.set_type("expectation");
            status.set_description(whole.join("\n\n"));
            status
        };
        let mut case = TestCase::new(report.name.as_str(), status);
        case.set_classname(class(module, &report.file));
        case.set_time(report.took);
        case.extra
            .insert("file".into(), report.file.display().to_string().into());
        suite.add_test_case(case);
    }
    suite.set_time(reports.iter().map(|report| report.took).sum());
    all.add_test_suite(suite);
    all.to_string().map_err(|error| error.to_string())
}

/// `hype.tests.greets`
fn class(module: &str, file: &Path) -> String {
    let stem = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    format!("{module}.{stem}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Failure;
    use std::time::Duration;

    #[test]
    fn what_is_written_is_read_again() {
        let report = |name: &str, failures: Vec<Failure>| Report {
            file: format!("tests/{name}.toml").into(),
            text: "".into(),
            name: name.into(),
            failures,
            steps: 2,
            took: Duration::from_millis(3),
        };
        let failure = Failure {
            step: 2,
            line: 14,
            what: "line".into(),
            expected: "\"a < b & c\"".into(),
            got: "\"\u{1b}[31m]]>\u{0}\"".into(),
            notes: vec!["it came to silence".into()],
            fix: None,
        };
        let reports = [report("good", vec![]), report("bad", vec![failure])];
        let xml = junit("hype", &reports).unwrap();
        let read = quick_junit::Report::deserialize_from_str(&xml).unwrap();
        assert_eq!((read.tests, read.failures, read.errors), (2, 1, 0));
        let suite = &read.test_suites[0];
        assert_eq!(suite.name.as_str(), "hype");
        let TestCaseStatus::NonSuccess {
            message,
            description,
            ..
        } = &suite.test_cases[1].status
        else {
            panic!("{:?}", suite.test_cases[1])
        };
        let message = message.as_ref().unwrap().as_str();
        assert!(
            message.starts_with("step 2: line: expected \"a < b & c\", got"),
            "{message}"
        );
        let description = description.as_ref().unwrap().as_str();
        assert!(description.contains("tests/bad.toml:14"), "{description}");
        assert!(!xml.contains('\u{0}') && !xml.contains('\u{1b}'), "{xml:?}");
    }
}
