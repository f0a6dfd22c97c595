//! How it went, in all.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::defect::Defect;
use super::refusals::{self, is_refusal};
use super::tally::{Latency, Totals};

/// What can be told at the end.
pub(super) struct Ended {
    pub(super) totals: Totals,
    pub(super) defect: Option<Defect>,
    pub(super) seed: u64,
    /// A signal ended it.
    pub(super) interrupted: bool,
    /// How long encrypting and signing took beforehand.
    pub(super) prepared: Option<Duration>,
}

impl Ended {
    /// Whether all of it went as it should.
    pub(super) fn is_good(&self) -> bool {
        let totals = &self.totals;
        let unanswered = totals.timeouts + totals.failures;
        let wanted = match self.defect {
            Some(_) => {
                let refused = totals.statuses.keys().all(|status| is_refusal(*status));
                refused && totals.accepted == 0 && unanswered == 0
            }
            None => totals.accepted + totals.unanswered == totals.notifications,
        };
        wanted && !self.interrupted
    }

    /// What of the answers says little about the signature, a line each.
    pub(super) fn remarks(&self) -> Vec<String> {
        self.defect.map(|defect| refusals::remarks(defect, &self.totals.statuses)).unwrap_or_default()
    }

    /// A few lines for people.
    pub(super) fn to_text(&self) -> String {
        let totals = &self.totals;
        let (notifications, attempts) = (totals.notifications, totals.attempts);
        let took = seconds(totals.elapsed);
        let rate = self.rate();
        let mut lines = vec![format!(
            "sent     {} in {}, {took}s, {rate:.0}/s",
            counted(notifications, "notification"),
            counted(attempts, "request")
        )];
        if let Some(prepared) = self.prepared {
            lines.insert(0, format!("signed   {} in {}s", counted(attempts, "request"), seconds(prepared)));
        }
        let accepted = format!("accepted {} of {notifications}", totals.accepted);
        lines.push(match self.defect {
            Some(defect) => format!("{accepted}; none should be, with {}", defect.described()),
            None => accepted,
        });
        if totals.unanswered > 0 {
            let questions = counted(totals.unanswered, "question");
            lines.push(format!("kept     {questions}, not answered: 500, as must be without a handler"));
        }
        lines.push(format!("answers  {}", answers(totals)));
        if let Some(latency) = &totals.latency {
            lines.push(format!("latency  {}", latencies(latency)));
        }
        lines.push(format!("seed     {}", self.seed));
        if self.interrupted {
            lines.push("stopped  by a signal, before all was sent".to_owned());
        }
        lines.join("\n")
    }

    /// Requests a second.
    fn rate(&self) -> f64 {
        let attempts = u32::try_from(self.totals.attempts).map_or(f64::from(u32::MAX), f64::from);
        let seconds = self.totals.elapsed.as_secs_f64();
        if seconds > 0.0 { attempts / seconds } else { 0.0 }
    }

    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        let totals = &self.totals;
        serde_json::to_string(&Line {
            summary: Json {
                good: self.is_good(),
                notifications: totals.notifications,
                accepted: totals.accepted,
                not_accepted: totals.notifications.saturating_sub(totals.accepted),
                unanswered: totals.unanswered,
                attempts: totals.attempts,
                statuses: &totals.statuses,
                timeouts: totals.timeouts,
                failures: totals.failures,
                seconds: seconds(totals.elapsed),
                rate: rounded(self.rate(), 10.0),
                latency_ms: totals.latency.map(|latency| Percentiles {
                    min: milliseconds(latency.min),
                    p50: milliseconds(latency.p50),
                    p90: milliseconds(latency.p90),
                    p99: milliseconds(latency.p99),
                    max: milliseconds(latency.max),
                }),
                prepared_seconds: self.prepared.map(seconds),
                fault: self.defect.map(|defect| defect.to_string()),
                seed: self.seed,
                interrupted: self.interrupted,
            },
        })
    }
}

#[derive(Serialize)]
struct Line<'a> {
    summary: Json<'a>,
}

#[derive(Serialize)]
struct Json<'a> {
    /// What the exit code says.
    good: bool,
    notifications: u64,
    accepted: u64,
    not_accepted: u64,
    /// Questions among all events that were answered 500; they don't make a run bad.
    unanswered: u64,
    attempts: u64,
    statuses: &'a BTreeMap<u16, u64>,
    timeouts: u64,
    failures: u64,
    seconds: f64,
    rate: f64,
    latency_ms: Option<Percentiles>,
    prepared_seconds: Option<f64>,
    fault: Option<String>,
    seed: u64,
    interrupted: bool,
}

#[derive(Serialize)]
struct Percentiles {
    min: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

/// `200 ×48, 503 ×2, none in time ×1`
fn answers(totals: &Totals) -> String {
    let mut parts: Vec<_> =
        totals.statuses.iter().map(|(status, count)| format!("{status} ×{count}")).collect();
    for (count, what) in [(totals.timeouts, "none in time"), (totals.failures, "none at all")] {
        if count > 0 {
            parts.push(format!("{what} ×{count}"));
        }
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn latencies(latency: &Latency) -> String {
    let [min, p50, p90, p99, max] =
        [latency.min, latency.p50, latency.p90, latency.p99, latency.max].map(milliseconds);
    format!("min {min}ms, p50 {p50}ms, p90 {p90}ms, p99 {p99}ms, max {max}ms")
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn milliseconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1e3, 1e3)
}

fn seconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64(), 1e3)
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}
