//! A store on tokio's clock, a sink that follows a script, and the two put together.

mod faulty;
mod script;

pub(crate) use faulty::{Fault, Faults, Faulty};
pub(crate) use script::{Script, Step};

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::time::Instant;
use wxhook_delivery::{AttemptOutcome, Processor, ProcessorBuilder, SharedSink, Worker, WorkerOptions};
use wxhook_idempotency::{
    AcceptResult, Claim, ClaimId, Clock, Entry, Fingerprint, Layered, Lease, Lookup, MemoryOptions,
    MemoryStore, Seq, SharedStore, State, Store, StoredRecord,
};
use wxhook_wire::{Content, ProofKind, Protocol};

pub(crate) const LANE: &str = "main";
pub(crate) const LEASE: Duration = Duration::from_secs(30);

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Wall time that moves with tokio's, so that pausing one pauses both.
#[derive(Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + secs(1_700_000_000) + self.0.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

pub(crate) struct Rig {
    pub(crate) store: Faulty,
    pub(crate) script: Script,
    told: mpsc::UnboundedSender<AttemptOutcome>,
    tells: mpsc::UnboundedReceiver<AttemptOutcome>,
    claims: u128,
}

impl Rig {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let clock = Arc::new(TokioClock(Instant::now()));
        let memory = MemoryStore::new(MemoryOptions::default().with_clock(clock));
        let (told, tells) = mpsc::unbounded_channel();
        Self {
            store: Layered { store: memory, layer: Faults::default() },
            script: Script::new(steps),
            told,
            tells,
            claims: 0,
        }
    }

    pub(crate) fn processor(&self) -> Processor {
        self.processor_with(|builder| builder)
    }

    pub(crate) fn processor_with(&self, set: impl FnOnce(ProcessorBuilder) -> ProcessorBuilder) -> Processor {
        let told = self.told.clone();
        let store = SharedStore::new(self.store.clone());
        let builder = Processor::builder(store, SharedSink::new(self.script.clone()));
        let builder = builder.observe(move |processed| drop(told.send(processed.clone())));
        set(builder).build().unwrap()
    }

    pub(crate) fn worker(&self, options: WorkerOptions) -> Worker {
        Worker::new(self.processor(), [LANE], options)
    }

    pub(crate) async fn accept(&self, n: u64) -> Seq {
        self.accept_entry(entry(n)).await
    }

    pub(crate) async fn accept_entry(&self, entry: Entry) -> Seq {
        match self.store.store.accept(entry).await.unwrap() {
            AcceptResult::New { seq } => seq,
            other => panic!("{other:?}"),
        }
    }

    /// Claims what is due, which is one record.
    pub(crate) async fn claim(&mut self) -> Lease {
        self.claims += 1;
        let claim = Claim::new(ClaimId::new(self.claims), [LANE], 10, LEASE);
        let mut leases = self.store.store.claim_due(claim).await.unwrap();
        assert_eq!(leases.len(), 1);
        leases.remove(0)
    }

    pub(crate) async fn record(&self, seq: Seq) -> StoredRecord {
        self.store.store.get(Lookup::Seq(seq)).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, seq: Seq) -> State {
        self.record(seq).await.state
    }

    /// Returns the outcome of the next attempt.
    pub(crate) async fn processed(&mut self) -> AttemptOutcome {
        self.tells.recv().await.unwrap()
    }
}

pub(crate) fn entry(n: u64) -> Entry {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&n.to_be_bytes());
    let content = Content::new("shop", Protocol::V3, ProofKind::Rsa, "PAID", "2026-01-01T00:00:00.000Z");
    let body = content.to_body(&format!(r#"{{"n":{n},"secret":"s3cret"}}"#)).unwrap();
    Entry::new(format!("shop/PAID/n={n}"), Fingerprint::new(1, digest), body, LANE)
}
