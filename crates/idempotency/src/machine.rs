//! The state machine, written once for every backend.
//!
//! A backend keeps records its own way and shows them through [`Shelf`]; the functions here run whole operations on
//! it. The backend's part is to run each of them in one atomic step (under a lock, in a transaction) and to make the
//! changes durable before it answers. Nothing here reads a clock, waits or logs.
//!
//! Times are [`Moment`]s, whole milliseconds, so that every backend rounds alike.

mod accepting;
mod changing;
mod moment;
mod progress;
mod shelf;

pub use accepting::{accept, begin};
pub use changing::{claim_due, complete, discard, fail, park, purge, release, renew, requeue};
pub use moment::Moment;
pub use progress::{ATTEMPTS_USED_UP, CHANGED, Progress};
pub use shelf::{Fresh, Known, LaneUse, Purged, Removed, Shelf};
