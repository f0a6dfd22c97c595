//! What is said of a request: seven checks and a verdict.

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
pub(super) enum Outcome {
    Pass,
    Fail,
    Skipped,
}

/// What one step says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    #[serde(rename = "check")]
    pub(super) step: Step,
    pub(super) result: Outcome,
    pub(super) hint: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) verdict: Outcome,
    pub(super) checks: [Check; 7],
    /// The checks are of a body that was undone.
    #[serde(skip)]
    pub(super) undone: bool,
}

impl Check {
    pub(super) fn pass(step: Step, hint: impl Into<String>) -> Self {
        Self { step, result: Outcome::Pass, hint: hint.into() }
    }

    pub(super) fn fail(step: Step, hint: impl Into<String>) -> Self {
        Self { step, result: Outcome::Fail, hint: hint.into() }
    }

    pub(super) fn skipped(step: Step, hint: impl Into<String>) -> Self {
        Self { step, result: Outcome::Skipped, hint: hint.into() }
    }

    pub(super) fn failed(&self) -> bool {
        self.result == Outcome::Fail
    }
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Timestamp => "timestamp",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Envelope => "envelope",
            Self::Decrypt => "decrypt",
            Self::Classify => "classify",
        }
    }
}

impl Report {
    pub(super) fn passes(&self) -> bool {
        self.verdict == Outcome::Pass
    }

    /// A line for each check, the verdict last.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for Check { step, result, hint } in &self.checks {
            let mark = match result {
                Outcome::Pass => "ok",
                Outcome::Fail => "FAIL",
                Outcome::Skipped => "-",
            };
            text.push_str(format!("{mark:<5} {:<10} {hint}", step.name()).trim_end());
            text.push('\n');
        }
        text.push_str(match self.verdict {
            Outcome::Pass if self.undone => {
                "verdict: pass: the body verifies once its printed form is undone; the receiver takes those bytes"
            }
            Outcome::Pass => "verdict: pass: the receiver takes it",
            _ => "verdict: fail: the receiver refuses it",
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
        let report = Report { verdict: Outcome::Fail, checks, undone: false };
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
            assert_eq!(serde_json::to_value(check.step).unwrap(), step.name());
        }
        let text = report.to_text();
        assert!(text.contains("FAIL  signature  why\n") && text.contains("-     timestamp  v2\n"), "{text}");
        assert!(text.ends_with("verdict: fail: the receiver refuses it"));
    }
}
