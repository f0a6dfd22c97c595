//! Requests that are right but for one thing, and what is said of them.

mod agreement;
mod fixture;
mod surroundings;
mod v2;
mod v3;

use super::report::{CheckResult, Report, Step};
use fixture::{Fixture, NOW, SECRETS};
use wxhook_server::Config;
use wxhook_simulator::SignedRequest;

/// A request with one mistake, or a configuration with one.
struct Mistake<'w> {
    request: SignedRequest,
    config: &'w Config,
    now: u64,
    /// The checks that fail, and no others.
    fails: &'w [Step],
}

impl<'w> Mistake<'w> {
    fn new(request: SignedRequest, fails: &'w [Step]) -> Self {
        Self { request, config: &Fixture::get().config, now: NOW, fails }
    }

    fn config(self, config: &'w Config) -> Self {
        Self { config, ..self }
    }

    fn now(self, now: u64) -> Self {
        Self { now, ..self }
    }

    /// Asserts that it is diagnosed by this check in these words.
    fn explains(self, step: Step, words: &str) {
        let report = fixture::explained(self.config, &self.request, self.now);
        let failed: Vec<_> =
            report.checks.iter().filter(|check| check.is_failed()).map(|check| check.step).collect();
        assert_eq!(failed, self.fails, "{words}: {report:#?}");
        assert_eq!(report.passes(), self.fails.is_empty(), "{words}: {report:#?}");
        let check = report.checks.iter().find(|check| check.step == step).unwrap();
        assert!(check.hint.contains(words), "{words}: {check:?}");
        silent(&report);
    }
}

/// Nothing secret is said, and nothing but ASCII.
fn silent(report: &Report) {
    for text in [report.to_text(), report.to_json().unwrap()] {
        assert!(text.is_ascii(), "{text}");
        for secret in SECRETS.iter() {
            assert!(!text.contains(secret.as_str()), "{secret} in {text}");
        }
    }
}

fn passes(request: &SignedRequest) -> Report {
    let report = fixture::explained(&Fixture::get().config, request, NOW);
    assert!(report.passes() && !report.checks.iter().any(|check| check.is_failed()), "{report:#?}");
    silent(&report);
    report
}

fn result(report: &Report, step: Step) -> (CheckResult, &str) {
    let check = report.checks.iter().find(|check| check.step == step).unwrap();
    (check.result, &check.hint)
}
