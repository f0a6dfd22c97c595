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
    AdminToken, Config, ConfigErrors, Fault, FileSinkConfig, HttpSinkConfig, KeyFault, Limits,
    MerchantConfig, RedisStreamSinkConfig, RedisUrl, SimulatorConfig, SinkConfig, StoreConfig, StoreUrl,
};
pub use crate::error::Error;
pub use crate::reach::{DateError, SinkTrouble, http_date};
pub use crate::server::{Exchange, Server, ServerBuilder};
