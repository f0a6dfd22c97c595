#![doc = include_str!("../README.md")]

mod checkpoint;
mod chunk;
mod fault;
mod file;
mod job;
mod ledger;
mod listing;
mod mark;
mod options;
mod place;
mod query;
mod queue;
mod reader;
mod row;
mod schema;
mod store;

mod writer;

pub use options::SqliteOptions;
pub use store::SqliteStore;
