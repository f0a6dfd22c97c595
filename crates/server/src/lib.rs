#![doc = include_str!("../README.md")]

mod admin;
mod config;
mod error;
mod metered;
mod metrics;
mod server;

pub use crate::config::{
    AdminToken, Config, ConfigErrors, Fault, Limits, MerchantConfig, SimulatorConfig, SinkConfig,
    StoreConfig, StoreUrl,
};
pub use crate::error::Error;
pub use crate::server::{Server, ServerBuilder};
