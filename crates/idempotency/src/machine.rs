//! The state machine that backends written in Rust share.
//!
//! A backend implements [`StoreTxn`], and the functions here run whole operations on it. The backend runs each in one
//! atomic step (under a lock, in a transaction) and makes the changes durable before it answers. Nothing here reads a
//! clock, waits or logs. The memory and SQLite stores work like this; Redis implements the same contract in Lua.
//!
//! Times are [`Moment`]s, whole milliseconds, so that all backends round alike.

mod accepting;
mod changing;
mod claiming;
mod moment;
mod progress;
mod time;
mod txn;

pub use accepting::{accept, begin};
pub use changing::{act, move_records, probe, probe_entry, purge, renew, settle};
pub use claiming::claim_due;
pub use moment::Moment;
pub use progress::{ATTEMPTS_USED_UP, CHANGED, CHANGED_REASON, PARKED_BY_OPERATOR, Progress};
pub use time::{ClockJump, StoreTime, TimeState};
pub use txn::{RecordRef, StoreTxn};
