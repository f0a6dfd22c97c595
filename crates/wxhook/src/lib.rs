#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use wxhook_crypto as crypto;
pub use wxhook_delivery as delivery;
pub use wxhook_events as events;
pub use wxhook_idempotency as idempotency;
#[cfg(feature = "redis")]
pub use wxhook_idempotency_redis as redis;
#[cfg(feature = "sqlite")]
pub use wxhook_idempotency_sqlite as sqlite;
pub use wxhook_receiver as receiver;
#[cfg(feature = "server")]
pub use wxhook_server as server;
#[cfg(feature = "simulator")]
pub use wxhook_simulator as simulator;
#[cfg(any(feature = "http-sink", feature = "file-sink", feature = "redis-stream-sink"))]
pub use wxhook_sinks as sinks;
pub use wxhook_wire as wire;

/// The guide for library users.
pub mod guide {
    #![doc = include_str!("../library.md")]
}
