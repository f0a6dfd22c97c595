//! Many deliveries at once.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Event, Job, MAX_UNSEEN, Sender, broken};
use crate::{Campaign, Error, Pace, Progress, Summary};

impl Sender {
    /// Delivers every notification of a campaign by the platform's rules, starting them in order. Dropping the future
    /// stops the campaign.
    ///
    /// The sender's number of copies applies to notifications for which the campaign sets none.
    /// Memory doesn't grow with the campaign.
    ///
    /// # Errors
    /// The first error of [`Campaign::message`] or [`deliver`](Self::deliver).
    pub async fn campaign(
        &self,
        campaign: &Campaign,
        pace: Pace,
        mut watch: impl FnMut(Progress<'_>),
    ) -> Result<Summary, Error> {
        let began = Instant::now();
        let (events, mut happened) = mpsc::channel(MAX_UNSEEN);
        let (sender, campaign, mut task) = (self.clone(), campaign.clone(), JoinSet::new());
        task.spawn(async move { sender.all(&campaign, pace, events).await });
        let mut summary = Summary::new();
        while let Some(event) = happened.recv().await {
            match event {
                Event::Sent(sent) => watch(Progress::Sent(&sent)),
                Event::Answered(attempt) => {
                    summary.answered(&attempt.result);
                    watch(Progress::Answered(&attempt));
                }
                Event::Ended(accepted) => summary.ended(accepted.is_some()),
            }
        }
        while let Some(ended) = task.join_next().await {
            ended.map_err(broken)??;
        }
        summary.elapsed = began.elapsed();
        Ok(summary)
    }

    async fn all(&self, campaign: &Campaign, pace: Pace, events: mpsc::Sender<Event>) -> Result<(), Error> {
        let most = usize::try_from(pace.most().get()).unwrap_or(Semaphore::MAX_PERMITS);
        let (room, mut ticker) = (Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))), pace.ticker());
        let mut running = JoinSet::new();
        for nth in 0..campaign.len() {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
            while let Some(ended) = running.try_join_next() {
                ended.map_err(broken)??;
            }
            ticker.wait().await;
            let job = Job {
                nth,
                message: campaign.message(nth)?,
                copies: campaign.copies(nth).unwrap_or(self.duplicates),
                seed: Some(campaign.seed()),
            };
            let (sender, events) = (self.clone(), events.clone());
            running.spawn(async move {
                let ended = sender.run(job, &events).await;
                drop(place);
                ended
            });
        }
        drop(events);
        while let Some(ended) = running.join_next().await {
            ended.map_err(broken)??;
        }
        Ok(())
    }
}
