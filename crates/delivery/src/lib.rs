#![doc = include_str!("../README.md")]

mod backoff;
mod cause;
mod check;
mod delivery;
mod line;
mod once;
mod processor;
mod race;
mod sink;
mod worker;

pub use backoff::Backoff;
pub use check::{Check, CheckError, SharedCheck, Verdict};
pub use delivery::{Delivery, Receipt};
pub use line::LineSink;
pub use once::{Attempt, OnceError, OnceResult, ToOutcome, once};
pub use processor::{
    AttemptOutcome, ParkReason, ParkedRecord, Processor, ProcessorBuildError, ProcessorBuilder,
};
pub use sink::{SharedSink, Sink, SinkError};
pub use worker::{Waker, Worker, WorkerOptions};
