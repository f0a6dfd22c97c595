#![doc = include_str!("../README.md")]

mod admin;
mod config;
mod error;
mod foreign;
mod metered;
mod metrics;
mod reach;
mod server;
mod sinks;

pub use crate::admin::{AdminClient, AdminError, Amount, EventLog};
pub use crate::config::{
    AdminToken, Config, ConfigErrors, Fault, FileSinkConfig, HttpSinkConfig, Limits, MerchantConfig,
    RedisStreamSinkConfig, RedisUrl, SimulatorConfig, SinkConfig, StoreConfig, StoreUrl, UnusableKey,
};
pub use crate::error::Error;
pub use crate::reach::{DateError, SinkFault, http_date};
pub use crate::server::{Exchange, Server, ServerBuilder};
