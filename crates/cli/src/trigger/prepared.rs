//! First all is signed, then all is sent.

use std::time::Instant;

use anyhow::{Context as _, bail};

use super::plan::Plan;
use super::printer::Printer;
use super::summary::Ended;
use crate::signals::Signals;

/// # Errors
/// A signal, too: how many were answered is all that is known then.
pub(super) async fn send(plan: Plan, printer: &Printer, signals: &mut Signals) -> anyhow::Result<Ended> {
    let Plan { campaign, sender, pace, seed, defect, .. } = plan;
    let began = Instant::now();
    let bar = printer.bar("preparing", u64::from(campaign.len()));
    let moved = bar.clone();
    let signing = tokio::task::spawn_blocking(move || {
        sender.prepare(&campaign, |done| moved.set_position(u64::from(done)))
    });
    let batch = tokio::select! {
        batch = signing => batch.context("can't prepare")??,
        _ = signals.next() => {
            bar.finish_and_clear();
            bail!("stopped by a signal before anything was sent");
        }
    };
    let prepared = began.elapsed();
    bar.finish_and_clear();

    let bar = printer.bar("sending", u64::try_from(batch.len())?);
    let moved = bar.clone();
    let summary = tokio::select! {
        summary = batch.send(pace, move |answered| moved.set_position(answered)) => summary?,
        _ = signals.next() => {
            let answered = bar.position();
            bar.finish_and_clear();
            bail!("stopped by a signal after about {answered} of {} answers", batch.len());
        }
    };
    bar.finish_and_clear();
    Ok(Ended { totals: summary.into(), defect, seed, interrupted: false, prepared: Some(prepared) })
}
