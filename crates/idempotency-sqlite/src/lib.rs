#![doc = include_str!("../README.md")]

mod backup;
mod checkpoint;
mod chunk;
mod export;
mod fault;
mod file;
mod foreign;
mod head;
mod inspect;
mod job;
mod ledger;
mod listing;
mod mark;
mod options;
mod overwritten;
mod place;
mod query;
mod queue;
mod reader;
mod row;
mod schema;
mod shared;
mod store;
mod watch;
mod writer;

pub use backup::BackupError;
pub use options::SqliteOptions;
pub use store::SqliteStore;
