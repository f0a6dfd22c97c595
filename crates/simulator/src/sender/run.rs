//! The delivery of one notification.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Sender, broken};
use crate::{Attempt, Client, Error, Message, Prepared, Schedule, Sent, draw};

/// A delivery to make.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) nth: u32,
    pub(crate) message: Message,
    pub(crate) copies: NonZeroU32,
    pub(crate) seed: Option<u64>,
}

/// An event of a delivery.
#[derive(Debug)]
pub(crate) enum Event {
    Sent(Sent),
    Answered(Attempt),
    /// The number of the accepted try, or `None` if given up.
    Ended(Option<u32>),
}

/// The position of a delivery in its schedule.
#[derive(Debug, Clone, Copy)]
struct Step {
    number: u32,
    at: Duration,
    waited: Duration,
}

impl Sender {
    /// Tries until it is accepted and returns the number of that try. A watcher isn't required.
    pub(crate) async fn run(&self, job: Job, events: &mpsc::Sender<Event>) -> Result<Option<u32>, Error> {
        let schedule = match &self.schedule {
            Some(schedule) => schedule.clone(),
            None => Schedule::of(job.message.meta())?,
        };
        let client = self.client.within(self.deadline_of(job.message.meta()));
        let job = Job { message: job.message.created_at(self.now()), ..job };
        let mut step = Step { number: 1, at: Duration::ZERO, waited: Duration::ZERO };
        let mut accepted = self.try_once(&client, &job, step, events).await?;
        for wait in schedule.waits() {
            if accepted {
                break;
            }
            sleep(self.speed.scaled(*wait)).await;
            step = Step { number: step.number + 1, at: step.at + *wait, waited: *wait };
            accepted = self.try_once(&client, &job, step, events).await?;
        }
        let ended = accepted.then_some(step.number);
        let _ = events.send(Event::Ended(ended)).await;
        Ok(ended)
    }

    /// Sends all copies of one try at once and returns whether one of them was accepted.
    async fn try_once(
        &self,
        client: &Client,
        job: &Job,
        step: Step,
        events: &mpsc::Sender<Event>,
    ) -> Result<bool, Error> {
        let mut ready = Vec::new();
        for copy in 1..=job.copies.get() {
            ready.push(self.copy(job, step, copy)?);
        }
        for (sent, _) in &ready {
            let _ = events.send(Event::Sent(sent.clone())).await;
        }
        let mut copies = JoinSet::new();
        for (sent, request) in ready {
            let client = client.clone();
            copies.spawn(async move {
                let start = Instant::now();
                let result = client.send(&request).await;
                Attempt { sent, elapsed: start.elapsed(), result }
            });
        }
        let mut accepted = false;
        while let Some(attempt) = copies.join_next().await {
            let attempt = attempt.map_err(broken)?;
            accepted |= attempt.accepted();
            let _ = events.send(Event::Answered(attempt)).await;
        }
        Ok(accepted)
    }

    fn copy(&self, job: &Job, step: Step, copy: u32) -> Result<(Sent, Prepared), Error> {
        let nonces = draw::nonces(job.seed, &job.message, step.number, copy)?;
        let renamed = (self.new_ids && step.number > 1)
            .then(|| job.message.with_id(format!("EV-{}", nonces.request_id)));
        let message = renamed.as_ref().unwrap_or(&job.message);
        let timestamp = self.now();
        let request = self.platform.make(message, timestamp, &nonces)?;
        let sent = Sent {
            nth: job.nth,
            number: step.number,
            copy,
            at: step.at,
            waited: step.waited,
            meta: *message.meta(),
            id: message.id().to_owned(),
            fault: message.fault(),
            timestamp,
        };
        Ok((sent, Prepared::new(&self.url, &request)?))
    }
}
