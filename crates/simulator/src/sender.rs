mod campaign;
mod run;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use wxhook_wire::EventMeta;

use crate::{Client, Error, Message, Outcome, Platform, Prepared, Progress, Schedule, SignedRequest, Speed};
pub(crate) use run::{Event, Job};

/// The deadline of most events.
const USUAL_DEADLINE: Duration = Duration::from_secs(2);
/// The deadline of questions.
const QUESTION_DEADLINE: Duration = Duration::from_secs(3);
/// The number of events buffered for the watcher.
pub(crate) const MAX_UNSEEN: usize = 1024;

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Delivers notifications to one URL by the platform's rules: it retries on the event's schedule until an answer in
/// time accepts the notification.
///
/// - [`Answer::accepted`](crate::Answer::accepted) decides which answers count as a success.
/// - An answer after the deadline counts as none: 2 s, or 3 s for questions ([`deadline`]).
/// - Each try is encrypted and signed again, with new nonces and the current time of the clock; the notification's id
///   and creation time stay the same.
/// - [`speed`](Self::speed) shortens a schedule's waits; deadlines and timestamps stay real.
///
/// Clones share their connections. Requires a tokio runtime with I/O and time.
#[derive(Clone)]
pub struct Sender {
    platform: Arc<Platform>,
    url: Arc<str>,
    clock: Clock,
    client: Client,
    schedule: Option<Schedule>,
    speed: Speed,
    deadline: Option<Duration>,
    duplicates: NonZeroU32,
    new_ids: bool,
    seed: Option<u64>,
    #[cfg(feature = "https")]
    tls: Option<Arc<rustls::ClientConfig>>,
}

/// Returns how long the platform waits for the reply: 2 s for an event, 3 s for a question.
pub const fn deadline(meta: &EventMeta) -> Duration {
    if meta.question { QUESTION_DEADLINE } else { USUAL_DEADLINE }
}

impl Sender {
    /// Creates a sender to an absolute `http` URL. Signatures carry the time of this clock, e.g. `SystemTime::now`.
    ///
    /// # Errors
    /// [`Error::Url`] if it isn't such a URL.
    pub fn new(
        platform: impl Into<Arc<Platform>>,
        url: &str,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        #[cfg(feature = "https")]
        if Prepared::https_host(url)?.is_some() {
            return Err(Error::Url);
        }
        Self::with_client(platform.into(), url, Arc::new(clock), Client::new(USUAL_DEADLINE))
    }

    /// Creates a sender to an absolute `https` or `http` URL that trusts these certificates.
    ///
    /// # Errors
    /// [`Error::Url`] and [`Error::Trust`].
    #[cfg(feature = "https")]
    pub fn trusting(
        platform: impl Into<Arc<Platform>>,
        url: &str,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
        trust: &crate::Trust,
    ) -> Result<Self, Error> {
        let client = Client::trusting(USUAL_DEADLINE, trust)?;
        let sender = Self::with_client(platform.into(), url, Arc::new(clock), client)?;
        Ok(Self { tls: Some(Arc::new(trust.config()?)), ..sender })
    }

    fn with_client(platform: Arc<Platform>, url: &str, clock: Clock, client: Client) -> Result<Self, Error> {
        Prepared::new(url, &SignedRequest::new(Vec::new(), Vec::new()))?;
        Ok(Self {
            platform,
            url: url.into(),
            clock,
            client,
            schedule: None,
            speed: Speed::REAL,
            deadline: None,
            duplicates: NonZeroU32::MIN,
            new_ids: false,
            seed: None,
            #[cfg(feature = "https")]
            tls: None,
        })
    }

    /// Sets the schedule, instead of the event's own.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// Divides the schedule's waits by this speed.
    #[must_use]
    pub const fn speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }

    /// Sets the deadline, instead of the event's own.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sends each try this many times at once, over separate connections, as several servers would.
    #[must_use]
    pub const fn duplicates(mut self, copies: NonZeroU32) -> Self {
        self.duplicates = copies;
        self
    }

    /// Sets whether each try gets a new notification id: no document promises that the id stays the same.
    #[must_use]
    pub const fn new_ids(mut self, new_ids: bool) -> Self {
        self.new_ids = new_ids;
        self
    }

    /// Derives nonces from a seed; otherwise they are random.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Delivers a notification until it is accepted or its schedule ends. Dropping the future stops the delivery.
    ///
    /// # Errors
    /// The errors of [`Platform::make`] and [`Schedule::of`]; a failed try isn't an error.
    pub async fn deliver(
        &self,
        message: &Message,
        mut watch: impl FnMut(Progress<'_>),
    ) -> Result<Outcome, Error> {
        let job = Job { nth: 0, message: message.clone(), copies: self.duplicates, seed: self.seed };
        let (events, mut happened) = mpsc::channel(MAX_UNSEEN);
        let (sender, mut task) = (self.clone(), JoinSet::new());
        task.spawn(async move { sender.run(job, &events).await });
        let (mut attempts, mut tries) = (Vec::new(), 0);
        while let Some(event) = happened.recv().await {
            match event {
                Event::Sent(sent) => {
                    tries = sent.number;
                    watch(Progress::Sent(&sent));
                }
                Event::Answered(attempt) => {
                    watch(Progress::Answered(&attempt));
                    attempts.push(attempt);
                }
                Event::Ended(_) => {}
            }
        }
        let accepted = match task.join_next().await {
            Some(ended) => ended.map_err(broken)??,
            None => None,
        };
        Ok(Outcome { attempts, accepted, tries })
    }

    #[cfg(feature = "https")]
    pub(crate) fn tls_config(&self) -> Option<Arc<rustls::ClientConfig>> {
        self.tls.clone()
    }

    pub(crate) fn now(&self) -> u64 {
        (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    pub(crate) const fn copies(&self) -> NonZeroU32 {
        self.duplicates
    }

    pub(crate) fn deadline_of(&self, meta: &EventMeta) -> Duration {
        self.deadline.unwrap_or(deadline(meta))
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.platform
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The error of a task that was cancelled: the runtime is shutting down.
pub(crate) fn broken(error: JoinError) -> Error {
    Error::Send(error.into())
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("url", &self.url)
            .field("schedule", &self.schedule)
            .field("speed", &self.speed)
            .field("deadline", &self.deadline)
            .field("duplicates", &self.duplicates)
            .field("new_ids", &self.new_ids)
            .finish_non_exhaustive()
    }
}
