//! The state machine, written once for every backend.
//!
//! A backend keeps records its own way and shows them through [`Shelf`]; the functions here run whole operations on
//! it. The backend's part is to run each of them in one atomic step (under a lock, in a transaction) and to make the
//! changes durable before it answers. Nothing here reads a clock, waits or logs.
//!
//! Times are [`Moment`]s, whole milliseconds, so that every backend rounds alike.

mod accepting;
mod changing;
mod claiming;
mod moment;
mod moving;
mod probing;
mod progress;
mod shelf;
mod time;

pub use accepting::{accept, begin};
pub use changing::{complete, discard, fail, park, purge, release, renew, requeue};
pub use claiming::claim_due;
pub use moment::Moment;
pub use moving::{adopt, split_lane};
pub use probing::{probe, probe_entry};
pub use progress::{ATTEMPTS_USED_UP, BY_OPERATOR, CHANGED, CHANGED_REASON, Progress};
pub use shelf::{Fresh, Known, LaneUse, Purged, Removed, Shelf};
pub use time::{Jump, KeptTime, StoreTime};
