use crate::flaw::Flaw;
use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;
use std::thread;
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, Action, Claim, Entry, Error, Fingerprint, Layer, Lease, Lookup, MemoryStore, OnChanged,
    Seq, Start, Store as _, StoreExt as _, StoredRecord,
};
use wxhook_testkit::store::Place;

/// Looks whether it is known, and inserts it if not, in two steps.
#[derive(Debug)]
pub(crate) struct CheckThenInsert {
    known: Mutex<HashSet<String>>,
}

impl Flaw for CheckThenInsert {
    fn of(_place: &Place) -> Self {
        Self { known: Mutex::default() }
    }
}

impl Layer<MemoryStore> for CheckThenInsert {
    async fn accept(&self, store: &MemoryStore, entry: Entry) -> Result<AcceptResult, Error> {
        let names: Vec<_> =
            [&entry.key].into_iter().chain(&entry.aliases).chain(&entry.older_keys).cloned().collect();
        let is_known = {
            let known = self.known.lock().unwrap();
            names.iter().any(|name| known.contains(name))
        };
        thread::sleep(Duration::from_millis(1));
        let accepted = store.accept(entry).await?;
        self.known.lock().unwrap().extend(names);
        Ok(match accepted {
            AcceptResult::Duplicate { seq, .. } if !is_known => AcceptResult::New { seq },
            other => other,
        })
    }
}

/// Marks first, and puts it where workers look in a step of its own.
#[derive(Debug)]
pub(crate) struct EnqueueApart;

impl Flaw for EnqueueApart {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for EnqueueApart {
    async fn accept(&self, store: &MemoryStore, mut entry: Entry) -> Result<AcceptResult, Error> {
        let delivered = (entry.start, entry.on_changed) == (Start::Ready, OnChanged::Deliver);
        if delivered {
            entry.start = Start::Parked("kept");
        }
        let accepted = store.accept(entry).await?;
        if let AcceptResult::New { seq } | AcceptResult::Changed { seq } = accepted
            && delivered
        {
            another_round_trip().await;
            store.requeue(seq, Action::new("store", "enqueue")).await?;
        }
        Ok(accepted)
    }
}

/// Pending once.
async fn another_round_trip() {
    let mut there = false;
    poll_fn(|context| {
        if there {
            return Poll::Ready(());
        }
        there = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Knows keys only.
#[derive(Debug)]
pub(crate) struct LostFingerprint;

impl Flaw for LostFingerprint {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for LostFingerprint {
    async fn accept(&self, store: &MemoryStore, mut entry: Entry) -> Result<AcceptResult, Error> {
        entry.fingerprint = Fingerprint::new(1, [0; 32]);
        store.accept(entry).await
    }
}

/// Says `Changed` and drops the content.
#[derive(Debug)]
pub(crate) struct ChangedNotKept {
    dropped: Mutex<HashSet<Seq>>,
}

impl ChangedNotKept {
    fn is_dropped(&self, seq: Seq) -> bool {
        self.dropped.lock().unwrap().contains(&seq)
    }
}

impl Flaw for ChangedNotKept {
    fn of(_place: &Place) -> Self {
        Self { dropped: Mutex::default() }
    }
}

impl Layer<MemoryStore> for ChangedNotKept {
    async fn accept(&self, store: &MemoryStore, entry: Entry) -> Result<AcceptResult, Error> {
        Ok(match store.accept(entry).await? {
            AcceptResult::Changed { seq } => {
                self.dropped.lock().unwrap().insert(seq);
                AcceptResult::Changed { seq }
            }
            AcceptResult::Duplicate { seq, .. } if self.is_dropped(seq) => AcceptResult::Changed { seq },
            other => other,
        })
    }

    async fn claim_due(&self, store: &MemoryStore, claim: Claim) -> Result<Vec<Lease>, Error> {
        let leases = store.claim_due(claim).await?.into_iter();
        Ok(leases.filter(|lease| !self.is_dropped(lease.record.seq)).collect())
    }

    async fn get(&self, store: &MemoryStore, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        Ok(store.get(lookup).await?.filter(|record| !self.is_dropped(record.seq)))
    }
}

/// Shows the last key in its `Debug`.
#[derive(Debug)]
pub(crate) struct Talkative {
    last_key: Mutex<String>,
}

impl Flaw for Talkative {
    fn of(_place: &Place) -> Self {
        Self { last_key: Mutex::default() }
    }
}

impl Layer<MemoryStore> for Talkative {
    async fn accept(&self, store: &MemoryStore, entry: Entry) -> Result<AcceptResult, Error> {
        self.last_key.lock().unwrap().clone_from(&entry.key);
        store.accept(entry).await
    }
}
