//! The server from outside: its configuration, its listeners, its admin API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod admin;
mod config;
mod connections;
mod endpoint;
mod event_log;
mod folder;
mod foreign;
mod http;
mod layers;
mod listening;
mod observing;
mod parking;
mod readiness;
mod redis;
mod rejections;
mod running;
mod sink_config;
mod sink_delivery;
mod sink_stream;
mod stores;
mod upgraded;
