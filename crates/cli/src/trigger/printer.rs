//! What is seen while it goes on.

use std::fmt::Display;
use std::io;

use humantime::format_duration;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wxhook_simulator::{Attempt, Progress, Speed};

use super::lines::{self, Told};
use super::plan::{ALL, Plan};
use super::resends::Next;
use super::summary::Ended;
use super::tally::{Tally, Totals};
use crate::args::{Resends, Show, TriggerArgs};
use crate::out;

/// More requests don't have lines unless that is asked for.
const MAX_LINES: u64 = 100;
/// So many of those that went wrong have, then.
const MAX_FAILURES: u32 = 10;
const BAR: &str = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}";

/// Prints attempts, or moves a bar on.
pub(super) struct Printer {
    json: bool,
    show: Show,
    /// How many more of them have lines.
    left: u32,
    told: Told,
    /// What is sent is said at once, and not only when it is answered.
    in_turn: bool,
    speed: Speed,
    resends: Option<Resends>,
    /// Whether an attempt should be accepted.
    accepting: bool,
    bar: ProgressBar,
    tally: Tally,
    /// Why stdout can't be written to.
    broken: Option<io::Error>,
}

impl Printer {
    pub(super) fn new(args: &TriggerArgs, plan: &Plan) -> Self {
        let few = args.json || (plan.requests() <= MAX_LINES && !args.prepare);
        let usual = if few { Show::All } else { Show::Failures };
        Self {
            json: args.json,
            show: args.show.unwrap_or(usual),
            left: if args.show.is_none() && !few { MAX_FAILURES } else { u32::MAX },
            told: Told { tries: args.schedule.is_some(), copies: args.duplicates > 0 },
            in_turn: plan.in_turn,
            speed: plan.speed,
            resends: args.schedule.clone(),
            tally: Tally::new(plan.copies, args.event.as_deref() == Some(ALL)),
            accepting: plan.defect.is_none(),
            bar: ProgressBar::hidden(),
            broken: None,
        }
    }

    /// A bar on stderr, if that is a terminal and somebody reads it.
    pub(super) fn bar(&self, what: &'static str, length: u64) -> ProgressBar {
        if self.json {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        let bar = bar.with_message(what);
        match ProgressStyle::with_template(BAR) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// Shows a bar from now on, unless lines tell the same.
    pub(super) fn begin(&mut self, what: &'static str, length: u64) {
        if self.show != Show::All {
            self.bar = self.bar(what, length);
        }
    }

    /// Tells how it went in all. What a single one was answered says that, too.
    pub(super) fn ended(mut self, ended: &Ended) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        if self.json {
            self.print(ended.to_json()?);
        } else if ended.totals.attempts != 1 || self.show != Show::All {
            self.print(ended.to_text());
        } else if ended.defect.is_some() && ended.is_good() {
            self.print("refused, as it must be");
        } else if ended.defect.is_some() && ended.totals.accepted > 0 {
            self.print("accepted, which it must not be");
        }
        ended.remarks().iter().for_each(out::complain);
        Ok(self.broken.take().map_or(Ok(()), Err)?)
    }

    pub(super) fn take(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Sent(sent) => {
                self.tally.sent(sent);
                if self.in_turn && !self.json && self.show == Show::All {
                    self.print(lines::sent(sent, self.told));
                }
            }
            Progress::Answered(attempt) => {
                self.bar.inc(1);
                if self.is_shown(attempt) {
                    self.answered(attempt);
                }
                if self.tally.answered(attempt) == Some(false) {
                    self.next(attempt);
                }
            }
            _ => {}
        }
    }

    /// What there was until now.
    pub(super) fn totals(&self) -> Totals {
        self.tally.totals()
    }

    fn is_shown(&mut self, attempt: &Attempt) -> bool {
        match self.show {
            Show::All => true,
            Show::None => false,
            Show::Failures if self.left == 0 || self.is_good(attempt) => false,
            Show::Failures => {
                self.left -= 1;
                true
            }
        }
    }

    fn is_good(&self, attempt: &Attempt) -> bool {
        attempt.accepted() == self.accepting && attempt.result.is_ok()
    }

    fn answered(&mut self, attempt: &Attempt) {
        if self.json {
            return match lines::to_json(attempt) {
                Ok(line) => self.print(line),
                Err(error) => self.broken = Some(error.into()),
            };
        }
        let back = lines::came_back(attempt);
        if self.in_turn && self.show == Show::All {
            self.print(back);
        } else {
            self.print(format_args!("{}\n{back}", lines::sent(&attempt.sent, self.told)));
        }
        if self.left == 0 {
            self.print("further ones like this are only counted; --show failures prints them all");
        }
    }

    /// `... next try in 15s (150µs at 100000x)`
    fn next(&mut self, attempt: &Attempt) {
        let Some(resends) = self.resends.as_ref().filter(|_| !self.json && self.show == Show::All) else {
            return;
        };
        let Some(next) = Next::after(&attempt.sent, resends, self.speed) else { return };
        let whose = if self.in_turn { String::new() } else { format!("{} ", attempt.sent.id) };
        self.print(match next {
            Next::Try(wait, real) if wait == real => {
                format!("... {whose}next try in {}", format_duration(wait))
            }
            Next::Try(wait, real) => {
                format!("... {whose}next try in {} ({real:?} at {})", format_duration(wait), self.speed)
            }
            Next::GivenUp(tries) => format!("... {whose}given up after {tries} tries"),
        });
    }

    fn print(&mut self, line: impl Display) {
        if self.broken.is_none() {
            self.broken = self.bar.suspend(|| out::print(line)).err();
        }
    }
}
