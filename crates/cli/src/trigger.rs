//! `wxhook trigger`: notifications as the platform would send them.

mod changes;
mod defect;
mod keys;
mod lines;
mod list;
mod plan;
mod prepared;
mod printer;
mod refusals;
mod resends;
mod summary;
mod tally;

use std::sync::Arc;

use anyhow::Context as _;
use wxhook_wire::Catalog;

use crate::args::TriggerArgs;
use crate::signals::Signals;
use plan::Plan;
use printer::Printer;
use summary::Ended;

/// Sends what is asked for; whether all of it went as it should.
pub(crate) async fn trigger(args: &TriggerArgs, catalog: Arc<dyn Catalog>) -> anyhow::Result<bool> {
    if args.list {
        return list::list(&*catalog, args.event.as_deref().filter(|event| *event != plan::ALL), args.json)
            .map(|()| true);
    }
    let plan = Plan::new(args, &catalog)?;
    let mut printer = Printer::new(args, &plan);
    let mut signals = Signals::catch().context("can't catch signals")?;
    let ended = if args.prepare {
        prepared::send(plan, &printer, &mut signals).await?
    } else {
        sent(&plan, &mut printer, &mut signals).await?
    };
    printer.ended(&ended)?;
    Ok(ended.is_good())
}

/// Each is signed when its time comes.
async fn sent(plan: &Plan, printer: &mut Printer, signals: &mut Signals) -> anyhow::Result<Ended> {
    printer.begin("sending", plan.requests());
    let campaign = plan.sender.campaign(&plan.campaign, plan.pace, |progress| printer.take(progress));
    let interrupted = tokio::select! {
        ended = campaign => ended.map(|_| false)?,
        _ = signals.next() => true,
    };
    Ok(Ended { totals: printer.totals(), defect: plan.defect, seed: plan.seed, interrupted, prepared: None })
}
