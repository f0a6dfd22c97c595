use super::workers::sink_name;
use crate::config::{MerchantConfig, RedisStreamSinkConfig, SinkConfig};
use crate::foreign::lane_of;
use crate::metrics::Metrics;
use crate::sinks::stream_options;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use wxhook_delivery::Waker;
use wxhook_idempotency_redis::RedisOptions;
use wxhook_sinks::RedisStreamSink;

/// The lanes whose records the store puts on a stream as it accepts them. Their workers have little to do: they needn't
/// be woken by everything that is new.
#[derive(Debug, Default)]
pub(crate) struct Streams(Vec<Lane>);

#[derive(Debug)]
struct Lane {
    name: String,
    sink: String,
    config: RedisStreamSinkConfig,
    /// There once the worker is.
    waker: Arc<OnceLock<Waker>>,
}

impl Streams {
    /// Of these sinks those that are on the store's own server.
    pub(super) fn new(common: Option<&SinkConfig>, merchants: &[MerchantConfig]) -> Self {
        let streams = merchants.iter().filter_map(|merchant| {
            let (sink, owner) = match &merchant.sink {
                Some(own) => (own, Some(&*merchant.name)),
                None => (common?, None),
            };
            match sink {
                SinkConfig::RedisStream(config) if config.at_accept => Some(Lane {
                    name: lane_of(&merchant.name),
                    sink: sink_name(sink, owner),
                    config: config.clone(),
                    waker: Arc::default(),
                }),
                _ => None,
            }
        });
        Self(streams.collect())
    }

    /// The store's options with them; what is added is counted as a delivery, what is left wakes the worker.
    pub(super) fn put_into(&self, options: RedisOptions, metrics: &Metrics) -> RedisOptions {
        self.0.iter().fold(options, |options, lane| {
            let (count, waker) = (metrics.attempts_of(&lane.sink), Arc::clone(&lane.waker));
            let stream = RedisStreamSink::stream(stream_options(&lane.config)).observe(move |added| {
                if added {
                    count("done");
                } else if let Some(waker) = waker.get() {
                    waker.wake();
                }
            });
            options.with_stream(lane.name.as_str(), stream)
        })
    }

    /// Takes over waking these lanes' workers; gives what wakes the others.
    pub(super) fn take_wakers(&self, wakers: &HashMap<String, Waker>) -> HashMap<String, Waker> {
        let mut others = wakers.clone();
        for lane in &self.0 {
            if let Some(waker) = others.remove(&lane.name) {
                let _unset = lane.waker.set(waker);
            }
        }
        others
    }
}
