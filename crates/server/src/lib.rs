#![doc = include_str!("../README.md")]

mod admin;
mod config;
mod error;
mod merchant_lanes;
mod metrics;
#[cfg(feature = "client")]
mod reach;
mod server;
mod sinks;

#[cfg(feature = "client")]
pub use crate::admin::{AdminClient, AdminError};
pub use crate::admin::{Amount, EventLog};
pub use crate::config::{
    AdminToken, Config, ConfigErrors, Fault, FileSinkConfig, HttpSinkConfig, Limits, MerchantConfig,
    RedisStreamSinkConfig, RedisUrl, SimulatorConfig, SinkConfig, StoreConfig, StoreUrl, UnusableKey,
};
pub use crate::error::Error;
#[cfg(feature = "client")]
pub use crate::reach::{DateError, SinkProblem, http_date};
pub use crate::server::{ObservedRequest, Server, ServerBuilder};
