//! Sinks that the configuration names.

use crate::config::{RedisStreamSinkConfig, SinkConfig};
use crate::error::Error;
use std::sync::Arc;
use std::time::Duration;
use wxhook_delivery::{Backoff, LineSink, Processor, ProcessorBuilder, SharedSink};
use wxhook_idempotency::{Clock, SharedStore};
use wxhook_sinks::{
    FileSink, FileSinkOptions, HttpSink, HttpSinkOptions, RedisStreamSink, RedisStreamSinkOptions,
};

/// A delivery's lease outlasts the sink's time-out by this.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// A sink has its own time-out; the worker's is only for one that doesn't keep it.
const GRACE: Duration = Duration::from_secs(1);
/// How long a file may take: a disk that is asleep, another process that writes to it.
const FILE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long adding to a stream may take, beyond its own time-outs.
const STREAM_TIMEOUT: Duration = Duration::from_secs(5);
/// From the first wait to the usual longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// The longest wait is at least this part of the span after which a record is given up, so that the span is over before
/// the receiver's 700 attempts are used up: waits are half the longest on average.
const WAITS: u32 = 288;

/// A sink, and how records are handed to it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Outlet {
    pub(crate) sink: SharedSink,
    terms: Option<Terms>,
}

#[derive(Debug, Clone, Copy)]
struct Terms {
    timeout: Duration,
    give_up_after: Duration,
}

impl Outlet {
    /// On the usual terms.
    pub(crate) fn new(sink: SharedSink) -> Self {
        Self { sink, terms: None }
    }

    /// Standard output. There should be one for all: two could write into each other's lines.
    pub(crate) fn stdout() -> Self {
        Self::new(SharedSink::new(LineSink::stdout()))
    }

    /// What the configuration names, called `name` in metrics and logs.
    pub(crate) fn open(name: String, config: &SinkConfig, clock: &Arc<dyn Clock>) -> Result<Self, Error> {
        let (sink, timeout, give_up_after) = match config {
            SinkConfig::Stdout => return Ok(Self::stdout()),
            SinkConfig::Http(http) => {
                let mut options = HttpSinkOptions::new(http.url.clone());
                options.secret = http.secret.clone();
                (options.timeout, options.success) = (http.timeout, http.success);
                options.clock = Arc::clone(clock);
                let sink = HttpSink::new(name, options).map_err(|error| Error::Sink(http.fault(&error)))?;
                (SharedSink::new(sink), http.timeout, http.give_up_after)
            }
            SinkConfig::File(file) => {
                let mut options = FileSinkOptions::new(&file.path);
                (options.rotate_size, options.rotate_keep) = (file.rotate_size, file.rotate_keep);
                options.clock = Arc::clone(clock);
                let sink = FileSink::open(name, options).map_err(|error| Error::Sink(file.fault(&error)))?;
                (SharedSink::new(sink), FILE_TIMEOUT, file.give_up_after)
            }
            SinkConfig::RedisStream(stream) => {
                let sink = redis_stream(name, stream)?;
                (SharedSink::new(sink), STREAM_TIMEOUT, stream.give_up_after)
            }
        };
        Ok(Self { sink, terms: Some(Terms { timeout, give_up_after }) })
    }

    /// What hands records of `store` to it.
    pub(crate) fn processor(&self, store: &SharedStore) -> ProcessorBuilder {
        let builder = Processor::builder(store.clone(), self.sink.clone());
        let Some(Terms { timeout, give_up_after }) = self.terms else { return builder };
        builder
            .timeout(timeout + GRACE)
            .lease(timeout + LEASE_MARGIN)
            .backoff(backoff(give_up_after))
            .give_up_after(give_up_after)
    }
}

/// Opens the sink for a stream.
pub(crate) fn redis_stream(
    name: impl Into<String>,
    config: &RedisStreamSinkConfig,
) -> Result<RedisStreamSink, Error> {
    RedisStreamSink::new(name, config.url.reveal(), stream_options(config))
        .map_err(|error| Error::Sink(config.fault(&error.to_string())))
}

/// Returns the options of a stream.
pub(crate) fn stream_options(config: &RedisStreamSinkConfig) -> RedisStreamSinkOptions {
    let mut options = RedisStreamSinkOptions::new(&*config.stream);
    options.max_len = config.max_len;
    options
}

fn backoff(give_up_after: Duration) -> Backoff {
    Backoff::new(FIRST_WAIT, LONGEST_WAIT.max(give_up_after / WAITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_is_over_before_the_attempts_are_used_up() {
        for days in [3, 7, 30] {
            let span = Duration::from_secs(days * 86_400);
            let (backoff, mut age, mut attempts) = (backoff(span), Duration::ZERO, 0);
            while age < span {
                attempts += 1;
                age += backoff.wait(attempts);
            }
            assert!((500..700).contains(&attempts), "{days} days: {attempts} attempts");
        }
    }
}
