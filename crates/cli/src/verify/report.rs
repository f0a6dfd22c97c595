//! The report on a request: seven checks and a verdict.

use serde::Serialize;

/// A step of the pipeline, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    Protocol,
    Timestamp,
    Key,
    Signature,
    Envelope,
    Decrypt,
    Classify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CheckResult {
    Pass,
    Fail,
    Skipped,
}

/// The result of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    #[serde(rename = "check")]
    pub(super) step: Step,
    pub(super) result: CheckResult,
    pub(super) hint: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) verdict: CheckResult,
    pub(super) checks: [Check; 7],
    /// True if the checks are of a body that was restored from a printed form.
    #[serde(skip)]
    pub(super) is_restored: bool,
}

impl Check {
    pub(super) fn pass(step: Step, hint: impl Into<String>) -> Self {
        Self { step, result: CheckResult::Pass, hint: hint.into() }
    }

    pub(super) fn fail(step: Step, hint: impl Into<String>) -> Self {
        Self { step, result: CheckResult::Fail, hint: hint.into() }
    }

    pub(super) fn skipped(step: Step, hint: impl Into<String>) -> Self {
        Self { step, result: CheckResult::Skipped, hint: hint.into() }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.result == CheckResult::Fail
    }
}

impl Report {
    pub(super) fn passes(&self) -> bool {
        self.verdict == CheckResult::Pass
    }

    /// Returns one line per check, then the verdict.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for Check { step, result, hint } in &self.checks {
            let mark = match result {
                CheckResult::Pass => "ok",
                CheckResult::Fail => "FAIL",
                CheckResult::Skipped => "-",
            };
            let step = format!("{step:?}").to_lowercase();
            text.push_str(format!("{mark:<5} {step:<10} {hint}").trim_end());
            text.push('\n');
        }
        text.push_str(match self.verdict {
            CheckResult::Pass if self.is_restored => {
                "verdict: pass: the body verifies once its printed form is undone; the receiver accepts those bytes"
            }
            CheckResult::Pass => "verdict: pass: the receiver accepts it",
            _ => "verdict: fail: the receiver rejects it",
        });
        text
    }

    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_contract() {
        let steps = [
            Step::Protocol,
            Step::Timestamp,
            Step::Key,
            Step::Signature,
            Step::Envelope,
            Step::Decrypt,
            Step::Classify,
        ];
        let mut checks = steps.map(|step| Check::pass(step, ""));
        checks[1] = Check::skipped(Step::Timestamp, "v2");
        checks[3] = Check::fail(Step::Signature, "why");
        let report = Report { verdict: CheckResult::Fail, checks, is_restored: false };
        assert_eq!(
            report.to_json().unwrap(),
            concat!(
                r#"{"verdict":"fail","checks":[{"check":"protocol","result":"pass","hint":""},"#,
                r#"{"check":"timestamp","result":"skipped","hint":"v2"},{"check":"key","result":"pass","hint":""},"#,
                r#"{"check":"signature","result":"fail","hint":"why"},{"check":"envelope","result":"pass","hint":""},"#,
                r#"{"check":"decrypt","result":"pass","hint":""},{"check":"classify","result":"pass","hint":""}]}"#,
            )
        );
        for (step, check) in steps.iter().zip(&report.checks) {
            assert_eq!(serde_json::to_value(check.step).unwrap(), format!("{step:?}").to_lowercase());
        }
        let text = report.to_text();
        assert!(text.contains("FAIL  signature  why\n") && text.contains("-     timestamp  v2\n"), "{text}");
        assert!(text.ends_with("verdict: fail: the receiver rejects it"));
    }
}
