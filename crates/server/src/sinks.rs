//! Sinks that the configuration names.

use crate::config::SinkConfig;
use crate::error::Error;
use std::sync::Arc;
use std::time::Duration;
use wxhook_delivery::{Backoff, LineSink, ProcessorBuilder, SharedSink};
use wxhook_idempotency::Clock;

/// The lease of a delivery outlasts the sink's timeout by this.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// A sink has a timeout of its own; the worker's is only for one that doesn't keep it.
const TIMEOUT_MARGIN: Duration = Duration::from_secs(1);
/// First wait before a retry, and the usual maximum.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(900);
/// The maximum wait is at least this part of the time after which a record is given up, so that this time is over before
/// the receiver's 700 attempts are used up: waits are half the maximum on average.
const WAITS: u32 = 288;

/// Time limits of the deliveries to a sink.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeliveryLimits {
    timeout: Duration,
    give_up_after: Duration,
}

impl DeliveryLimits {
    pub(crate) fn apply(self, builder: ProcessorBuilder) -> ProcessorBuilder {
        let Self { timeout, give_up_after } = self;
        builder
            .timeout(timeout + TIMEOUT_MARGIN)
            .lease(timeout + LEASE_MARGIN)
            .backoff(backoff(give_up_after))
            .give_up_after(give_up_after)
    }
}

/// Returns a sink that writes to standard output.
pub(crate) fn stdout() -> SharedSink {
    SharedSink::new(LineSink::stdout())
}

/// Opens a configured sink. `name` is its name in metrics and logs.
#[cfg_attr(
    not(any(feature = "sinks-http", feature = "sinks-file", feature = "redis")),
    expect(unused_variables, unreachable_code, reason = "no sink is compiled in")
)]
pub(crate) fn open(
    name: &str,
    config: &SinkConfig,
    clock: &Arc<dyn Clock>,
) -> Result<(SharedSink, DeliveryLimits), Error> {
    let (sink, timeout, give_up_after) = match config {
        #[cfg(feature = "sinks-http")]
        SinkConfig::Http(http) => {
            let mut options = wxhook_sinks::HttpSinkOptions::new(http.url.clone());
            options.secret = http.secret.clone();
            (options.timeout, options.success) = (http.timeout, http.success);
            options.clock = Arc::clone(clock);
            let sink = wxhook_sinks::HttpSink::new(name, options);
            let sink = sink.map_err(|error| Error::Sink(http.fault(&error)))?;
            (SharedSink::new(sink), http.timeout, http.give_up_after)
        }
        #[cfg(feature = "sinks-file")]
        SinkConfig::File(file) => {
            let mut options = wxhook_sinks::FileSinkOptions::new(&file.path);
            (options.rotate_size, options.rotate_keep) = (file.rotate_size, file.rotate_keep);
            options.clock = Arc::clone(clock);
            let sink = wxhook_sinks::FileSink::open(name, options);
            let sink = sink.map_err(|error| Error::Sink(file.fault(&error)))?;
            // A disk may be asleep, or another process writing to the file.
            (SharedSink::new(sink), Duration::from_secs(10), file.give_up_after)
        }
        #[cfg(feature = "redis")]
        SinkConfig::RedisStream(stream) => {
            // The writer has timeouts of its own.
            (SharedSink::new(redis_stream(name, stream)?), Duration::from_secs(5), stream.give_up_after)
        }
        _ => return Err(Error::NotBuiltIn("sink")),
    };
    Ok((sink, DeliveryLimits { timeout, give_up_after }))
}

/// Opens the sink for a stream.
#[cfg(feature = "redis")]
pub(crate) fn redis_stream(
    name: &str,
    config: &crate::config::RedisStreamSinkConfig,
) -> Result<wxhook_sinks::RedisStreamSink, Error> {
    wxhook_sinks::RedisStreamSink::new(name, config.url.reveal(), stream_options(config))
        .map_err(|error| Error::Sink(config.fault(&error.to_string())))
}

/// Returns the options of a stream.
#[cfg(feature = "redis")]
pub(crate) fn stream_options(
    config: &crate::config::RedisStreamSinkConfig,
) -> wxhook_sinks::RedisStreamSinkOptions {
    let mut options = wxhook_sinks::RedisStreamSinkOptions::new(&*config.stream);
    options.max_len = config.max_len;
    options
}

fn backoff(give_up_after: Duration) -> Backoff {
    Backoff::new(FIRST_WAIT, MAX_WAIT.max(give_up_after / WAITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_given_up_before_the_attempts_are_used_up() {
        for days in [3, 7, 30] {
            let give_up_after = Duration::from_secs(days * 86_400);
            let (backoff, mut age, mut attempts) = (backoff(give_up_after), Duration::ZERO, 0);
            while age < give_up_after {
                attempts += 1;
                age += backoff.wait(attempts);
            }
            assert!((500..700).contains(&attempts), "{days} days: {attempts} attempts");
        }
    }
}
