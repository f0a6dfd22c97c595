//! The state machine, written once for every backend.
//!
//! A backend keeps records its own way and shows them through [`StoreTxn`]; the functions here run whole operations on
//! it. The backend's part is to run each of them in one atomic step (under a lock, in a transaction) and to make the
//! changes durable before it answers. Nothing here reads a clock, waits or logs.
//!
//! Times are [`Moment`]s, whole milliseconds, so that every backend rounds alike.

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
pub use txn::{NewRecord, Purged, RecordRef, RemovedRecord, StoreTxn};
