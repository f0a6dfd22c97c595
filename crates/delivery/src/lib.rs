#![doc = include_str!("../README.md")]

mod backoff;
mod check;
mod lease;
mod line;
mod once;
mod processor;
mod sink;
mod worker;

pub use backoff::Backoff;
pub use check::{Check, CheckError, SharedCheck, Verdict, check_fn};
pub use line::LineSink;
pub use once::{Attempt, Job, OnceError, OnceResult, ToOutcome, once};
pub use processor::{
    AttemptOutcome, ParkReason, ParkedRecord, Processor, ProcessorBuildError, ProcessorBuilder,
};
pub use sink::{Delivery, Receipt, SharedSink, Sink, SinkError};
pub use worker::{Waker, Worker, WorkerOptions};
