#![doc = include_str!("../README.md")]

mod call;
mod client;
mod durable;
mod error;
mod fault;
mod lanes;
mod link;
mod memory;
mod open;
mod options;
mod record;
mod reply;
mod script;
mod store;
mod stream;
mod target;
mod transfer;
mod watch;

pub use error::OpenError;
pub use options::RedisOptions;
pub use store::RedisStore;
pub use stream::{Slot, Stream, StreamEntry, StreamWriter, Template};
